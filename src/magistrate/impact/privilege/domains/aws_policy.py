"""One AWS policy document as boxes: the elements of the IAM policy language, each by AWS's own rules.

Follows the IAM JSON policy reference: actions without regard to case; wildcards of an ARN stop at the
colon in its first five parts; the default version 2008-10-17 knows no variables; a negated or
`IfExists` operator holds where the key is absent, any other does not; `ForAllValues` holds for none.

Rule kept: an element or operator that is not understood makes the whole statement `Unknown`.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.aws_written import ANY_KIND, Written, is_policy
from magistrate.impact.privilege.domains.terraform import CLOSE, LATER, OPEN
from magistrate.impact.privilege.model import (
    Atom,
    Place,
    Span,
    Statement,
    Unknown,
    Varying,
    Where,
    is_variable,
    literals,
)
from magistrate.impact.privilege.patterns import Glob, arn, either_case, glob, literal

DOMAIN: Final = "aws-iam"
NEW: Final = "2012-10-17"
OLD: Final = "2008-10-17"
ELEMENTS: Final = frozenset(
    {"sid", "effect", "action", "notaction", "resource", "notresource", "principal", "notprincipal", "condition"}
)
MAX_WAYS: Final = 64
"""Boxes that one statement may become."""
V6: Final = 1 << 32
"""IPv6 addresses are the numbers from here on, IPv4 ones those before it."""
_LATER: Final = LATER
_OUTSIDE: Final = rx(rf"(?:^|{CLOSE})[^{OPEN}]*")
"""What stands before, between and after what is filled in."""
_VARIABLE: Final = rx(rf"\$\{{[^{{}}]*\}}|{OPEN}[^{CLOSE}]*{CLOSE}")
_SIGNS: Final = {"*": "*", "?": "?", "$": "$"}
_QUANTIFIER: Final = rx(r"(?i)^(?:(forallvalues|foranyvalue):)?([a-z]+?)(ifexists)?$")
_ACCOUNT: Final = rx(r"\d{12}")
_ACCOUNT_ROOT: Final = rx(r"(arn:[\w-]+:iam::\d{12}):root")


class UnreadableError(Exception):
    """An element of the policy language that is not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The statements of one document, and what of it was not understood."""

    statements: tuple[Statement, ...] = ()
    unknown: tuple[Unknown, ...] = ()


@dataclass(slots=True)
class _Reading:
    place: Place
    variables: bool
    statements: list[Statement] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)


def document(value: object, place: Place) -> Document:
    """Read a policy document, given as parsed JSON."""
    if not is_policy(value) or not isinstance(value, dict):
        return Document(unknown=(_unknown(value, place, "this is not a policy document that can be read"),))
    version = value.get("Version", OLD)
    if version not in {NEW, OLD} or set(value) - {"Version", "Id", "Statement"}:
        return Document(unknown=(_unknown(value, place, "the policy has a version or parts that are not known"),))
    reading = _Reading(place=place, variables=version == NEW)
    listed = value["Statement"]
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, Written) and one.unknown:
            reading.unknown.append(
                _unknown(one.unknown, place, "a policy is put together by an expression that nothing here tells")
            )
            continue
        try:
            reading.statements += _statement(one, reading)
        except UnreadableError as error:
            reading.unknown.append(_unknown(one, place, str(error)))
    return Document(statements=tuple(reading.statements), unknown=tuple(reading.unknown))


def _unknown(value: object, place: Place, why: str) -> Unknown:
    text = json.dumps(value, sort_keys=True, default=str)
    return Unknown(domain=DOMAIN, why=why, text=text, place=place)


def _statement(one: Mapping[str, Any], reading: _Reading) -> Iterator[Statement]:
    parts = {name.lower(): value for name, value in one.items()}
    if len(parts) != len(one) or set(parts) - ELEMENTS:
        raise UnreadableError("a statement has an element twice, or one that is not known")
    effect = parts.get("effect")
    if effect not in {"Allow", "Deny"}:
        raise UnreadableError("the effect of a statement is neither `Allow` nor `Deny`")
    ways = (
        *_either(parts, "action", _action),
        *_either(parts, "resource", lambda text: _atom(text, arn, variables=reading.variables)),
        *_principals(parts),
    )
    more = (*_conditions(parts.get("condition"), variables=reading.variables),)
    if isinstance(one, Written):
        more = (*more, *one.conditions())
    if math.prod(map(len, ways)) > MAX_WAYS:
        raise UnreadableError("a statement names too much that is filled in from elsewhere")
    for way in product(*ways):
        where = (*way, *more)
        yield Statement(where=where, allow=effect == "Allow", place=reading.place, says=_words(parts))


def _action(text: str) -> Atom | None:
    if OPEN in text:
        return _atom(_OUTSIDE.sub(lambda found: found.group().lower(), text), glob, variables=False)
    return glob(text.lower()) if text else None


def _words(parts: Mapping[str, Any]) -> str:
    what = (
        _shortened(parts.get("action"), "every action")
        if "action" in parts
        else "all but " + _shortened(parts.get("notaction"), "")
    )
    where = (
        _shortened(parts.get("resource"), "every resource")
        if "notresource" not in parts
        else "all but " + _shortened(parts["notresource"], "")
    )
    return f"{what} on {where}" + (" under conditions" if parts.get("condition") else "")


def _shortened(value: object, none: str) -> str:
    if value is None:
        return none
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    texts = [one.replace(OPEN, "${").replace(CLOSE, "}") for one in texts]
    more = f" and {len(texts) - 2} more" if len(texts) > 2 else ""  # noqa: PLR2004 - two are shown
    return ", ".join(texts[:2]) + more


def _texts(value: object, what: str) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    texts: list[str] = []
    for one in found:
        if isinstance(one, bool):
            texts.append("true" if one else "false")
        elif isinstance(one, str | int | float):
            texts.append(str(one))
        else:
            raise UnreadableError(f"a value of `{what}` is neither a text nor a number")
    return tuple(dict.fromkeys(texts))


def _either(parts: Mapping[str, Any], name: str, read: Callable[[str], Atom | None]) -> Iterator[tuple[Where, ...]]:
    """The ways to satisfy an element, one of which is enough, for each that there is."""
    for key, negated in ((name, False), ("not" + name, True)):
        if key in parts:
            texts = _texts(parts[key], key)
            among = tuple(atom for text in texts if _LATER.fullmatch(text) is None and (atom := read(text)) is not None)
            questions = [_given(name, text) for text in texts if _LATER.fullmatch(text) is not None]
            yield from _ways(name, among, questions, negated=negated)


def _ways(name: str, among: tuple[Atom, ...], questions: list[str], *, negated: bool) -> Iterator[tuple[Where, ...]]:
    """What is open as a whole is a question of its own, for it may be any value, and several."""
    if negated:
        yield (Where(dimension=name, among=among, negated=True),)
        yield from ((literals(text, "yes", negated=True),) for text in questions)
    elif not any(_all(atom) for atom in among):
        plain = (Where(dimension=name, among=among),) if among or not questions else ()
        yield (*plain, *(literals(text, "yes") for text in questions))


def _given(name: str, text: str) -> str:
    return f"the {name} is one of `{text.strip(OPEN + CLOSE)}`"


def _all(atom: Atom) -> bool:
    return isinstance(atom, Glob) and atom.tokens == ("run",)


@lru_cache(maxsize=8192)
def _atom(text: str, form: Callable[[str], Glob], *, variables: bool) -> Atom:
    """A pattern; `${*}`, `${?}`, `${$}` are these signs themselves, other variables and what is filled in stay open."""
    found = _VARIABLE if variables else _LATER
    written = list(dict.fromkeys(one.group() for one in found.finditer(text)))
    if not written:
        return form(text)
    signs = {one: chr(0xE100 + at) for at, one in enumerate(written)}
    meant = {sign: _SIGNS.get(one[2:-1], "${" + one.strip(OPEN + CLOSE + "${}") + "}") for one, sign in signs.items()}
    tokens = tuple(meant.get(token, token) for token in form(found.sub(lambda one: signs[one.group()], text)).tokens)
    return Varying(tokens) if any(map(is_variable, tokens)) else Glob(tokens)


def _principals(parts: Mapping[str, Any]) -> Iterator[tuple[Where, ...]]:
    for key, negated in (("principal", False), ("notprincipal", True)):
        if key not in parts:
            continue
        value = parts[key]
        if value == "*":
            value = {"AWS": "*"}
        if not isinstance(value, dict):
            raise UnreadableError("a principal is neither `*` nor an object")
        questions = [_given("principal", text) for text in _texts(value.get(ANY_KIND, []), key)]
        among = [
            atom
            for kind, named in value.items()
            if kind != ANY_KIND
            for text in _texts(named, key)
            for atom in _principal(kind, text)
        ]
        yield from _ways("principal", tuple(dict.fromkeys(among)), questions, negated=negated)


def _principal(kind: str, text: str) -> Iterator[Atom]:
    """One principal; the root of an account stands for everyone in it, `*` for everyone but services of AWS."""
    if kind not in {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise UnreadableError(f"a principal of the kind `{kind[:40]}` is not known")
    prefix = kind.lower() + ":"
    if kind == "AWS" and text == "*":
        yield from (glob(named + ":*") for named in ("aws", "canonicaluser", "federated"))
        return
    if kind == "AWS" and _ACCOUNT.fullmatch(text):
        text = f"arn:aws:iam::{text}:root"
    if OPEN in text:
        yield _atom(prefix + text, literal, variables=False)
        return
    root = _ACCOUNT_ROOT.fullmatch(text)
    yield Glob((*(prefix + (root.group(1) if root else text)), *((":", "run") if root else ())))


def _conditions(value: object, *, variables: bool) -> Iterator[Where]:
    if value is None:
        return
    if not isinstance(value, dict):
        raise UnreadableError("a condition is not an object")
    for operator, tests in value.items():
        if OPEN in operator and isinstance(tests, dict):
            yield _question(operator, tests)
            continue
        found = _QUANTIFIER.match(operator)
        if found is None or not isinstance(tests, dict):
            raise UnreadableError(f"the condition operator `{operator[:40]}` is not known")
        each = None if found.group(1) is None else found.group(1).lower() == "forallvalues"
        for key, values in tests.items():
            if OPEN in key or (OPEN in str(values) and "ipaddress" in operator.lower()):
                yield _question(operator, {key: values})
                continue
            yield _condition(
                key,
                found.group(2).lower(),
                _texts(values, key),
                each=each,
                exists=bool(found.group(3)),
                variables=variables,
            )


def _question(operator: str, tests: Mapping[str, Any]) -> Where:
    """A condition that is open in a part: whether it holds is a question of its own."""
    text = json.dumps({operator: tests}, sort_keys=True, default=str)
    return literals(f"where {text.replace(OPEN, '${').replace(CLOSE, '}')} holds", "yes")


def _condition(  # noqa: PLR0913 - the parts of one condition
    key: str, operator: str, values: tuple[str, ...], *, each: bool | None, exists: bool, variables: bool
) -> Where:
    dimension = "cond:" + key.lower()
    if operator == "null":
        if each is not None or exists or len(values) != 1 or values[0].lower() not in {"true", "false"}:
            raise UnreadableError("a `Null` condition is neither true nor false")
        wanted = values[0].lower() == "true"
        return Where(dimension=dimension, among=(glob("*"), Span(0, 1 << 130)), negated=wanted, absent=wanted)
    negated = "not" in operator
    form = _FORMS.get(operator.replace("not", ""))
    if form is None:
        raise UnreadableError(f"the condition operator `{operator[:40]}` is not known")
    among = tuple(atom for text in values for atom in form(text, variables))
    absent = exists or negated or each is True
    if each is not None and negated:
        absent = exists or each
    return Where(dimension=dimension, among=among, negated=negated, absent=absent, each=each)


def _exactly(text: str, variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - one signature for all forms
    yield _atom(text, literal, variables=variables)


def _any_case(text: str, variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - as above
    if OPEN in text or (variables and "${" in text):
        raise UnreadableError("a variable is compared without regard to case")
    yield either_case(literal(text))


def _like(text: str, variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - as above
    yield _atom(text, glob, variables=variables)


def _arn_like(text: str, variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - as above
    yield _atom(text, arn, variables=variables)


def _boolean(text: str, variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - as above
    yield _atom(text if OPEN in text else text.lower(), literal, variables=variables)


def _address(text: str, variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - as above
    if variables and "${" in text and OPEN not in text:
        raise UnreadableError("an address is named by a variable")
    yield Varying(("${" + LATER.sub(r"\1", text) + "}",)) if OPEN in text else addresses(text)


def addresses(text: str) -> Span:
    """The numbers of an address or a range in CIDR form.

    Raises:
        UnreadableError: it is no address.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UnreadableError(f"`{text[:60]}` is no address range") from error
    base = V6 if network.version == 6 else 0  # noqa: PLR2004 - IP versions
    return Span(base + int(network.network_address), base + int(network.broadcast_address))


