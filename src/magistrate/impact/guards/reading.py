"""Which files are read for guards, with which parser, and what differs between their two sides.

Rule kept: no path is trusted to say what a text is; a text that no parser reads, and that changes lines about guards,
is told as such.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Final

from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.guards.difference import Weaker, weaker
from magistrate.impact.guards.doors import Side
from magistrate.impact.guards.javascript_side import read_javascript
from magistrate.impact.guards.python_side import read_python
from magistrate.impact.kept import kept
from magistrate.impact.languages.trees import parser_of
from magistrate.impact.screening import finds

MAX_BYTES: Final = 1_000_000
KEPT: Final = 16
KEPT_BYTES: Final = 250_000
"""Sides that were read, by their bytes: the old side of one change is the new side of an earlier one."""
UNREAD: Final = (
    "guards of routes change here, and no parser reads both sides: whether somebody may do more is not known"
)
PYTHON_NAMES: Final = (".py", ".pyi")
SCRIPT_NAMES: Final = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
OTHERS: Final = rx(
    r"(?i)\.(?:java|kt|kts|scala|go|rs|rb|php|cs|c|h|cc|cpp|hpp|swift|sql|ya?ml|json|toml|ini|cfg|xml|html?|css|scss|less|vue|svelte|svg|lock|sh|tf|"
    r"md|mdx|rst|txt\.j2|po|csv|ipynb|ex|exs|erl|hs|pl|lua|r|dart|proto|graphql|gradle|properties|erb|haml|twig|jinja2?)\Z"
)
"""Names of languages that are not read here; their own sensors look at them."""
SPEAKS: Final = rx(
    r"\b(?:django|rest_framework|flask\w*|fastapi|starlette|pyramid|aiohttp|litestar|sanic|falcon|tornado|quart|bottle|werkzeug|cherrypy|express|koa\w*|fastify|"
    r"nestjs|hapi|trpc|shield|sails|restify|APIView|ViewSet|Mixin|check_object_permissions|polka|hono|clerk|passport\w*|strapi|middlewares?|MIDDLEWARE\w*|matcher|csrf\w*|csurf|cors|CORS\w*|CSRF\w*|"
    r"routers?|route|routes|urlpatterns|blueprint|BasePermission|permission\w*|decorators|abort|roles?|Roles?|rbac|acl|__acl__|Depends|auth|authorize|session|"
    r"canActivate|canLoad|login\w*|allow|policy|policies|guards?|isAdmin|is_admin|is_staff|is_superuser|currentUser|current_user|REST_FRAMEWORK|40[13])\b|"
    r"['\"]next/|_required\b|Required\b|@Use|Forbidden|Unauthorized|PermissionDenied|Permissions?\b|Guards?\b|_ROLES\b|_roles\b|Roles\b|Procedure\b|PERMISSION|AUTH|"
    r"(?:public|open|excluded?|unprotected|skip\w*)_?(?:paths|routes|urls|endpoints)|\.user\b",
    re.ASCII,
)
ABOUT: Final = rx(
    r"(?i)@\w*(?:required|permission|role|auth|login|guard|public)|permission_classes|UseGuards|csrf_exempt|is_staff|is_superuser|isAdmin|is_admin|Depends\(|permission_required|login_required|APP_GUARD"
)


def speaks_of_guards(file: ChangedFile) -> bool:
    """Whether a file changes and has a word of a framework or of a guard; a line that only moves is a change."""
    if file.binary or OTHERS.search(file.name) or max(map(len, file.both_texts)) > MAX_BYTES:
        return False
    return file.before != file.after and any(finds(SPEAKS, text) for text in file.both_texts)


def compared(file: ChangedFile) -> list[Weaker] | None:
    """What asks for less; None where no reader reads both sides, nothing where the text is of no such language."""
    change = file.change
    gone = change.after is None
    for reader in _readers(file.name):
        try:
            sides = [
                Side(doors={}, bodies={}) if side is None else reader(side) for side in (change.before, change.after)
            ]
            return weaker(sides[0], sides[1], gone=gone)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None if any(ABOUT.search(line.text) for line in file.code_lines) else []


def _readers(name: str) -> tuple[Callable[[bytes], Side], ...]:
    if name.endswith(PYTHON_NAMES):
        return (_python,)
    if name.endswith(SCRIPT_NAMES):
        return (_typescript, _tsx, _javascript) if name.endswith("ts") else (_javascript, _tsx, _typescript)
    return (_python, _javascript, _tsx, _typescript)


@kept(KEPT, KEPT_BYTES)
def _python(content: bytes) -> Side:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_python(content)


def _tree(language: Callable[[], object], content: bytes) -> Side:
    root = parser_of(language).parse(content).root_node
    if root.has_error:
        raise ValueError("the grammar does not accept it")
    return read_javascript(root)


def _javascript(content: bytes) -> Side:
    import tree_sitter_javascript  # noqa: PLC0415  native code is loaded only where a file asks for it

    return _tree(tree_sitter_javascript.language, content)


def _tsx(content: bytes) -> Side:
    import tree_sitter_typescript  # noqa: PLC0415

    return _tree(tree_sitter_typescript.language_tsx, content)


def _typescript(content: bytes) -> Side:
    import tree_sitter_typescript  # noqa: PLC0415

    return _tree(tree_sitter_typescript.language_typescript, content)
