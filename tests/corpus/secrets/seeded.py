"""Plainly fake secrets of 33 kinds from a seed, the forms they are written in, and what only looks like one.

Nothing here was ever valid: values come from `random.Random(seed)`. No secret is stored in the
repository; the set is made anew for each run.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
URL = ALNUM + "-_"
B64 = ALNUM + "+/"


@dataclass(frozen=True)
class Seeded:
    """One fake secret and a line that holds it."""

    kind: str
    value: str
    line: str


# kind: (prefix, alphabet, length, line); `{}` stands for the value
SHAPES: dict[str, tuple[str, str, int, str]] = {
    "aws-key-id": ("AKIA", UPPER, 16, "aws_id: {}"),
    "github": ("ghp_", ALNUM, 36, "git clone https://{}@example.test/a.git"),
    "github-app": ("ghs_", ALNUM, 36, "auth {}"),
    "github-pat": ("github_pat_", ALNUM + "_", 82, "using {} now"),
    "gitlab": ("glpat-", URL, 20, "--header 'PRIVATE: {}'"),
    "slack": ("xoxb-", ALNUM, 44, "slack({})"),
    "slack-hook": ("T0FAKE00/B0FAKE00/", ALNUM, 24, "curl https://hooks.slack.com/services/{}"),
    "stripe": ("sk_live_", ALNUM, 24, "charge({})"),
    "stripe-hook": ("whsec_", ALNUM, 32, "hook {}"),
    "google-api": ("AIza", URL, 35, "maps?k={}"),
    "google-oauth": ("GOCSPX-", URL, 28, "client {}"),
    "openai": ("sk-proj-", ALNUM, 48, "model({!r})"),
    "anthropic": ("sk-ant-api03-", URL, 90, "model({!r})"),
    "npm": ("npm_", ALNUM, 36, "//registry.example.test/:_a={}"),
    "pypi": ("pypi-", URL, 120, "upload {}"),
    "huggingface": ("hf_", ALNUM, 34, "login {}"),
    "sendgrid": ("SG.FAKEfakeFAKEfakeFAKE12.", URL, 43, "mail {}"),
    "twilio": ("SK", HEX, 32, "sms {}"),
    "mailgun": ("key-", LOWER, 32, "api:{}"),
    "digitalocean": ("dop_v1_", HEX, 64, "do {}"),
    "shopify": ("shpat_", HEX, 32, "shop {}"),
    "vault": ("hvs.", URL, 90, "vault {}"),
    "doppler": ("dp.pt.", ALNUM, 43, "doppler {}"),
    "databricks": ("dapi", HEX, 32, "bricks {}"),
    "linear": ("lin_api_", ALNUM, 40, "linear {}"),
    "newrelic": ("NRAK-", UPPER, 27, "relic {}"),
    "grafana": ("glsa_", ALNUM, 41, "grafana {}"),
    "age-key": ("AGE-SECRET-KEY-1", UPPER, 58, "{}"),
    "azure-storage": ("", B64, 86, "AccountName=fake;AccountKey={}=="),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJmYWtlIjoxfQ.", URL, 43, "cookie {}"),
    "url-password": ("", ALNUM, 14, "postgres://fake:{}@db.example.test/x"),
    "bearer": ("", URL, 40, "Authorization: Bearer {}"),
    "assigned": ("", ALNUM + "!$%&*+", 20, "password = '{}'"),
}


def seeded(seed: int = 20261125, each: int = 16) -> list[Seeded]:
    """`each` secrets of every kind, and as many private keys."""
    rng = random.Random(seed)
    made = []
    for kind, (prefix, alphabet, length, line) in SHAPES.items():
        for _ in range(each):
            value = prefix + "".join(rng.choices(alphabet, k=length))
            made.append(Seeded(kind, value, line.format(value)))
    for _ in range(each):
        rows = ["".join(rng.choices(B64, k=64)) for _ in range(6)]
        body = "\n".join(rows)
        made.append(Seeded("pem", rows[2], f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"))
    return made


def wrapped(value: str, width: int, end: str = "\n") -> str:
    return end.join(value[i : i + width] for i in range(0, len(value), width))


def _b64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "whole": str,
    "base64": _b64,
    "base64 after other bytes": lambda v: _b64("user:" + v + ":x"),
    "base64, wrapped": lambda v: wrapped(_b64(v), 19),
    "URL": lambda v: quote(v, safe=""),
    "hex": lambda v: v.encode().hex(),
    "hex with colons": lambda v: v.encode().hex(":"),
    "JSON": lambda v: json.dumps({"a": v}),
    "JSON inside JSON": lambda v: json.dumps(json.dumps({"a": v})),
    "YAML, folded": lambda v: "a: >-\n    " + wrapped(v, 9, "\n    "),
    "wrapped at 5": lambda v: wrapped(v, 5),
    "wrapped, as text": lambda v: wrapped(v, 6, "\\n"),
    "lines in reverse order": lambda v: "\n".join(reversed(wrapped(v, 6).split("\n"))),
    "joined in code": lambda v: 'x = "' + wrapped(v, 7, '" + "') + '"',
    "joined over lines": lambda v: "x = (\n    '" + wrapped(v, 7, "'\n    '") + "'\n)",
    "in a diff": lambda v: "+" + wrapped(v, 7, "\n+"),
    "first 7 cut": lambda v: v[7:],
    "over two log lines": lambda v: f"10:00 INFO a {v[: len(v) // 2]}\n10:01 INFO b {v[len(v) // 2 :]}",
    "backwards": lambda v: v[::-1],
}
"""Forms in which a known secret must be found."""

SHAPE_FORMS = ("whole", "base64", "base64 after other bytes", "URL", "hex", "JSON", "joined in code")
"""Forms in which a provider's secret must be found though nobody knows it."""


