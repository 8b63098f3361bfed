"""What the first run on labels from outside (bench/surfaces/outside) taught the sensors, and what stays quiet."""

from __future__ import annotations

import importlib

import pytest

from magistrate.domain.impact import FileChange, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile

BUCKET = 'resource "aws_s3_bucket" "part" {\n'
POD = "apiVersion: v1\nkind: Pod\nspec:\n"


def found(sensor: str, after: str, before: str = "keep\n", end: str = "") -> list[Sensitivity]:
    """What one sensor says of lines that are added to a file, under a name that says nothing."""
    speaker = importlib.import_module(f"magistrate.impact.sensors.{sensor}").SENSOR
    change = FileChange(
        path="zz/notes.bin.txt", before=(before + end).encode(), after=f"{before}{after}\n{end}".encode()
    )
    return list(speaker.sense(ChangedFile(change=change), BaseTree()))


LINES = [
    ("secrets", "id:master,pw:plainly7fake!"),
    ("secrets", "PSWORD:=PlainlyFake7"),
    ("secrets", "pass = 'plainly7fake'"),
    ("secrets", "CREATE USER one IDENTIFIED BY plainlyfake"),
    ("secrets", "<license_key>plainlyfake</license_key>"),
    ("secrets", '<Pass encoding="base64">cGxhaW5seWZha2U=</Pass>'),
    ("secrets", 'mysqli_connect("a", "b", "plainlyfake");'),
    ("secrets", "it.login('one@example.com', 'plainlyfake', done)"),
    ("secrets", 'curl -u "${user}:${word}" https://example.com'),
    ("secrets", "$secret012 = '000000000000000000000000000000';"),
    ("secrets", "var key = '000000000000000000000000000000'"),
    ("secrets", 'lg.Warn("refused", zap.String("token", it))'),
    ("secrets", "one = redact(other)"),
    ("secrets", "jdbc:mysql://localhost/a?user=one&userpass=plainlyfake"),
    ("limits_and_flags", 'it.matches("(.*,)*");'),
    ("limits_and_flags", 'factory.setMaxRequestSize("8000001");'),
    ("limits_and_flags", "      max-request-size: 9MB"),
    ("limits_and_flags", '  ephemeral-storage: "~"'),
    ("limits_and_flags", "archive.extractall('.')"),
    ("limits_and_flags", "'upload' => 'required|file',"),
    ("limits_and_flags", "const upload = multer({ dest: '/uploads' });"),
    ("limits_and_flags", "switch p.retransmissionQueue {"),
    ("cryptography", '  protocol = "HTTP"'),
    ("cryptography", '"external_protocol": elb.LoadBalancingProtocol.HTTP,'),
    ("cryptography", "    isHttpAllowed: true"),
    ("cryptography", "SecurityProtocolType.Tls11"),
    ("cryptography", ".passwordEncoder(new StandardPasswordEncoder());"),
    ("cryptography", "0x98BADCFE,"),
    ("cryptography", "new search.Domain(this, 'one', undefined);"),
    ("cryptography", "if ('plain' == password) {"),
    ("cryptography", 'resources: ["certificatesigningrequests/approval"]'),
    ("cryptography", "    - http://example.com/"),
    ("authentication", "  client_certificate_mode = 'Optional'"),
    ("authentication", "    clientCertEnabled: false"),
    ("authentication", "      authnotrequired: 'true'"),
    ("authentication", "return Voter.ACCESS_ABSTAIN"),
    ("authentication", 'resource "azurerm_function_app" "one" {'),
    ("injection", "$xml = Xml::build($content, ['loadEntities' => true]);"),
    ("injection", "new ActiveMQConnectionFactory(address);"),
    ("injection", "[view stringByEvaluatingJavaScriptFromString:text];"),
    ("injection", "$string = html_entity_decode($string, ENT_NOQUOTES);"),
    ("injection", 'send_command("SETQUOTA", RawData.new(list))'),
    ("permissions", "        'Resource': '*'"),
    ("permissions", '    resources=["*"]'),
    ("permissions", 'entity = "allUsers"'),
    ("permissions", 'open("/run/lock/f","w+")'),
    ("permissions", 'new File("/tmp")'),
    ("permissions", "    restrictPublicBuckets: false"),
    ("network", "  internet_query_enabled = true"),
    ("network", "      ipv4_enabled = true"),
    ("network", "    no_external_ip = false"),
    ("network", "      AuthorizationType: NONE"),
]
INSIDE = [
    ("audit_config", "  enabled = false", BUCKET + '  log_publishing_options {\n  log_type = "one"\n', "  }\n}\n"),
    ("audit_config", '      value = "off"', BUCKET + '    flags {\n      name = "log_connections"\n', "  }\n}\n"),
    ("permissions", '  member = "one"', BUCKET + '  role = "viewer"\n', "}\n"),
    ("network", '  kind = "NONE"', BUCKET + '  route_key = "one"\n', "}\n"),
    ("limits_and_flags", "  - name: one", POD + "  containers:\n", ""),
    ("secrets", "    value: a1b2", POD + "    env:\n    - name: DB_PASSWORD\n", ""),
]
QUIET = [
    ("secrets", "passes: 3"),
    ("secrets", "pass"),
    ("secrets", "<title>plain words</title>"),
    ("secrets", "<key>name</key>"),
    ("secrets", "run -u nobody:"),
    ("secrets", "it.connect('clicked', handler)"),
    ("secrets", "var key = 'name'"),
    ("limits_and_flags", 'it.matches("plain")'),
    ("limits_and_flags", "'image'"),
    ("limits_and_flags", "one := context.Background()"),
    ("cryptography", "protocol: one"),
    ("cryptography", "http2 = true"),
    ("cryptography", "    - http://localhost/"),
    ("cryptography", "if kind == other {"),
    ("cryptography", "new Domain()"),
    ("authentication", "client_mode = 'optional'"),
    ("authentication", "resource one {"),
    ("injection", "decode(entity)"),
    ("permissions", 'resources = ["one"]'),
    ("permissions", "one(templates)"),
    ("network", "internal_query = true"),
]
OUTSIDE_OF_SETTINGS = [
    ("audit_config", "  enabled = false", 'log_type = "one"\n', ""),
    ("permissions", '  kind = "one"', 'role = "viewer"\n', ""),
    ("network", '  kind = "NONE"', 'route_key = "one"\n', ""),
    ("limits_and_flags", "  - name: one", "kind: List\n  containers:\n", ""),
    ("secrets", "    value: a1b2", "    - name: DB_PLACE\n", ""),
]


@pytest.mark.requirement("R24", "R26")
@pytest.mark.parametrize(("sensor", "after"), LINES)
def test_what_others_must_object_to_is_told(sensor: str, after: str) -> None:
    assert found(sensor, after)


@pytest.mark.requirement("R24", "R26")
@pytest.mark.parametrize(("sensor", "after", "before", "end"), INSIDE)
def test_a_setting_is_told_by_the_block_it_stands_in(sensor: str, after: str, before: str, end: str) -> None:
    assert found(sensor, after, before, end)


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(("sensor", "after"), QUIET)
def test_ordinary_lines_that_look_alike_are_not_told(sensor: str, after: str) -> None:
    assert not found(sensor, after)


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(("sensor", "after", "before", "end"), OUTSIDE_OF_SETTINGS)
def test_words_of_a_block_mean_nothing_outside_of_such_settings(sensor: str, after: str, before: str, end: str) -> None:
    assert not found(sensor, after, before, end)
