"""Python: what holds for a whole application: settings, middleware, origins, exemptions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.guards import names
from magistrate.impact.guards.doors import Door, Guard
from magistrate.impact.guards.formula import both
from magistrate.impact.guards.python_conditions import Names, asked_by, texts

Doors = Callable[..., Door]
MIDDLE: Final = rx(
    r"(?i)auth|csrf|xsrf|login|session|security|permission|xframe|access|token|guard|jwt|axes|oidc|sso|policy|otp|trustedhost|httpsredirect"
)
LISTED: Final = rx(
    r"(?i)roles?\b|roles?_|_roles|admins?\Z|origins?|trusted|whitelist|allow(?:ed)?_?(?:list|hosts|users|groups|methods)|exempt|public_?(?:paths?|routes?|urls?|endpoints?|views?)|"
    r"(?:open|unprotected|anonymous|unauthenticated|excluded?|skip|ignore\w*|bypass)_?\w*(?:paths?|routes?|urls?|endpoints?|views?)|not_required"
)
GIVES: Final = rx(
    r"(?i)(?:allow|exempt|disable|skip|bypass|public|anonymous|no|ignore)_?\w*(?:all|any|auth\w*|login|csrf|public|anonymous|everyone|public_role_like|permission\w*|origins?)\Z|allow_credentials\Z"
)
TAKES: Final = rx(
    r"(?i)(?:auth|login|csrf|xsrf|permission|security|protect|require|session_cookie_(?:secure|httponly)|token)"
)
ORIGINS: Final = frozenset(
    {"allow_origins", "origins", "allow_origin_regex", "resources", "CORS_ORIGINS", "allowed_origins"}
)


def setting(doors: Doors, name: str, value: ast.expr, known: Names) -> None:  # noqa: C901
    """One assignment of a module or a class of settings."""
    short = name.rpartition(".")[2]
    line = value.lineno
    if short in {"REST_FRAMEWORK", "SIMPLE_JWT", "NINJA_EXTRA", "CORS"} and isinstance(value, ast.Dict):
        for key, one in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant):
                setting(doors, str(key.value), one, known)
    elif short in {"MIDDLEWARE", "MIDDLEWARE_CLASSES"}:
        said = [one.rpartition(".")[2].strip("'\"") for one in texts(value, known)]
        kept = [Guard(formula=f"middleware {one}", line=line) for one in said if MIDDLE.search(one)]
        doors(f"setting {short}", f"`{short}`", line, holder=True).guards += kept
    elif short.endswith(("PERMISSION_CLASSES", "PERMISSION_CLASS", "DEFAULT_PERMISSIONS")):
        door = doors(f"setting {short}", f"`{short}`", line)
        asked = asked_by(value, known, certain=True)
        for text in texts(value, known):
            if names.opens(text.rpartition(".")[2]):
                door.openers.setdefault(text.rpartition(".")[2], line)
        parts = [
            names.of_guard(one.rpartition(".")[2])
            for one in texts(value, known)
            if not names.opens(one.rpartition(".")[2])
        ]
        if asked is not None:
            door.guards.append(Guard(formula=both(parts), line=line))
    elif short.endswith("AUTHENTICATION_CLASSES"):
        if not texts(value, known):
            doors(f"setting {short}", f"`{short}`", line).openers.setdefault("[]", line)
    elif short == "__acl__":
        door = doors(name, f"`{name}`", line)
        entries = value.elts if isinstance(value, ast.List | ast.Tuple) else []
        said = [ast.unparse(one) for one in entries]
        door.allowed = frozenset(one for one in said if "Allow" in one)
        door.guards += [Guard(formula=f"guard {one}", line=line) for one in said if "Deny" in one or "DENY" in one]
    else:
        _other(doors, short, value, known)


def _other(doors: Doors, short: str, value: ast.expr, known: Names) -> None:
    line = value.lineno
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        door = doors(f"setting {short}", f"`{short}`", line)
        if GIVES.search(short):
            if value.value:
                door.openers.setdefault(f"{short} = True", line)
        elif TAKES.search(short) and value.value:
            door.guards.append(Guard(formula=f"setting {short} = True", line=line))
    elif isinstance(value, ast.List | ast.Tuple | ast.Set) and LISTED.search(short):
        doors(f"setting {short}", f"`{short}`", line).allowed = frozenset(texts(value, known))
    elif short in {"AUTH_ROLE_PUBLIC", "LOGIN_REQUIRED", "AUTH_USER_REGISTRATION_ROLE"} and isinstance(
        value, ast.Constant
    ):
        doors(f"setting {short}", f"`{short}`", line).allowed = frozenset([str(value.value)])


def application_call(doors: Doors, node: ast.Call, name: str, known: Names) -> None:  # noqa: C901, PLR0912
    """A call that puts something before every door, or leaves one out of it."""
    receiver, _, short = name.rpartition(".")
    line = node.lineno
    if short == "add_middleware" or name in {"CORS", "flask_cors.CORS", "CORSMiddleware", "Middleware", "cross_origin"}:
        first = (
            ast.unparse(node.args[0]).rpartition(".")[2]
            if node.args and short in {"add_middleware", "Middleware"}
            else "CORS"
        )
        if "CORS" in first or "cross_origin" in short:
            _origins(doors, node, known)
        elif MIDDLE.search(first):
            door = doors(f"<{receiver or 'app'}>", f"`{receiver or 'app'}`", line, holder=True)
            door.guards.append(Guard(formula=f"middleware {first}", line=line))
    elif short == "exempt" and node.args:
        doors("csrf exempt", "the application", line).openers.setdefault(ast.unparse(node), line)
    elif short in {"before_request", "before_app_request"} and node.args:
        door = doors(f"<{receiver}>", f"`{receiver}`", line, holder=True)
        asked = asked_by(node.args[0], known)
        if asked is not None:
            door.guards.append(Guard(formula=asked.formula, line=line))
    elif short == "init_app" and MIDDLE.search(receiver):
        doors("application", "the application", line).guards.append(
            Guard(formula=f"guard {receiver}.init_app", line=line)
        )
    elif short in {"CSRFProtect", "CsrfProtect", "SeaSurf", "Talisman"} and node.args:
        doors("application", "the application", line).guards.append(Guard(formula=f"guard {short}", line=line))
    elif short == "set_default_permission" and node.args:
        said = ", ".join(texts(node.args[0], known))
        doors("application", "the application", line).guards.append(
            Guard(formula=f"guard default permission {said}", line=line)
        )
    elif short == "set_default_csrf_options":
        on = not any(ast.unparse(one) == "require_csrf=False" for one in node.keywords)
        door = doors("application", "the application", line)
        if on:
            door.guards.append(Guard(formula="guard default csrf", line=line))
    elif short in {"setdefault", "update", "from_mapping"} or short in {"dict"}:  # noqa: FURB171
        for word in node.keywords:
            if word.arg:
                setting(doors, word.arg, word.value, known)
    elif short in {"HTTPBearer", "OAuth2PasswordBearer", "APIKeyHeader", "HTTPBasic"}:  # noqa: SIM102
        if any(ast.unparse(one) == "auto_error=False" for one in node.keywords):
            doors(f"scheme {short}", f"`{short}`", line).openers.setdefault("auto_error=False", line)


def _origins(doors: Doors, node: ast.Call, known: Names) -> None:
    """Which other sites may ask; a call that names none lets all of them."""
    door = doors("CORS", "CORS", node.lineno)
    given = [word for word in node.keywords if word.arg in ORIGINS]
    said = {text for word in given for text in texts(word.value, known)}
    bare = (
        not given
        and not any(word.arg == "app" or word.arg is None for word in node.keywords)
        and "Middleware" not in ast.unparse(node)
    )
    door.allowed = frozenset({*(door.allowed or ()), *said, *({"*"} if bare else ())})
    for word in node.keywords:
        if word.arg in {"allow_credentials", "supports_credentials"} and ast.unparse(word.value) == "True":
            door.openers.setdefault(f"{word.arg}=True", word.value.lineno)
