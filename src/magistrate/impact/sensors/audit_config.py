"""Logging, audit, monitoring and alerting: whether anybody will notice."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RESOURCE, RuleSensor, declares_resource, named, rule
from magistrate.impact.vocabulary import vocabulary

PATHS: Final = rx(
    r"(?i)(?:^|[/_.-])(?:audit|logging|log4j2?|logback|alerts?|alertmanager|prometheus|falco|siem|sentry|observability)(?:[/_.-]|$)"
)
WORDS: Final = vocabulary("""
    audit audits audited auditing auditlog auditlogs auditlogging auditevent auditpolicy auditlogpath auditlogmaxage auditlogmaxbackup auditlogmaxsize pgaudit cloudtrail trail eventlog eventlogs
    logging loglevel loglevels setloglevel logconfig logconfiguration logconfigs loggingconfig loggingconfiguration logginglevel accesslog accesslogs accesslogging accesslogsettings loggroup loggroups loggroupname logretention
    logexport logexports enablecloudwatchlogsexports enabledcloudwatchlogsexports cloudwatch cloudwatchlogs cloudwatchlog flowlog flowlogs vpcflowlogs clusterlogging enabledclusterlogtypes querylogging requestlogging loadbalancerlogging
    loganalytics loganalyticsworkspace omsagent logdisconnections logconnections logcheckpoints logduration loglockwaits logminduration logminerrorstatement logtempfiles logstatement logdestination logbucket logfile logpath logger logformat
    monitor monitors monitored monitoring monitoringrole monitoringinterval monitoringservice enhancedmonitoring detailedmonitoring integritymonitoring performanceinsights
    alert alerts alerting alertpolicy alertmanager alertnotifications alertstoadmins emailalerts emailaccountadmins disabledalerts threatdetection threatdetectionpolicy securityalertpolicy guardduty securityhub alarm alarms metricalarm logmetricfilter
    telemetry tracing tracingconfig tracingenabled xray xraytracing applicationinsights appinsights containerinsights diagnostic diagnostics diagnosticsetting diagnosticsettings diagnosticsprofile retention retentiondays retentionindays retentionpolicy retentionperiod
    sentry sentrysdk raven bugsnag datadog newrelic rollbar honeycomb structlog logrus slog zap zerolog syslog rsyslog fluentd fluentbit logstash siem falco observability setlevel verbosity caplog
    usermonitoring notificationchannel loggingservice stackdriver operationslog eventsubscription
""")


RECORDS: Final = WORDS | vocabulary("log logs logtype logtypes brokerlogs accesslogs loadbalancerattributes")
"""Words of the settings around a line that say that it is about records."""


def _role(file: ChangedFile) -> str | None:
    if named(file, PATHS):
        return "this decides what is recorded or who is alarmed"
    if declares_resource(file):
        return "a cloud resource is declared, with records kept of it or not"
    near = not file.words_near.keys().isdisjoint(RECORDS)
    inside = near and any(may_match(RESOURCE, text) and RESOURCE.search(text) for text in file.both_texts)
    return "this stands beside what is recorded of a cloud resource" if inside else None


SENSOR: Final = RuleSensor(
    name="audit_config",
    kind=ChangeClass.AUDIT_CONFIG,
    role=_role,
    words=WORDS,
    words_why="what is recorded, or who is alarmed",
    rules=(
        rule(
            r"\baudit\w*|cloudtrail|\balert:|\bexpr:|silence|log_?level|logging\.(?:disable|config)|retention|\blogs?\s*[:={]|\blogging\b|apiserver|--audit",
            "what is recorded or alarmed",
        ),
    ),
    code_rules=(
        rule(
            r"\.(?:debug|info|warn(?:ing)?|trace)(?-i:f|w|ln)?\(|\bglog\.|\bklog\.|\b(?:days|retention\w{0,20})\s*[:=]\s*\d",
            "what is written to a log, and for how long it is kept",
        ),
        rule(
            r"\b(?:log(?:ger|ging|rus)?|slog|_?logger|console|logs)\.(?:debug|info|warn(?:ing)?|error|fatal|critical|exception|trace|panic|log|notice|audit)\w*\b|\b(?:debug|info|warn|error|trace|fatal)!\(|\b(?:serverLog|redisLog)\(",
            "what is written to a log",
        ),
    ),
)
