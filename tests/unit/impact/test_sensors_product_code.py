"""Sensors of product code know what other languages call the same, and stay silent only for a certain reason."""

from __future__ import annotations

import importlib

import pytest

from magistrate.domain.impact import FileChange, Sensitivity
from magistrate.impact.base import BaseTree, ChangedFile


def found(sensor: str, before: str, after: str, path: str = "zz/notes.bin.txt") -> list[Sensitivity]:
    """What one sensor says of a text that becomes another, under a name that says nothing."""
    speaker = importlib.import_module(f"magistrate.impact.sensors.{sensor}").SENSOR
    change = FileChange(path=path, before=f"keep\n{before}\n".encode(), after=f"keep\n{after}\n".encode())
    return list(speaker.sense(ChangedFile(change=change), BaseTree()))


LIMITS = [
    ("#define PART_SIZE 4096", "#define PART_SIZE 2048"),
    ("if (readLine(fd, buf, 1024, 5) == -1) {", "if (readLine(fd, buf, 1024, 3600) == -1) {"),
    ("every(g, time.Second*10, fetch)", "every(g, time.Second*60, fetch)"),
    ("if ((n < 0) || n >= (512*1024*1024))", "if (n < 0)"),
    ("checksPeers: true,", "checksPeers: false,"),
    ("", "r, err := zip.OpenReader(name)"),
    ("", "_, err = io.Copy(out, rc)"),
    ("a = header.split(/\\s*,\\s*/)", "a = header.split(',')"),
    ("", "Regex rgx = new Regex(pattern, RegexOptions.IgnoreCase, TimeSpan.FromHours(1));"),
    ("if raw.bytesize > most", "if raw"),
    ("if (exp.BoolValue(name)) { a() }", "a()"),
]


@pytest.mark.requirement("R24", "R29")
@pytest.mark.parametrize(("before", "after"), LIMITS)
def test_a_limit_or_a_switch_is_told_in_every_language(before: str, after: str) -> None:
    assert found("limits_and_flags", before, after)
    assert found("limits_and_flags", after, before)


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("for (let i = 0; i < rows.length; i++) {", "for (let j = 0; j < rows.length; j++) {"),
        ("if (rows.length > 0) {", "if (names.length > 0) {"),
        ("x = one(1)", "x = two(1)"),
        ("items.map(x => total)", "items.map(y => total)"),
    ],
)
def test_what_bounds_nothing_is_no_limit(before: str, after: str) -> None:
    assert not found("limits_and_flags", before, after)


SWAPS = [
    ("cryptography", "if subtle.ConstantTimeCompare(a, b) == 1 {", "if bytes.Equal(a, b) {"),
    ("authentication", "if subtle.ConstantTimeCompare(a, b) == 1 {", "if bytes.Equal(a, b) {"),
    ("authentication", "", "if bytes.Equal(a, b) {"),
    ("authentication", "return hmac.compare_digest(a, b)", "return a == b"),
    ("authentication", "return crypto.timingSafeEqual(a, b)", "return a.equals(b)"),
    ("authentication", "return MessageDigest.isEqual(a, b);", "return Arrays.equals(a, b);"),
    ("authentication", "return hash_equals($a, $b);", "return $a === $b;"),
    ("authentication", "", "return given_signature == wanted"),
    ("authentication", "", "skip_before_action :load_it"),
    ("authentication", "", "if d.user.Fs.Stat(name) != nil {"),
    ("cryptography", "client = make()", "client = make(verify=False)"),
    ("cryptography", "", "InsecureSkipVerify: true,"),
    ("cryptography", "", "rejectUnauthorized: false"),
    ("cryptography", "", "handler.ServerCertificateCustomValidationCallback = (a, b, c, d) => true;"),
    ("cryptography", "", "  dialect: 'mysql',"),
    ("cryptography", "", "r = requests.delete(place)"),
    ("injection", '"html/template"', '"text/template"'),
    ("injection", "env = Environment(autoescape=True)", "env = Environment()"),
    ("injection", "a = yaml.safe_load(text)", "a = yaml.load(text)"),
    ("injection", "node.textContent = said", "node.innerHTML = said"),
    ("injection", "", "return <p dangerouslySetInnerHTML={it} />"),
    ("injection", "", "out = `<h1>hello ${name}</h1>`"),
    ("injection", "{{ name }}", "{{ name | safe }}"),
    ("injection", "", "run(args, shell=True)"),
    ("injection", "", "const { exec } = require('child_process')"),
    ("injection", "", "Runtime.getRuntime().exec(line);"),
    ("injection", "", 'let out = Command::new("sh").arg(line).output();'),
    ("injection", "", "a = pickle.loads(text)"),
    ("injection", "parser = XMLParser(resolve_entities=False)", "parser = XMLParser()"),
    ("injection", "settings.DtdProcessing = DtdProcessing.Prohibit;", "f();"),
    ("injection", "rows = db.all(User, id=given)", "rows = Arel.sql(given)"),
    ("injection", 'if path.startswith("/") or ".." in path:', "if path:"),
    ("injection", "name = conditional_escape(name)", "name = name"),
    ("injection", "if ip.IsLoopback() {", "if false {"),
    ("injection", 'text = text.gsub(/[<>]/, "")', "text = text"),
    ("infrastructure", "", '  - "aws_s3_bucket.open"'),
    ("infrastructure", "", '  "terraform_version": "1.4.6",'),
    ("permissions", "", 'resource "aws_s3_bucket" "b" {'),
    ("permissions", "", "kind: Deployment"),
    ("permissions", "", "    image: nginx:1"),
]


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(("sensor", "before", "after"), SWAPS)
def test_a_protection_that_is_put_in_or_taken_out_is_told(sensor: str, before: str, after: str) -> None:
    assert found(sensor, before, after)
    assert found(sensor, after, before)


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("sensor", "before", "after"),
    [
        ("injection", "total = a + b", "total = b + a"),
        ("injection", "if (name.equals(other)) {", "if (other.equals(name)) {"),
        ("authentication", "task.cancel()", "task.canvas()"),
        ("authentication", "if kind == other:", "if other == kind:"),
        ("cryptography", "rows = fetch()", "lines = fetch()"),
        ("permissions", "kind: Note", "kind: Page"),
        ("infrastructure", "names = ['aws']", "names = ['aws_']"),
    ],
)
def test_what_is_none_of_it_is_not_told(sensor: str, before: str, after: str) -> None:
    assert not found(sensor, before, after)


