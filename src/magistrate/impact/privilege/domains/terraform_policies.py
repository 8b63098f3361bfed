"""Policies as Terraform writes them: documents put together from blocks, and what a reference to one means.

Rule kept: a document that nobody can put together keeps all that it is put together from, so that a change of a part is a
change of it; which policies and documents were looked up is remembered, since the others are handed on unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.aws_estate import parsed
from magistrate.impact.privilege.domains.aws_written import ANY_KIND, Written, opaque
from magistrate.impact.privilege.domains.terraform import CLOSE, DYNAMIC, LATER, MANY, OPEN, Block, later
from magistrate.impact.privilege.domains.terraform_meanings import Family, filled_in
from magistrate.impact.privilege.domains.terraform_parts import Choice, Located

REFERENCE: Final = rx(f"{OPEN}(?:data\\.)?(\\w+)\\.([\\w-]+)(\\[[^\\]]*\\])?\\.(?:\\w+)(?:\\[\\d+\\])?{CLOSE}")
_DOCUMENTS: Final = rx(
    r"(?:(?:one\(|join\(\"\", ?))?data\.aws_iam_policy_document\.([\w-]+)(?:\[\*\]|\.\*)\.json\)?(?: where .*)?"
)
"""The one document that there is of several that may be."""
_OF_MANY: Final = rx(
    f"{OPEN}(?:data\\.)?(\\w+)\\.([\\w-]+)(\\[(?:each\\.(?:key|value)|count\\.index)\\])\\.\\w+ where ([^{OPEN}{CLOSE}]*){CLOSE}"
)
"""One of several, for each of what nothing counts; which they are stands behind it."""
_LISTS: Final = ("principals", "not_principals", "condition")
_OF_A_STATEMENT: Final = frozenset({"effect", "sid", "actions", "not_actions", "resources", "not_resources", *_LISTS})
_PARTS: Final = frozenset({"source_policy_documents", "override_policy_documents", "source_json", "override_json"})
_INDEX: Final = rx(f'{OPEN}(?:data\\.)?\\w+\\.[\\w-]+(\\["[^\\]"]*"\\])\\.\\w+{CLOSE}')
_EVERY: Final = rx(r"(?:\[\*\]|\.\*)\.json")
_OF_EACH: Final = rx(r"\b(?:each\.(?:key|value)|count\.index)\b")
MAX_DOCUMENTS: Final = 5
"""Documents in documents."""
Found = dict[tuple[str, str, str], Block]


class Names:
    """What references mean: names of roles, texts of policies."""

    def __init__(self, known: Found) -> None:
        self.known = known
        self.used: set[tuple[str, str, str]] = set()

    def block(self, folder: str, value: object) -> Block | None:
        """The block that a reference names."""
        found = (REFERENCE.fullmatch(value) or _OF_MANY.fullmatch(value)) if isinstance(value, str) else None
        if found is None:
            return None
        folder = value.folder if isinstance(value, Located) else folder
        type_, name, index = found.group(1), found.group(2), found.group(3)
        if found.re.pattern == _OF_MANY.pattern:
            index = f"{index} of {found.group(4)}"
        if index is None:
            return self._found(folder, type_, name)
        block = self._found(folder, type_, name + index)
        if block is not None:
            return block
        block = self._found(folder, type_, name)
        return block if block is None else replace(block, body=_of_index(dict(block.body), index))

    def _found(self, folder: str, type_: str, name: str) -> Block | None:
        block = self.known.get((folder, type_, name))
        if block is not None:
            self.used.add((folder, type_, name))
        return block

    @staticmethod
    def key(block: Block) -> tuple[str, str, str]:
        """By what a block is known."""
        return block.folder, block.type, block.name

    def name(self, folder: str, value: object) -> str:
        """The name of a role, user or group, given by name, by ARN or by reference."""
        block = self.block(folder, value)
        if block is not None and block.type == "aws_iam_instance_profile":
            return self.name(block.folder, block.body.get("role"))
        if block is not None:
            index = _INDEX.fullmatch(str(value))
            return self.own(block) + (index.group(1) if index is not None else "")
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return text.rsplit("/", 1)[-1] if text.startswith("arn:") else text.replace(OPEN, "${").replace(CLOSE, "}")

    def own(self, block: Block) -> str:
        """The name of the thing that a block makes; where none is written it is named by its label."""
        named = block.body.get("name")
        return named if isinstance(named, str) and OPEN not in named else self.label(block)

    @staticmethod
    def label(block: Block) -> str:
        """The label of a block, with the call that it belongs to."""
        return f"{block.scope}.{block.name}" if block.scope else block.name

    def policy(self, folder: str, value: object, depth: int = 0) -> object:
        """The text of a policy: as written, of a policy document beside it, of a file, or of either side of a choice."""
        if isinstance(value, Choice):
            return self._either(value, depth)
        block = self.block(folder, value) or self._one(folder, value)
        if block is not None and block.type == "aws_iam_policy_document":
            found = policy_document(block, self, depth)
            if (
                _EVERY.search(str(value)) is None
                or not block.built
                or not isinstance(found, dict)
                or "Statement" not in found
            ):
                return found
            under = tuple(f"where there is any of {text}" for text in block.built)
            return {**found, "Statement": [_under(one, under=under) for one in found["Statement"]]}
        if block is not None and block.type == "template_file":
            template, values = block.body.get("template"), block.body.get("vars") or {}
            told = filled_in(template, values) if isinstance(template, str) and isinstance(values, Mapping) else None
            return {"built from": dict(block.body)} if told is None else told
        return value

    def _either(self, value: Choice, depth: int) -> object:
        """Both sides of a choice, each where the question is answered its way; as it is written where one cannot be told."""
        if depth > MAX_DOCUMENTS:
            return value
        found: list[Mapping[str, Any]] = []
        versions: set[object] = set()
        for holds, side in zip((True, False), value.sides(), strict=True):
            if side in ("", None):
                continue
            told = parsed(self.policy(value.folder, side, depth + 1))
            statements = told.get("Statement") if isinstance(told, Mapping) else None
            if not isinstance(told, Mapping) or not set(told) <= {"Version", "Id", "Statement"} or statements is None:
                return value
            versions.add(told.get("Version"))
            asked = (f"where {value.question} holds",)
            for one in listed(statements):
                if not isinstance(one, Mapping):
                    return value
                found.append(_under(one, under=asked) if holds else _under(one, without=asked))
        return {"Version": next(iter(versions)), "Statement": found} if len(versions) == 1 else value

    def _one(self, folder: str, value: object) -> Block | None:
        found = _DOCUMENTS.fullmatch(value.strip(OPEN + CLOSE)) if isinstance(value, str) else None
        block = None if found is None else self._found(folder, "aws_iam_policy_document", found.group(1))
        return None if block is None or MANY in block.body else block


def policy_document(block: Block, names: Names, depth: int) -> object:
    """A policy document that is written as blocks, as the JSON that Terraform makes of it.

    Statements of the document take the place of those with the same sid in the documents that it starts from, and those of
    the documents that override it the place of both. A document that nothing here tells is a right, and a denial, of its own.
    """
    body = block.body
    if depth > MAX_DOCUMENTS:
        return _open_document(block, names, depth)
    own = [each for one in listed(body.get("statement") or []) for each in _statements(one)]
    sids = sorted({sid for one in own if (sid := _sid(one))})
    whole_ = list[Mapping[str, Any]]()
    for key in ("source_json", "source_policy_documents"):
        whole_ += _parts(block, key, names, depth, sids)
    whole_ = _overridden(whole_, own)
    for key in ("override_policy_documents", "override_json"):
        for part in listed(body.get(key) or []):
            whole_ = _over(whole_, block, part, names, depth)
    return {"Version": body.get("version") or "2012-10-17", "Statement": whole_}


def _parts(block: Block, key: str, names: Names, depth: int, sids: list[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for source in listed(block.body.get(key) or []):
        told = _document(block, source, names, depth)
        found += told if told is not None else opaque(_text_of(source) + (f" beside {sids}" if sids else ""))
    return found


def _document(block: Block, source: object, names: Names, depth: int) -> list[Mapping[str, Any]] | None:
    """The statements of a document that is named; None for one that nothing here tells."""
    if source in ("", None):
        return []
    other = parsed(names.policy(block.folder, source, depth + 1))
    statements = other.get("Statement") if isinstance(other, Mapping) else None
    return statements if isinstance(statements, list) and all(isinstance(one, Mapping) for one in statements) else None


def _over(
    whole_: list[Mapping[str, Any]], block: Block, part: object, names: Names, depth: int
) -> list[Mapping[str, Any]]:
    told = _document(block, part, names, depth)
    if told is not None:
        return _overridden(whole_, list(told))
    text = _text_of(part)
    kept = [_under(one, without=(f"where {text} overrides `{sid}`",)) if (sid := _sid(one)) else one for one in whole_]
    return [*kept, *opaque(text)]


def _overridden(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Statements, and those that take the place of what has the same sid; a sid that is open may be any."""
    sids = {sid for one in second if (sid := _sid(one))}
    opened = sorted(sid for sid in sids if OPEN in sid)
    kept: list[Mapping[str, Any]] = []
    for one in first:
        sid = _sid(one)
        if not sid:
            kept.append(one)
        elif sid not in sids or OPEN in sid:
            others = opened if OPEN not in sid else sorted(sids)
            kept.append(_under(one, without=tuple(f"where {other} is `{sid}`" for other in others)))
    return [*kept, *second]