def harmless(seed: int = 7, each: int = 100) -> list[str]:
    """Lines that look like secrets and are none."""
    rng = random.Random(seed)
    pick = lambda alphabet, k: "".join(rng.choices(alphabet, k=k))  # noqa: E731
    lines = []
    for n in range(each):
        lines += [
            f"commit {pick(HEX, 40)}",
            f'"integrity": "sha512-{pick(B64, 86)}=="',
            f"id: {pick(HEX, 8)}-{pick(HEX, 4)}-4{pick(HEX, 3)}-a{pick(HEX, 3)}-{pick(HEX, 12)}",
            f"image: example.test/shop@sha256:{pick(HEX, 64)}",
            f"password = os.environ['SHOP_{n}']",
            "api_key: ${SHOP_KEY}",
            "token = '<your token here>'",
            f"secret: str = field_{n}",
            f"def token_of_{n}(self, password: str) -> str:",
            f"https://example.test/{pick(LOWER, 24)}/page_{n}.html",
            f"from shop.very_long_module_name_{n} import SomethingWithAVeryLongName{n}",
            f"request_id={pick(HEX, 16)} took {n} ms",
        ]
    return lines


WHOLE_LINE = frozenset({"slack-hook", "azure-storage", "url-password", "bearer", "assigned", "pem"})
"""Kinds that are known by what stands around them."""

LEAK = 8
ENDS: dict[str, tuple[int, int]] = {
    "base64": (0, 4), "base64, wrapped": (0, 4), "base64 after other bytes": (8, 8), "hex": (0, 0),
    "hex with colons": (0, 0), "backwards": (0, 0), "URL": (0, 0),
}
"""Characters of an encoded form, first and last, that hold bits of something else or of padding."""


def windows(value: str, text: str) -> list[str]:
    """Every 8 consecutive characters of the value that are left."""
    return [value[i : i + LEAK] for i in range(len(value) - LEAK + 1) if value[i : i + LEAK] in text]


def bare(text: str) -> str:
    """Letters and digits only; a token becomes `~`, so that nothing joins across it."""
    text = re.sub(r"\[\[secret:[a-z-]+:[0-9a-f]{16}\]\]", "~", text)
    for gap in ("\\n", "\\r", "\\t"):
        text = text.replace(gap, "")
    return "".join(c for c in text if (c.isascii() and c.isalnum()) or c == "~")


def left_of(value: str, form: str, text: str) -> list[str]:
    """What is left as it stands, without gaps, in both orders of lines, and of the written form itself."""
    plain, turned = bare(text), bare("\n".join(reversed(text.split("\n"))))
    found = [*windows(value, text), *windows(bare(value), plain), *windows(bare(value), turned)]
    if form in ENDS:
        first, last = ENDS[form]
        written = bare(FORMS[form](value))
        found += windows(written[first : len(written) - last], plain)
    return found
