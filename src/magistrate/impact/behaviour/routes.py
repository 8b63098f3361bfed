"""Routes of HTTP as frameworks of several languages declare them: path and methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from magistrate.impact.compiled import rx

METHODS: Final = frozenset({"get", "post", "put", "delete", "patch", "head", "options", "any", "all", "websocket"})
DECLARES: Final = frozenset(
    {
        "route", "api_route", "add_url_rule", "add_route", "add_api_route", "handle", "handlefunc", "mount", "resource", "scope",
        "path", "re_path", "url", "use", "group", "register", "rewrite", "proxy", "method", "add_get", "add_post", "add_put",
        "add_delete", "add_patch", "nest", "websocket_route", "mapget", "mappost", "mapput", "mapdelete", "match",
    }
)  # fmt: skip
"""Names of calls, in lower case, that declare a route where their first argument looks like a path."""
CLIENTS: Final = rx(
    r"(?i)(?:^|[._$])(?:axios|https?|client|requests?|session|fetch\w*|\$http|supertest|agent|tests?|mock\w*|nock|got|ky|rest|"
    r"resttemplate|webclient|response|res|req|storage|cache|os|urllib|posix|self\.get)\Z"
)
"""Receivers that ask a server rather than being one."""
PATHLIKE: Final = rx(r"(?:(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) )?[\^/][^\s]*\Z|\Z")
DJANGO: Final = frozenset({"path", "re_path", "url", "register"})
NAMED_METHOD: Final = rx(r"\b(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS)\b")
CHAINED: Final = rx(r"\b(get|post|put|delete|patch|head|options|any)\s*\(")


def route_of(callee: str, first: str | None, rest: Sequence[str], methods: str = "") -> tuple[str, str] | None:
    """Path and methods that a call declares; `first` is its first argument where that is a text, `rest` the others.

    `methods` is what a list of methods beside it says.
    """
    receiver, _, name = callee.replace("::", ".").rpartition(".")
    folded = name.lower()
    if first is None or (folded not in METHODS and folded not in DECLARES) or CLIENTS.search(receiver):
        return None
    if folded in DJANGO and not receiver:
        return (f"/{first.lstrip('^/')}", "any method") if rest else None
    if folded == "register":
        return (f"/{first.lstrip('/')}", "any method") if rest and "router" in receiver.lower() else None
    if not PATHLIKE.match(first) or (not first and folded in DECLARES) or not receiver:
        return None
    verb, _, path = first.rpartition(" ")
    said = NAMED_METHOD.findall(methods.upper()) or ([verb] if verb else [])
    if folded in METHODS:
        said = said or [folded.upper()]
        if not rest:
            return None
    elif folded.startswith(("add_", "map")) and folded.removeprefix("add_").removeprefix("map") in METHODS:
        said = [folded.removeprefix("add_").removeprefix("map").upper()]
    elif not said and rest:
        said = [one.upper() for one in CHAINED.findall(rest[0])]
    return path or "/", ", ".join(sorted(set(said))) or "any method"
