"""Why what a template of Helm makes is no function of the tree: functions that ask outside, and ways around their names.

Follows Go's text/template and Helm's list of functions. Rule kept: a name is looked for in the whole text,
strings and comments too; the whole context of a template may be handed on and is never looked into as a
whole; a key that a template puts together opens only values. What is refused wrongly is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from magistrate.impact.compiled import rx

VARYING: Final = rx(
    r"\b(?:lookup|Capabilities|APIVersions|KubeVersion|HelmVersion|getHostByName|now|ago|dateModify|date_modify|"
    r"mustDateModify|must_date_modify|uuidv4|bcrypt|htpasswd|shuffle|derivePassword|buildCustomCert|encryptAES|expandenv|"
    r"rand(?:Alpha|AlphaNum|Ascii|Numeric|Bytes|Int)|gen(?:CA|CAWithKey|PrivateKey|SelfSignedCert|SelfSignedCertWithKey|"
    r"SignedCert|SignedCertWithKey)|Is(?:Install|Upgrade)|Revision)\b"
)
"""What asks the cluster, the clock, the network or chance, or differs between an installation and an upgrade."""
TIMED: Final = rx(r"(?:\{\{-?|\(|\||=)\s{0,40}(?:date|date_in_zone|dateInZone|htmlDate|htmlDateInZone|env)\b")
"""Functions with names of everyday words, where a template calls one: they take the time of now for what is none."""
WRITTEN: Final = rx(r"\btpl\b")
OF_VALUES: Final = rx(r"\btpl\s{1,9}(?:\(\s{0,9}toYaml\s{1,9})?\$?\.Values(?:\.\w{1,80}){1,12}\b")
CHANGING: Final = rx(r"\b(?:set|unset|\w*[mM]erge\w*)\b")
"""What changes values, so that a text rendered as a template may be one that was put together."""
ACTION: Final = rx(r"\{\{-?\s{0,200}(?P<word>\w*)(?P<rest>(?:[^{}]|\{(?!\{)|\}(?!\})){0,4000})\}\}")
OPENING: Final = frozenset({"if", "with", "range", "define", "block"})
ELSEWHERE: Final = frozenset({"with", "range"})
"""Blocks in which the dot is something else."""
HANDED_ON: Final = rx(r"\b(?:include|template|tpl|dict|list)\b|^toYaml\s{1,9}\$?\.Values[\w.]{0,400}\)\s{0,9}$")
PACKED: Final = rx(r"\b(?:dict|list)\b")
TOLD: Final = rx(
    r"\b(?:to\w{0,20}(?:Json|Yaml\w{0,10}|Toml|String)|print|printf|println|cat|s?quote|join|sha\w{1,9}|adler32sum)\b"
    r"[^)|}]{0,400}?(?<![\w)\"'])\$?\w{0,80}\.(?!Values\b|Release\b|Chart\b|Template\b|Files\b)\w"
)
"""A part of what a template is given, as a text: it may be the whole context, packed under another name."""
BARE_DOT: Final = rx(r"(?<![\w.$)\"'])\.(?![\w.])")
BARE_DOLLAR: Final = rx(r"\$(?![\w.])")
KEYED: Final = rx(r"\b(?:index|get|dig|pluck|pick|omit|hasKey)\s{1,9}(?P<given>[^|}]{0,400})")
PUT_TOGETHER: Final = rx(r"[(]|\$\w|\s\.\w")


def varying(texts: Mapping[str, str], values: Mapping[str, str]) -> Iterator[str]:
    """Why these templates, given these values, are no function of their texts; nothing where they are."""
    writes = any(WRITTEN.search(text) for text in texts.values())
    if writes and any(CHANGING.search(text) for text in texts.values() if "{{" in text):
        yield "it changes values and renders texts as templates (`tpl`)"
    packed = any("{{" in text and _packs(text) for text in texts.values())
    for path in sorted({*texts, *values}):
        text = texts.get(path, values.get(path, ""))
        if writes and path in values and "\\" in text and not path.endswith((".md", ".txt", ".tgz")):
            yield f"`{path}` has escapes, and is rendered as a template (`tpl`)"
        if "{{" not in text or (path in values and not writes):
            continue
        found = VARYING.search(text) or TIMED.search(text)
        if found is not None:
            at = text.count("\n", 0, found.start()) + 1
            yield f"`{path}:{at}` has `{found.group().strip()[-40:]}`, which is not the same everywhere"
        elif len(WRITTEN.findall(text)) > len(OF_VALUES.findall(text)):
            yield f"`{path}` renders texts as templates that it puts together (`tpl`)"
        elif (line := _looks_into_all(text, packed=packed)) is not None:
            yield f"`{path}:{line}` looks into all that a template is given, the cluster's abilities too"


def _looks_into_all(text: str, *, packed: bool) -> int | None:
    """The line at which the whole context is looked into, or a key is put together; None where nowhere."""
    blocks: list[str] = []
    end = 0
    for action in ACTION.finditer(text):
        word, said = action.group("word"), action.group("word") + action.group("rest")
        if "{{" in text[end : action.start()] or not _closed(said):
            break
        end = action.end()
        outside = not ELSEWHERE.intersection(blocks[blocks.index("define") :] if "define" in blocks else blocks)
        if not said.startswith("/*") and (
            _bare(said, dot=outside) or _computed(said) or (packed and TOLD.search(said))
        ):
            return text.count("\n", 0, action.start()) + 1
        if word in OPENING:
            blocks.append(word)
        elif word == "else" and blocks and blocks[-1] in ELSEWHERE:
            blocks[-1] = "if"
        elif word == "end" and blocks:
            blocks.pop()
    left = text.find("{{", end)
    return None if left < 0 else text.count("\n", 0, left) + 1


def _closed(action: str) -> bool:
    """Whether an action ends where it seems to: no string and no comment goes over its end."""
    if action.startswith("/*"):
        return re.search(r"\*/\s{0,9}-?\Z", action) is not None and action.count("*/") == 1
    return "`" not in action and action.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0


def _bare(action: str, *, dot: bool) -> bool:
    """Whether the whole context is given to something that does not only hand it on."""
    found = [*BARE_DOLLAR.finditer(action), *(BARE_DOT.finditer(action) if dot else ())]
    return any(not HANDED_ON.search(re.split(r"[(|]", action[: one.start()])[-1]) for one in found)


def _packs(text: str) -> bool:
    """Whether the whole context is put into a dictionary or a list somewhere."""
    return any(
        PACKED.search(re.split(r"[(|]", action.group()[: one.start()])[-1])
        for action in ACTION.finditer(text)
        for one in (*BARE_DOLLAR.finditer(action.group()), *BARE_DOT.finditer(action.group()))
    )


def _computed(action: str) -> bool:
    """Whether a key is put together, and what it opens may be more than values."""
    for one in KEYED.finditer(action):
        given = one.group("given").strip()
        if not re.match(r"\$?\.Values\b", given) and PUT_TOGETHER.search(" " + given.partition(" ")[2]):
            return True
    return False