def _number(kind: str, scale: Callable[[str], int]) -> Callable[[str, bool], Iterator[Atom]]:
    """Numbers and dates are compared in thousandths."""

    def read(text: str, _variables: bool) -> Iterator[Atom]:  # noqa: FBT001 - as above
        value = scale(text)
        low = {"equals": value, "greaterthan": value + 1, "greaterthanequals": value}.get(kind, 0)
        high = {"equals": value, "lessthan": value - 1, "lessthanequals": value}.get(kind, 1 << 130)
        yield Span(low, high)

    return read


def _thousandths(text: str) -> int:
    try:
        found = round(float(text) * 1000)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(f"`{text[:40]}` is no number") from error
    if found < 0:
        raise UnreadableError("a number is below zero")
    return found


def _moment(text: str) -> int:
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        return _thousandths(text)
    return round((when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp() * 1000)


_FORMS: Final[Mapping[str, Callable[[str, bool], Iterator[Atom]]]] = {
    "stringequals": _exactly,
    "stringequalsignorecase": _any_case,
    "stringlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _boolean,
    "binaryequals": _exactly,
    "ipaddress": _address,
    **{
        "numeric" + kind: _number(kind, _thousandths)
        for kind in ("equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
    },
    **{
        "date" + kind: _number(kind, _moment)
        for kind in ("equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
    },
}
