"""Redaction: nothing of a secret is left, the same secret has the same token."""

import base64
import time
from urllib.parse import quote

import pytest

from magistrate.context.redact import Redactor, tokens_in
from magistrate.context.search import Pattern, search
from magistrate.context.visible import make_visible

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
