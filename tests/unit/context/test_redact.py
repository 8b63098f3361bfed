"""Redaction: nothing of a secret is left, the same secret has the same token."""

import base64
import time
from urllib.parse import quote

import pytest

from magistrate.context import redact
from magistrate.context.redact import Redactor, tokens_in
from magistrate.context.search import Pattern, search
from magistrate.context.visible import make_visible
from magistrate.errors import Refused, Usage

KEY = b"k" * 32
KNOWN = "Fake-9vQ2/x+LmZ7rT0pW"
FAKE = {
    "aws-key-id": "AKIA" + "FAKE2345QWERTYUP", "github": "ghp_" + "FaKe0123456789" * 3, "gitlab": "glpat-" + "FaKe0123456789abcdef",
    "stripe": "sk_live_" + "FaKe0123456789abcdef", "slack": "xoxb-" + "123456789012-FaKeFaKe0123", "npm": "npm_" + "FaKe" * 9,
}  # fmt: skip


def leaks(secret, text):
    return [secret[i : i + 8] for i in range(len(secret) - 7) if secret[i : i + 8] in text]


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("form", [
    str, lambda s: s[::-1], lambda s: s.encode().hex(), lambda s: quote(s, safe=""), lambda s: s[7:],
    lambda s: base64.b64encode(s.encode()).decode(), lambda s: base64.b64encode(b"u:" + s.encode()).decode(),
    lambda s: s[:10] + "\n" + s[10:],
])  # fmt: skip
def test_a_known_secret_is_gone_in_every_form(form):
    written = form(KNOWN)
    redacted = Redactor(KEY, known=[KNOWN]).redact(f"a {written} b")
    assert redacted.count >= 1
    assert leaks(KNOWN, redacted.text) == []
    assert leaks(written, redacted.text) == []


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("kind", FAKE)
@pytest.mark.parametrize("form", [str, lambda s: base64.b64encode(s.encode()).decode(), lambda s: s.encode().hex()])
def test_a_providers_form_is_recognised_plain_and_encoded(kind, form):
    written = form(FAKE[kind])
    redacted = Redactor(KEY).redact(f"value {written} end")
    assert leaks(written, redacted.text) == []
    assert redacted.text.startswith("value [[secret:")
    assert redacted.text.endswith(" end")


def test_the_same_secret_has_the_same_token_and_a_second_redaction_changes_nothing():
    redactor = Redactor(KEY)
    first = redactor.redact(f'a="{FAKE["github"]}"\npassword = "hunter2-fake-9"\n')
    second = redactor.redact(f"{FAKE['github']}")
    assert tokens_in(second.text)[0] in first.text
    assert redactor.redact(first.text).text == first.text
    assert "hunter2" not in first.text
    assert Redactor(b"x" * 32).redact(FAKE["github"]).text != second.text


def test_a_truncated_private_key_is_gone():
    text = "before\n-----BEGIN PRIVATE KEY-----\nMIIFAKEfakeFAKEfake\nFAKEFAKE"
    assert "FAKE" not in Redactor(KEY).redact(text).text


def test_secrets_restore_what_was_taken():
    redactor = Redactor(KEY)
    text = f"x = '{FAKE['github']}'\n"
    redacted = redactor.redact(text)
    back = redacted.text
    for token, value in redactor.secrets(text).items():
        back = back.replace(token, value)
    assert back == text


def test_one_long_line_does_not_stall():
    line = ("password=" + "token:" * 9 + "eyJ" + "A" * 30) * 4400
    started = time.perf_counter()
    Redactor(KEY).redact(line)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    "plain", ["def token(self) -> str:", "password: str", "x = os.environ['API_KEY']", "import secrets"]
)
def test_ordinary_code_stays(plain):
    assert Redactor(KEY).redact(plain).count == 0


def test_search_sees_tokens_only():
    redacted = Redactor(KEY).redact(f"x = '{FAKE['github']}'\ny = 1\n")
    assert search(Pattern("ghp_"), redacted, limit=5)[0] == []
    assert [h.line for h in search(Pattern("^y"), redacted, limit=5)[0]] == [2]