def _sid(one: Mapping[str, Any]) -> str:
    found = one.get("Sid") or ""
    return found if isinstance(found, str) else json.dumps(found, default=str)


def _text_of(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.strip(OPEN + CLOSE) if text == value else text


def _open_document(block: Block, names: Names, depth: int) -> object:
    """A document that nobody can put together, with all that it is put together from."""
    parts: dict[str, object] = dict(block.body)
    for key in _PARTS & set(parts):
        each = listed(parts[key])
        parts[key] = each if depth > MAX_DOCUMENTS else [names.policy(block.folder, one, depth + 1) for one in each]
    return {"built from": parts}


def _under(one: Mapping[str, Any], *, under: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> Written:
    had = one if isinstance(one, Written) else Written(one)
    return Written(had, under=(*had.under, *under), without=(*had.without, *without), unknown=had.unknown)


def _statements(one: object) -> Iterator[Written]:
    """One block of a statement; one that stands for many is there where there is any, and what it denies is of its own kind."""
    if not isinstance(one, Mapping):
        yield Written({"Effect": "Allow", "Other": one})
        return
    under: tuple[str, ...] = (f"where there is any of {one.of}",) if isinstance(one, Family) else ()
    effect = one.get("effect") or "Allow"
    said = {key: value for key, value in one.items() if value is not None and not (under and key == DYNAMIC)}
    if isinstance(effect, str) and OPEN in effect:
        text = effect.replace(OPEN, "").replace(CLOSE, "")
        yield _statement({**said, "effect": "Allow"}, (*under, f"where {text} is Allow"))
        yield _statement(_denied({**said, "effect": "Deny"}), (*under, f"where {text} is Deny"))
    else:
        yield _statement(_denied(said) if under and effect == "Deny" else said, under)


def _denied(value: Any) -> Any:  # noqa: ANN401 - JSON
    """What one of several denies is not what the same one of them allows: their names are kept apart."""
    if isinstance(value, str):
        return value.replace(OPEN, f"{OPEN}denied: ")
    if isinstance(value, Family):
        return Family(
            {key: _denied(one) for key, one in value.items()}, of="denied: " + value.of, text=_denied(value.text)
        )
    if isinstance(value, Mapping):
        return {key: _denied(one) for key, one in value.items()}
    return [_denied(one) for one in value] if isinstance(value, list) else value


def _of_index(value: Any, index: str) -> Any:  # noqa: ANN401 - JSON
    """What one of several says is not what another of them says: what depends on which one it is gets a name of its own."""
    if isinstance(value, str):
        return LATER.sub(lambda one: later(f"at {index}: {one[1]}") if _OF_EACH.search(one[1]) else one[0], value)
    if isinstance(value, Family):
        of = later(value.of)
        return Family(
            {key: _of_index(one, index) for key, one in value.items()},
            of=_of_index(of, index)[1:-1],
            text=_of_index(value.text, index),
        )
    if isinstance(value, Mapping):
        return {key: _of_index(one, index) for key, one in value.items()}
    return [_of_index(one, index) for one in value] if isinstance(value, list) else value


def _statement(one: Mapping[str, Any], under: tuple[str, ...]) -> Written:
    found: dict[str, Any] = {"Effect": one.get("effect", "Allow")}
    if one.get("sid"):
        found["Sid"] = one["sid"]
    for key, name in (
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if key in one:
            found[name] = _variables(one[key])
    for key, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        for each in _mappings(one.get(key)):
            _principal(each, found.setdefault(name, {}))
    for each in _mappings(one.get("condition")):
        if isinstance(each, Family):
            under = (*under, f"where all of {_named(each).strip(OPEN + CLOSE)} hold")
            continue
        test = found.setdefault("Condition", {}).setdefault(str(each.get("test")), {})
        variable = str(each.get("variable"))
        if variable in test:
            under = (
                *under,
                f"where `{each.get('test')}` of `{variable}` is {json.dumps(each.get('values'), default=str)}",
            )
            continue
        test[variable] = _variables(each.get("values"))
    parts = [part for key in _LISTS for part in listed(one.get(key) or [])]
    if set(one) - _OF_A_STATEMENT or any(
        not isinstance(part, Mapping) or (DYNAMIC in part and not isinstance(part, Family)) for part in parts
    ):
        found["Other"] = dict(one)
    return Written(found, under=under)


def _principal(each: Mapping[str, Any], kinds: dict[str, Any]) -> None:
    if isinstance(each, Family) or OPEN in str(each.get("type")):
        kinds[ANY_KIND] = [*kinds.get(ANY_KIND, ()), _named(each)]
        return
    kind = "AWS" if each.get("type") == "*" else str(each.get("type"))
    kinds[kind] = [*kinds.get(kind, ()), *listed(each.get("identifiers"))]


def _named(each: Mapping[str, Any]) -> str:
    """A block that is open in a whole, as one open text with all that it depends on."""
    text = json.dumps({key: value for key, value in each.items() if key != DYNAMIC}, sort_keys=True, default=str)
    text = f"{text} for each of {each.of}" if isinstance(each, Family) else text
    return later(text)


def _mappings(value: object) -> list[Mapping[str, Any]]:
    """Blocks, or what stands in their place in older files."""
    return [one for one in listed(value or []) if isinstance(one, Mapping)]


def _variables(value: object) -> object:
    """`&{aws:username}` is how documents write a variable of AWS."""
    if isinstance(value, list):
        return [_variables(one) for one in value]
    return value.replace("&{", "${") if isinstance(value, str) else value


def listed(value: object) -> list[object]:
    """A value as a list, where one alone may be written without."""
    return list(value) if isinstance(value, list) else [value]
