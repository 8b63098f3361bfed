"""Limits, time-outs, quotas and feature flags: what a service bears, and which behaviour is on.

One number can take a service down or switch a protection off. No class is made for it: this is `code`.
"""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.sensing import RuleSensor, rule
from magistrate.impact.vocabulary import vocabulary

WORDS: Final = vocabulary("""
    timeout timeouts timedout settimeout readtimeout writetimeout connecttimeout idletimeout timelimit deadline deadlines setdeadline
    limit limits limiter limiting limitreader unlimited ratelimit ratelimits ratelimiter ratelimiting ratelimited throttle throttles throttled throttling
    maxsize maxlength maxlen maxdepth maxbytes maxbody maxbodysize maxbytesreader maxretries maxattempts maxconnections maxconns maxage maxmemory maxitems
    maxcount maxnum maxwait maxlimit maxfiles maxfilesize maxheaderbytes maxkeys maxparams maxconcurrent maxworkers maxrequests maxclients maxidle maxmultipart maximum
    minlength quota quotas quotalimit retry retries retrying backoff poolsize bufsize buffersize chunksize queuesize batchsize threshold thresholds ttl
    concurrency keepalive watchdog circuitbreaker semaphore ulimit rlimit memlimit
    featureflag featureflags featuretoggle featuregate featuregates featureflagged toggle toggles toggled experiment experiments
    timer timers delay delays polling pollinterval interval stalefeature staleflag boolparam placeholdertrue placeholderfalse multipart maxparts
    istreated treated treatment istoggleenabled isenabled isdisabled rollout killswitch variant launchdarkly unleash optimizely growthbook flagsmith
    sizelimit lengthlimit bytelimit toolarge toolong toomany exhaustion exhausted redos dos denialofservice backtracking
""")

SENSOR: Final = RuleSensor(
    name="limits_and_flags",
    kind=ChangeClass.CODE,
    words=WORDS,
    words_why="a limit, a time-out or a feature flag",
    code_rules=(
        rule(r"\bmax[_A-Z]\w*\s*[:=(]|\bMAX_\w+", "a bound", given="max"),
        rule(
            r"^\s*(?:cpu|memory|requests|limits|replicas)\s*:|\b(?:memory|cpu)_?limit|\bworkers?\s*[:=]",
            "resources of a service",
        ),
        rule(
            r"\bre\.(?:compile|match|search|sub|findall|fullmatch)\(|\bnew\s+RegExp\(|\bRegex(?:p)?\.(?:new|MustCompile|Compile|compile)|\bregexp\.\w+\(|\bPattern\.compile\(|\.match\(/|=~\s*/",
            "a pattern whose time may grow without bound",
            given="re regexp regex pattern match reg exp",
        ),
        rule(r"\bhttp\.(?:Server|Client)\s*\{|\bListenAndServe", "a connection with or without a time-out"),
    ),
)
