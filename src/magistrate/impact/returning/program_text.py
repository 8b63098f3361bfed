"""Program code that drops, sends or destroys once it runs: SQL in strings, commands it starts, calls of known libraries.

Rule kept: only what is certain. A call counts where the file also names the library it belongs to; a string of SQL
counts where it loses a table, a column or all rows, not the rows that a condition names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from magistrate.impact.base import COMMENT
from magistrate.impact.compiled import rx
from magistrate.impact.returning import command_text, sql_text
from magistrate.impact.returning.model import Found, Operation, Side, one_line
from magistrate.impact.screening import finds, places

ENDINGS: Final = (
    ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".go", ".java", ".kt", ".kts", ".rs", ".rb", ".php",
    ".cs", ".scala", ".ex", ".exs", ".groovy", ".xml", ".rake",
)  # fmt: skip
_STRING: Final = rx(
    r"[\"]{3}(?P<a>(?:[^\"\\]|\\.|\"(?!\"\"))*)[\"]{3}|'{3}(?P<b>(?:[^'\\]|\\.|'(?!''))*)'{3}|\"(?P<c>(?:[^\"\\\n]|\\.)*)\"|'(?P<d>(?:[^'\\\n]|\\.)*)'|`(?P<e>(?:[^`\\]|\\.)*)`",
    re.DOTALL,
)
_SQL: Final = rx(
    r"(?i)\A\s*(?:DROP\s+(?:TABLE|DATABASE|SCHEMA|COLUMN|ROLE|USER|TABLESPACE)|TRUNCATE\s+TABLE\s|(?-i:TRUNCATE)\s|DELETE\s+FROM|UPDATE\s+\S+\s+SET|ALTER\s+TABLE|INSERT\s+OVERWRITE)\s*\S"
)
_MAY_SQL: Final = rx(r"(?i)drop\s|truncate\s|delete\s+from|update\s|alter\s+table|overwrite")
_CALLED: Final = rx(r"([A-Za-z_][\w.:]*)[ \t]*\(")
_TICKED: Final = rx(r"(?:\$|\bzx|\bexeca|%x|\bsh)`([^`]+)`")
_GIVEN: Final = rx(r"[^;)]{2,600}")
RUNNERS: Final = frozenset(
    {
        "system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput", "run_command",
        "shell_exec", "passthru", "proc_open", "exec", "execSync", "execFile", "execFileSync", "execa", "spawn", "spawnSync",
        "spawnl", "spawnv", "execv", "execvp", "execl", "execlp", "Command", "CommandContext", "ProcessBuilder", "sudo", "local",
        "sh", "bash", "shell", "new", "execute", "execute_command", "subprocess_exec", "create_subprocess_exec",
        "create_subprocess_shell",
    }
)  # fmt: skip
"""Last parts of the names of calls that start programs."""
_AWS: Final = "boto3|botocore|aws-sdk|software.amazon|com.amazonaws"


def _call(named: str, pattern: str, name: str, why: str) -> tuple[tuple[str, ...], re.Pattern[str], str, str]:
    return tuple(named.split("|")), rx(pattern, re.MULTILINE), name, why


_SENT: Final = "what is sent cannot be called back"
_GONE: Final = "what is deleted does not come back"
CALLS: Final = (
    _call("smtplib", r"\.send(?:mail|_message)\(", "send", _SENT),
    _call("django.core.mail", r"\b(?:send_mail|send_mass_mail|mail_admins|mail_managers|EmailMessage|EmailMultiAlternatives)\(", "send", _SENT),
    _call("nodemailer", r"\.sendMail\(", "send", _SENT),
    _call("sendgrid|mailgun|postmark|import resend|'resend'|\"resend\"|mailchimp", r"\.(?:send|emails\.send|messages\.create|sendEmail)\(", "send", _SENT),
    _call("twilio", r"\.(?:messages|calls)\.create\(", "send", _SENT),
    _call("slack_sdk|slack_bolt|@slack/|slack-go", r"\bchat_?[pP]ostMessage\(|\bchat\.postMessage\(|\.PostMessage\(", "send", _SENT),
    _call("javax.mail|jakarta.mail|javamailsender", r"\bTransport\.send\(|\bmailSender\.send\(", "send", _SENT),
    _call("net/smtp", r"\bsmtp\.SendMail\(", "send", _SENT),
    _call("mailer", r"\.deliver_(?:now|later)!?\b", "send", _SENT),
    _call(_AWS, r"\.send_(?:email|raw_email|templated_email|bulk_templated_email|sms\w*)\(|\bSend(?:Email|RawEmail)Command\(", "send", _SENT),
    _call("stripe|braintree|adyen|paypal", r"(?i)\b(?:charges?|refunds?|payouts?|transfers?|payment_?intents?)\.(?:create|capture|confirm)\(", "send", "money that is moved does not come back by itself"),
    _call(_AWS, r"\.(?:delete_(?:bucket|objects?|db_\w+|table|stack|volume|snapshot|secret|key_pair|file_system|cluster|queue|topic|user|role|vault|archive|backup\w*|log_group|repository|hosted_zone)|terminate_instances|schedule_key_deletion|purge_queue|deregister_image)\(|\b(?:Delete|Terminate|Purge|ScheduleKeyDeletion|Deregister)\w*Command\(", "delete", _GONE),
    _call("google.cloud|@google-cloud", r"\bdelete_(?:bucket|blobs?|table|dataset|instance|database|secret|topic|crypto_key\w*)\(", "delete", _GONE),
    _call("azure.|@azure/", r"\.(?:begin_delete\w*|delete_(?:container|blob|secret|key|database|table))\(", "delete", _GONE),
    _call("kubernetes", r"\.delete_(?:namespaced_|collection_)?\w*(?:persistent_volume\w*|stateful_set|namespace|secret|custom_object|custom_resource_definition)\w*\(", "delete", _GONE),
    _call("pymongo|mongo|motor", r"\.(?:drop_database|dropDatabase|drop_collection|dropCollection)\(|\.(?:deleteMany|delete_many|remove)\(\s*\{\s*\}\s*\)", "delete", _GONE),
    _call("redis|valkey", r"(?i)\.flush_?(?:all|db)\(", "delete", _GONE),
    _call("kafka", r"\.(?:delete_topics|deleteTopics|delete_records|deleteRecords)\(", "delete", _GONE),
    _call("elasticsearch|opensearch", r"\bindices\.delete\(", "delete", _GONE),
    _call("sqlalchemy", r"\bmetadata\.drop_all\(|\.drop_all\(|\b\w+\.drop\(\s*(?:bind|engine|checkfirst)\b|\bDrop(?:Table|Schema)\(", "drop table", "what it holds is gone"),
    _call("django", r"\.objects\.all\(\)\s*\.delete\(\)", "delete all rows", "all rows are gone"),
    _call("activerecord|applicationrecord|rails", r"\b[A-Z]\w*\.(?:delete_all|destroy_all)\b", "delete all rows", "all rows are gone"),
    _call("sequelize", r"\.sync\(\s*\{[^}]*force\s*:\s*true|truncate\s*:\s*true|queryInterface\.(?:dropTable|removeColumn|dropAllTables|bulkDelete)\(", "drop table", "what it holds is gone"),
    _call("typeorm", r"\bdropSchema\s*:\s*true|queryRunner\.(?:dropTable|dropColumn|clearTable|dropDatabase|clearDatabase)\(", "drop table", "what it holds is gone"),
    _call("knex|kysely|.schema.drop|.schema.alter", r"\.(?:dropTable(?:IfExists)?|dropColumns?)\(", "drop table", "what it holds is gone"),
    _call("alembic|op.", r"\b(?:op|batch_op)\.drop_(?:table|column)\(", "drop column", "what it holds is gone"),
    _call("alembic|op.", r"\b(?:op|batch_op)\.alter_column\((?=[^)]{0,400}\btype_\s*=)", "change type", "what does not fit the new type is cut, rounded or refused"),
    _call("django.db|migrations.migration", r"\bmigrations\.(?:DeleteModel|RemoveField)\(", "drop column", "what it holds is gone"),
    _call("django.db|migrations.migration", r"\bmigrations\.(?:RunPython|RunSQL)\((?![^\n]*(?:reverse_|noop|,))", "one way", "this step names no way back"),
    _call("activerecord|migration", r"^\s*(?:drop_table|remove_columns?|drop_join_table|remove_reference|remove_belongs_to)\b|\bIrreversibleMigration\b", "drop column", "what it holds is gone"),
    _call("activerecord|migration", r"^\s*change_column\b(?!_)", "change type", "what does not fit the new type is cut, rounded or refused"),
    _call("schema::|blueprint", r"\bSchema::drop(?:IfExists|Columns)?\(|->drop(?:Column|Morphs|SoftDeletes|Timestamps)\(", "drop column", "what it holds is gone"),
    _call("migrationbuilder", r"\bDrop(?:Table|Column|Schema)\(", "drop column", "what it holds is gone"),
    _call("databasechangelog|liquibase", r"<drop(?:Table|Column|AllForeignKeyConstraints)\b|<delete\b|<modifyDataType\b", "drop column", "what it holds is gone"),
    _call(r"aws-cdk|aws_cdk|awscdk", r"\bRemovalPolicy\.DESTROY\b|\bRemovalPolicy_DESTROY\b|auto_?[dD]elete_?[oO]bjects\s*[:=]\s*[Tt]rue|\b(?:deletion_protection|deletionProtection|termination_protection|terminationProtection)\s*[:=]\s*[Ff]alse", "protection off", "the resource may be deleted with all it holds"),
    _call("pulumi", r"\b(?:protect|retainOnDelete|retain_on_delete)\s*[:=]\s*[Ff]alse|\bforce_?[dD]estroy\s*[:=]\s*[Tt]rue", "protection off", "the resource may be deleted with all it holds"),
    _call("mutation", r"(?i)[\"'`][^\"'`]{0,80}\bmutation\b[^\"'`]{0,200}?\b\w*(?:delete|destroy|purge)\w*\s*\(", "delete", _GONE),
    _call("webhook", r"(?i)\b(?:requests|httpx|axios|session|client|http)\.post\(\s*[\w.\[\]\"'$({]*webhook", "send", _SENT),
)  # fmt: skip
_DOWN: Final = (
    (rx(r"(?m)^def downgrade\b.*?(?=^\S|\Z)", re.DOTALL), rx("alembic|op.")),
    (rx(r"(?m)^(?P<i>[ \t]*)def (?:self\.)?down\b.*?^(?P=i)end\b", re.DOTALL), rx(r"Migration")),
    (rx(r"(?m)^(?P<i>[ \t]*)(?:public\s+|async\s+|protected\s+override\s+void\s+|override\s+)*(?:function\s+)?[dD]own\s*\(.*?^(?P=i)\}", re.DOTALL), rx(r"(?i)migration|queryRunner|Schema::|knex")),
    (rx(r"(?m)^(?:module\.)?exports\.down\s*=.*?^\}", re.DOTALL), rx(r"(?i)knex|queryInterface|\bdb\b")),
    (rx(r"(?m)^export\s+(?:async\s+)?function\s+down\b.*?^\}", re.DOTALL), rx(r"(?i)knex|kysely|queryInterface|\bsql\b")),
    (rx(r"(?m)^(?P<i>[ \t]*)(?:async\s+)?down\s*:\s*.*?^(?P=i)\}", re.DOTALL), rx(r"(?i)queryInterface")),
    (rx(r"(?m)<rollback>.*?</rollback>", re.DOTALL), rx(r"databaseChangeLog")),
)  # fmt: skip
"""The part of a migration that takes it back, and what says that this is a migration."""


def read(side: Side) -> Iterable[Found]:
    """Of a file of program code, or of a migration in another notation."""
    if not side.name.endswith(ENDINGS):
        return ()
    text = side.text
    for part, says in _DOWN:
        if finds(says, text):
            text = part.sub(lambda down: re.sub(r"[^\n]", " ", down[0]), text)
    return tuple(_found(text))


def _found(text: str) -> Iterator[Operation]:
    lines, low = text.split("\n"), text.lower()
    for named, pattern, name, why in CALLS:
        if any(word in low for word in named):
            for hit in places(pattern, text):
                at = text.count("\n", 0, hit.end()) + 1
                if not COMMENT.match(lines[at - 1]):
                    shown = one_line(hit[0].strip(" \t(."))[:60]
                    yield Operation(name=name, text=one_line(lines[at - 1]), line=at, why=f"`{shown}`: {why}")
    for literal in _STRING.finditer(text) if finds(_MAY_SQL, text) else ():
        content = next((one for one in literal.groups() if one is not None), "")
        if _SQL.match(content):
            at = text.count("\n", 0, literal.start())
            for one in sql_text.operations(content, whole_only=True):
                yield Operation(name=one.name, text=one.text, line=one.line + at, why=one.why)
    for at, given in _started(text) if command_text.may_run(text) else ():
        line = text.count("\n", 0, at) + 1
        if not COMMENT.match(lines[line - 1]):
            yield from command_text.operations(_as_command(given), line)


def _started(text: str) -> Iterator[tuple[int, str]]:
    """Where programs are started, and what is given to them."""
    for call in _CALLED.finditer(text):
        if re.split(r"[.:]+", call[1])[-1] in RUNNERS:
            given = _GIVEN.match(text, call.end())
            if given is not None:
                yield call.start(), given[0]
    for tick in _TICKED.finditer(text):
        yield tick.start(), tick[1]


def _as_command(given: str) -> str:
    """The words of a call: the strings of a list one after the other, a single string as it is."""
    strings = [next((one for one in found.groups() if one is not None), "") for found in _STRING.finditer(given)]
    return " ".join(one_line(one) for one in strings) if strings else given