def test_hidden_characters_are_shown_and_counted():
    seen = make_visible("a\u202eb\u200b\x1b[31m")
    assert (seen.text, seen.hidden) == ("a<U+202E>b<U+200B><U+001B>[31m", 3)


@pytest.mark.requirement("R8")
def test_what_does_not_come_to_rest_is_not_served(monkeypatch):
    monkeypatch.setattr(redact, "MAX_PASSES", 0)
    with pytest.raises(Refused) as caught:
        Redactor(KEY).redact(FAKE["github"])
    assert caught.value.code == "MAG-E572"
    assert FAKE["github"] not in caught.value.message
    assert Redactor(KEY).redact("plain").text == "plain"


@pytest.mark.requirement("R8")
def test_a_key_without_end_takes_its_lines_and_no_prose():
    body = "\n".join("FAKEfake" * 8 for _ in range(5))
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\nThe next sentence stays.\nword\n"
    assert Redactor(KEY).redact(text).text.endswith("]]The next sentence stays.\nword\n")
    cut = Redactor(KEY).redact(f"-----BEGIN PRIVATE KEY-----\n{body} [cut]\n").text
    assert leaks(body, cut) == []


@pytest.mark.requirement("R8")
def test_a_key_without_begin_is_gone_too():
    body = "\n".join("FAKEfake" * 8 for _ in range(5))
    text = Redactor(KEY).redact(f"A sentence stays.\n{body}\n-----END PRIVATE KEY-----\nafter").text
    assert leaks(body, text) == []
    assert text.startswith("A sentence stays.\n[[secret:pem:")
    assert text.endswith("\nafter")


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("size", [30, 390, 600, 3000])
def test_a_long_web_token_is_gone_with_its_signature(size):
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJ" + "Fake1" * (size // 5) + "." + "SignatureFake0" * 3
    assert leaks(jwt, Redactor(KEY).redact(f"cookie {jwt} end").text) == []


@pytest.mark.requirement("R8")
def test_a_forged_token_hides_no_known_secret():
    hexed = "0123faee4567beef"
    text = Redactor(KEY, known=[hexed]).redact(f"x [[secret:github:{hexed}]] y").text
    assert leaks(hexed, text) == []


def test_a_forged_token_stands_for_nothing():
    redactor = Redactor(KEY)
    forged = "[[secret:github:0123456789abcdef]]"
    assert redactor.redact(forged).count == 0
    assert redactor.secrets(f"{forged}\nx = '{FAKE['github']}'").keys() == {redactor.token("github", FAKE["github"])}


def test_the_entropy_tier_is_for_free_text_only():
    word = "q7Wz0Pk3Vt9Lm2Xc8Rb5"
    redactor = Redactor(KEY)
    assert redactor.redact(f"use {word} please").count == 0
    seen = redactor.redact(f"use {word} please", entropy=True)
    assert seen.text.startswith("use [[secret:entropy:")
    assert leaks(word, seen.text) == []
    for plain in (
        "3f" * 20,
        "sha256:" + "ab1" * 21 + "a",
        "5f0c1d2e-1a2b-4c3d-8e4f-0123456789ab",
        "aVeryLongNameWithoutFigures",
    ):
        assert redactor.redact(f"see {plain}", entropy=True).count == 0


@pytest.mark.parametrize("pattern", ["(a)", "a|b", "a{3}", "a*b*c*", "a**", r"\1", r"\A", r"\\(a*a*)"])
def test_a_pattern_outside_the_subset_is_refused_and_not_taken_literally(pattern):
    with pytest.raises(Usage) as caught:
        Pattern(pattern)
    assert caught.value.code == "MAG-E570"


@pytest.mark.parametrize(
    ("pattern", "line"), [(r"f\(x\)", "f(x)"), (r"a.*b+", "a--bb"), (r"\d+\|", "12|"), ("[abc]$", "b")]
)
def test_a_simple_pattern_finds(pattern, line):
    assert [n for n, _ in Pattern(pattern).lines(f"none\n{line}")] == [2]
    assert [n for n, _ in Pattern("(a|b", literal=True).lines("x (a|b")] == [1]
