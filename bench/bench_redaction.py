"""Redaction: speed against a plain `re` scan for the same literals, and recall on our own made-up set.

Run: `python bench/bench_redaction.py`. The peer only looks (one regular expression, no confirmation,
no decoding, no tokens), so it is a bound on what one pass of `re` costs, not a rival.
The recall is on a set that the same people made who wrote the rules: a floor, no evidence.
"""

from __future__ import annotations

import json
import random
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

from measured import in_turn, spread

from magistrate.context.known import KnownSecrets
from magistrate.context.redact import Redactor
from magistrate.context.secret_rules import PROVIDERS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from corpus.secrets.seeded import FORMS, WHOLE_LINE, harmless, left_of, seeded

KEY = b"plainly fake redaction key"
N = 9
BYTES = 2_000_000
MEASURES = (
    "src/magistrate/context/known.py", "src/magistrate/context/redact.py", "src/magistrate/context/locate.py",
    "src/magistrate/context/shapes.py", "src/magistrate/context/secret_rules.py",
)  # fmt: skip


def source() -> list[str]:
    """Python sources of the standard library, about 2 MB."""
    texts, size = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        texts.append(path.read_text(encoding="utf-8", errors="replace"))
        size += len(texts[-1])
        if size >= BYTES:
            break
    return texts


def logs() -> list[str]:
    """Made-up lines of a log, about 2 MB in texts of 100 kB."""
    rng = random.Random(3)  # noqa: S311  reproducible
    line = '2026-11-25T03:26:10Z INFO shop.pay request={} path=/orders/{} took={}ms user="u{}" status=200\n'
    made = [line.format(f"{rng.getrandbits(64):016x}", n, n % 400, n % 97) for n in range(BYTES // 100)]
    return ["".join(made[i : i + 1000]) for i in range(0, len(made), 1000)]


def speed(texts: list[str], redact: Any) -> dict[str, Any]:
    """MB/s of both, and how many times as long redaction takes as the scan."""
    plain = re.compile("|".join(re.escape(literal) for rule in PROVIDERS for literal in rule.literals))
    megabytes = sum(map(len, texts)) / 1e6

    def ours() -> object:
        return [redact(text) for text in texts]

    def peer() -> object:
        return [plain.findall(text) for text in texts]

    own, other = in_turn(ours, peer, N)
    return {
        "MB_per_s": spread([megabytes / ms * 1000 for ms in own], 1),
        "plain_re_MB_per_s": spread([megabytes / ms * 1000 for ms in other], 1),
        "time_ratio_to_plain_re": spread([left / right for left, right in zip(own, other, strict=True)]),
    }


def recall() -> dict[str, Any]:
    """Share of the seeded secrets of which nothing is left, by form; false positives on harmless lines."""
    ours, total = Redactor(KEY), seeded()
    known = Redactor(KEY, known=[one.value for one in total])
    own_form = [one for one in total if one.kind not in WHOLE_LINE]
    bare = [f"note {one.value} end" for one in total if one.kind in {"assigned", "bearer", "url-password"}]
    values = [one.value for one in total if one.kind in {"assigned", "bearer", "url-password"}]
    lines = harmless()

    def share(triples: list[tuple[str, str, str]]) -> float:
        return round(sum(not left_of(value, form, text) for value, form, text in triples) / len(triples), 3)

    entropy = [ours.redact(text, entropy=True).text for text in bare]
    return {
        "secrets": len(total),
        "kinds": len({one.kind for one in total}),
        "in_their_line": share([(one.value, "whole", ours.redact(one.line).text) for one in total]),
        "provider_by_form": {
            form: share([(one.value, form, ours.redact(f"a {make(one.value)} b").text) for one in own_form])
            for form, make in FORMS.items()
        },
        "known_by_form": {
            form: share([(one.value, form, known.redact(make(one.value)).text) for one in total])
            for form, make in FORMS.items()
        },
        "nameless_random_without_entropy": share(
            [(v, "whole", ours.redact(t).text) for v, t in zip(values, bare, strict=True)]
        ),
        "nameless_random_with_entropy": share([(v, "whole", t) for v, t in zip(values, entropy, strict=True)]),
        "harmless_lines": len(lines),
        "false_positives": sum(ours.redact(line).count > 0 for line in lines),
        "false_positives_with_entropy": sum(ours.redact(line, entropy=True).count > 0 for line in lines),
    }


def main() -> dict[str, Any]:
    """Speed on source, on logs and with 528 known secrets; recall and false positives."""
    ours = Redactor(KEY)
    knowing = KnownSecrets(one.value for one in seeded())
    texts = source()
    hits = sum(ours.redact(text).count for text in texts)
    return {
        "source": speed(texts, ours.redact),
        "logs": speed(logs(), ours.redact),
        "logs_with_entropy": speed(logs(), lambda text: ours.redact(text, entropy=True)),
        "known_tier_alone_528_secrets": speed(texts, lambda text: list(knowing.places(text))),
        "hits_per_MB_of_source": round(hits / (sum(map(len, texts)) / 1e6), 1),
        "own_set": recall(),
    }


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