HEX40 = "34e114876b0b11c390a56381ad16ebd13914f8d5"
HEX64 = "3286806450d9961d6e3b5f8a59f77e61503799aca5155c8d8d40359b4e1e1adc"
B43 = "iWJqGEvip7mjibEqC/srXNdo+4wLEPiwlP/7dZLtoPc"


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    "line",
    [
        f"      - uses: actions/checkout@{HEX40} # v4",
        f"example.com/a/b v1.2.3 h1:{B43}=",
        f"example.com/a/b v0.0.0-20181118182256-c68fdcfa2092/go.mod h1:{B43}=",
        f"    --hash=sha256:{HEX64} \\",
        f'  integrity = "sha256-{B43}="',
        f"FROM debian@sha256:{HEX64}",
        f"    rev: {HEX40}",
        f'checksum = "{HEX64}"',
        f"see('https://github.com/a/b/blob/{HEX40}')",
        '\t"github.com/google/uuid-tools/v2"',
        "  baseline = make(chained_certificate1)",
        'raise_error("invalid_chained_certificate1")',
        "assert_equal formatted, OneLogin::RubySaml::Utils.certificate1",
    ],
)
def test_a_pin_and_a_name_of_words_is_no_secret(line: str) -> None:
    assert not [one for one in found("secrets", "", line) if one.itself]


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    "line",
    [
        f"      - run: send --to x {HEX40}",
        f"      - uses: actions/checkout@v4 # {HEX40}",
        f"      - uses: actions/checkout@{HEX40} {HEX64}",
        f"      with: actions/checkout@{HEX40}",
        f"example.com/a/b: {B43}=",
        f"example.com/a/b v1.2.3 h1:{B43}{B43}=",
        f"x = 'sha256:{HEX40}'",
        f"checksum = f(1), '{HEX64}'",
        f"rev: x, at: {HEX40}",
        f"see('https://example.com/a/b/blob/{HEX40}')",
        f"see('https://github.com/a/b/blob/{HEX40}/{HEX64}')",
        'x = "github.com/google/8dyfuiRyqvVc3RRr"',
        'x = "a1b2c3-d4e5f6-a7b8c9-d0e1f2"',
        'x = "kbzw-x4qp-1tnd-99fh-plm2"',
        "x = 'KUoABcy4vAON5IDR1AskOXAjwrlcoz2IiNYKj8'",
        'validPattern = "yzmil2yrmu5qfd09"',
        'hardCodedKey = Blob.valueOf("0000000000000000")',
        "SHOP_TOKEN: ${{ secrets.SHOP_TOKEN }}",
        "_auth = stvtaW46YWRtaW4=",
    ],
)
def test_the_same_digits_elsewhere_are_told(line: str) -> None:
    assert [one for one in found("secrets", "", line) if "word" in one.why or one.itself]


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = os.environ['A']", True),
        ("var a = Environment.GetEnvironmentVariable(name);", True),
        ("a = ENV['B']", True),
        ("the environment of a test", False),
        ("Proxy: http.ProxyFromEnvironment,", False),
        ("foreign_key: :objectid", False),
        ("sort_keys=True", False),
    ],
)
def test_an_environment_in_general_is_not_where_secrets_are_handed_over(text: str, told: bool) -> None:
    assert bool(found("secrets", "", text)) is told


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SHOP=a\n# more\nexport ROWS=2", True),
        ("engine-strict=true\nfund=false", True),
        ("SHOP=a\nprint(1)", False),
        ("engine-strict=true\nother thing", False),
    ],
)
def test_settings_of_a_program_are_known_by_all_their_lines(text: str, told: bool) -> None:
    change = FileChange(path="zz/notes.bin.txt", before=None, after=text.encode() + b"\n")
    speaker = importlib.import_module("magistrate.impact.sensors.secrets").SENSOR
    assert bool(list(speaker.sense(ChangedFile(change=change), BaseTree()))) is told


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ("// See the License for the specific language governing permissions and", False),
        ("# the above copyright owner", False),
        ("// only who has permissions comes here", True),
        ("check(permissions)  // governing permissions and", True),
        ("permissions = load()", True),
    ],
)
def test_a_licence_beside_a_change_decides_nothing(beside: str, told: bool) -> None:
    assert bool(found("authentication", f"{beside}\nx = 1", f"{beside}\nx = 2")) is told
