"""What would make a file pass: the nearest thing that its author can do, by rule and by objection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

PERSON: Final = "nothing by itself: a person reads it"
BY_OBJECTION: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"larger than \d+|more comments than can be compared|longer than \d+ characters", "a smaller file, or a person"),
        (r"this name is read by agents", "nothing: a person reads every change of a file with such a name"),
        (r"added or deleted as a whole", "nothing: a file that comes or goes is for people, and best in a change of its own"),
        (r"may be a template", "nothing: what a template becomes is not in its bytes, so a person reads it"),
        (r"pins the digest of these exact bytes", "nothing: another file pins these bytes; change both with a person"),
        (r"reads a file of this name line by line|takes in the text|often read as text by tests|^nothing may read|reads (?:this|the) page", "nothing: something reads this file as text, so layout matters; a person reads it"),
        (r"no heading `Unreleased`", "add the entry below a heading `Unreleased`; released parts take corrections of spelling only"),
        (r"only the repository says", "give the repository (`--repo`, `--repos` or a complete `context`)"),
        (r"does not begin like prose|not plain prose|not read as prose|carries what a sentence says", "a sentence in plain words: no code, no orders, no links, nothing that a tool reads"),
        (r"code, raw markup, a directive, a title or front matter", "leave code blocks, markup and titles as they are, or put them in a change of their own"),
        (r"hidden or bidirectional|hides U\+", "write the character as an escape that people can see, or take it out"),
        (r"mode changes", "leave the mode of the file, or change it alone"),
        (r"may run, load or decode something else", "leave that construct alone, or let the people who own it read it"),
        (r"differ: this (?:may )?change", "only layout and comments may differ; what the file does or says is for a person"),
        (r"binary|not UTF-8|large-file storage", "a text file; what cannot be read is for people"),
    )
)  # fmt: skip
"""The first that fits; the words of a prover change seldom, and where none fits its rule has the word."""
BY_RULE: Final = {
    "file-gate": "make it a regular UTF-8 text file with a plain path and unchanged mode",
    "base-tree": "give the repository (`--repo`, `--repos` or a complete `context`)",
    "no-prover": "nothing yet: no proof reads this kind of file, so people do",
    "ruff-format": "commit exactly what `ruff format` makes of the base",
    "ruff-fix": "commit exactly what `ruff check --fix` (safe fixes, no import sorting) makes of the base",
    "documentation": "change wording, layout or links of one owner only, in a page that nothing in the repository reads",
}
BY_FAMILY: Final = {
    "formatting": "keep the syntax tree, every token and every comment as they were",
    "comments": "change nothing but comments that read as plain sentences",
    "code": "nothing by itself: what a program does, a person decides",
    "tests": "add tests, or keep or strengthen every check of those that are there",
    "docs": "change wording, layout or links of one owner only, in a page that nothing in the repository reads",
    "lint": "commit exactly what the formatter or linter of the repository makes of the base",
    "benign_config": "change only values that the repository declares as harmless, inside their ranges",
    "dependency": "nothing: what a dependency brings is for people, and the reasons above are what to look at",
}
"""By the last word of a rule's name, else by the class that the rule claims."""


def relief(file: Mapping[str, Any]) -> str:
    """What would make a file that nothing proves low pass; for people, in one sentence."""
    proof = file["proof"]
    for pattern, words in BY_OBJECTION:
        if pattern.search(proof["why"]):
            return words
    name = proof["rule"].split("/")[0]
    claimed = next((tried["class"] for tried in file.get("tried", ()) if tried["rule"] == proof["rule"]), "")
    return BY_RULE.get(name) or BY_FAMILY.get(name.rsplit("-", 1)[-1]) or BY_FAMILY.get(claimed, PERSON)
