"""What names say of guards: which ask for something, which for a login alone, which open, and which refuse."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.guards.formula import LOGIN, Formula, both, either
from magistrate.impact.vocabulary import vocabulary, words_of

ASKS: Final = vocabulary("""
    auth authn authz authenticate authenticates authenticated authentication authenticator authorize authorizes authorized authorization authorizer
    authorise authorised authorisation login logged loggedin signin signedin permission permissions perm perms role roles admin admins administrator staff
    superuser owner owners ownership access acl rbac jwt token tokens guard guards protect protected protection restrict restricted csrf csurf xsrf
    currentuser activeuser userrequired passestest policy policies scope scopes can privilege privileges moderator principal identity apikey bearer oauth
    oauth2 oidc security secured clearance passport credential credentials ability mfa otp twofactor sudo acegi keycloak auth0 clerk superadmin talisman
    expressjwt requireuser requiresuser ensureuser verified requires private internal tenant membership signature session passes entitlement entitled
""")
NO_GUARD: Final = rx(
    r"(?i)(?:router|routes?|controller|handler|service|view|page|schema|model|form|serializer|exception|error|repository|response|"
    r"ModelAdmin)\Z|^(?:require_?(?:post|get|safe|http_?methods)|path|url|include|modeladmin|super|get_?token|refresh_?token|"
    r"csrf_?token|admin\.register|register|tokens?|admins?|staff|owners?|roles?_?list)\Z"
)
LOGINS: Final = rx(
    r"(?:is|require[sd]?|ensure|check|verify|with|get|must_?be)?(?:auth(?:enticat(?:ed?|ion))?|login|loggedin|jwt|token|currentuser|"
    r"authenticateduser|httpauth|basicauth|authtoken|jwtauth|jwttoken|accesstoken|session)(?:required|guard|middleware|mixin|only|user|procedure|ensured){0,2}|"
    r"authentication(?:middleware|required)|protectedprocedure|authedprocedure|protect|authrequired|ensureloggedin|(?:get|require|requires|ensure)user|expressjwt|passportauthenticate|getcurrentuser"
)
OPENS: Final = rx(
    r"(?:allowany|permitall|permit|public|ispublic|publicroute|publicapi|publicendpoint|markpublic|allowanonymous|anonymous|allowunauthenticated|everyone|"
    r"allowunauthorized|unauthenticated|unsecured|nopermissionrequired|noperms?|exempt|open(?:to)?all|publicprocedure|allowguest|guestallowed|"
    r"authoptional|optionalauth\w*|optionaljwt\w*|"
    r"(?:skip|no|disable|bypass|ignore|exempt|without|omit)(?:from)?(?:auth\w*|login\w*|csrf\w*|xsrf\w*|permissions?\w*|guards?|jwt\w*|roles?\w*|accesscontrol|before\w*)|"
    r"(?:auth\w*|login|csrf|xsrf|permissions?|jwt|xframeoptions)(?:exempt|disabled|skip|skipped|notrequired|ignored))(?:decorator|guard|permission|middleware)?"
)
GENERIC: Final = vocabulary(
    "require required test check can verify enforce ensure allow guard has authorize middleware permission may"
)
"""Names that say nothing without what they belong to: `admin.require` and `editor.require` are two."""
REQUIRED: Final = rx(r"(?i)\w+_required\Z|[a-z]\w*Required\Z")
NOT_REQUIRED: Final = rx(
    r"(?i)(?:field|param\w*|arg\w*|json|body|data|xhr|ajax|setup|feature|ssl|https?|method\w*|config\w*|module|plugin|libs?|backend)_?required\Z"
)
READS: Final = rx(r"(?i)^(?:is_?)?(?:read_?only|safe_?methods?|guest|anon\w*)")
"""Names of rules that somebody meets who did not come in."""
ALL_OF: Final = rx(r"(?i)permission|perms?\b|scope|rolesrequired|\ball\b|requireall|hasall|^requires\Z|authorit")
ANY_OF: Final = rx(r"(?i)accepted|any|oneof|roles?|allow|groups?|restrict|authorized|authorize|user_?types?|origins?")
REFUSES: Final = rx(
    r"(?i)forbidden|unauthori[sz]ed|permission_?denied|not_?authori[sz]ed|access_?denied|auth\w*error|\bNotAuthenticated|NotPermitted|handle_no_permission|"
    r"login_?(?:url|view|page|required)|['\"/](?:login|signin|sign-in|auth)\b|\b40[13]\b|HTTP_40[13]|Denied|UNAUTHENTICATED|notAllowed|"
    r"users?\.login|auth\.login"
)
STRONG: Final = rx(
    r"(?i)is_?(?:super_?)?admin|is_?staff|is_?super_?user|has_?(?:\w+_)?perm|is_?auth\w*|is_?logged|is_?owner|is_?moderator|is_?member|\broles?\b|_roles?\b|"
    r"\broles?[._]|[a-z]Roles?\b|permission|\bowner|owner_?id|current_?user|\.user\b|created_?by|\bauthor(?:_id)?\b|user_?id\b|can_?[A-Z_]\w*|\bcan\(|has_?access|"
    r"authori[sz]ed|allowed|\btoken\b|session|scopes?\b|is_?anonymous|is_?active|check_?password|secret|signature|groups?\b|\badmin"
)
CHECKS: Final = rx(
    r"(?i)(?:check|verify|require|ensure|enforce|assert|authori[sz]e|validate|demand|guard|test|deny|protect|must)_?\w*|\w+_or_(?:40\d|raise|deny|forbid\w*|abort|fail)\Z"
)
OPENING_WORDS: Final = frozenset(
    {"optional=True", "auto_error=False", "required=False", "credentialsRequired=false", "mode=try", "mode=optional"}
)
QUIET: Final = frozenset(
    {"raise_exception", "login_url", "redirect_field_name", "name", "message", "realm", "session", "failureRedirect", "use_cache", "tags", "scheme_name"}
)  # fmt: skip
"""Words given to a guard that say how it refuses, not whom."""


def plain(name: str) -> str:
    """A name in lower case without separators."""
    return name.rpartition(".")[2].replace("_", "").replace("-", "").lower()


@lru_cache(maxsize=8_192)
def asks(name: str) -> bool:
    """Whether a name says that it asks who somebody is or what they may do."""
    short = name.rpartition(".")[2]
    if opens(name) or NO_GUARD.search(short):
        return False
    words = words_of(short)
    whole = words_of(name.replace(".", "_")) if name.count(".") else words
    if REQUIRED.match(short) and not NOT_REQUIRED.search(short):
        return True
    return not ASKS.isdisjoint(words) or (not ASKS.isdisjoint(whole) and bool(CHECKS.match(short)))


@lru_cache(maxsize=8_192)
def opens(name: str) -> bool:
    """Whether a name says that anybody may pass."""
    return OPENS.fullmatch(plain(name)) is not None


def of_guard(name: str, given: Sequence[str] = (), flags: Sequence[str] = ()) -> Formula:  # noqa: PLR0911
    """What a guard by its name asks for; `given` are the roles or permissions that it names."""
    short = name.rpartition(".")[2]
    bare = plain(short.removesuffix("()"))
    if bare in GENERIC and name.count("."):
        short = ".".join(name.split(".")[-2:])
    if bare in {"isauthenticatedorreadonly", "djangomodelpermissionsoranonreadonly"}:
        return either([LOGIN if "auth" in bare else "guard DjangoModelPermissions", "only reading"])
    if READS.search(short):
        return f"rule {short}"
    extra: list[Formula] = [f"guard {short} {one}" for one in flags]
    if not given:
        login = LOGINS.fullmatch(bare) is not None
        return both([LOGIN if login else f"guard {short}", *extra])
    named: list[Formula] = [f"guard {short}({one})" for one in given]
    if len(named) == 1:
        return both([*named, *extra])
    if ALL_OF.search(bare if bare.startswith("roles") else short):
        return both([*named, *extra])
    if ANY_OF.search(short):
        return both([either(named), *extra])
    return both([f"guard {short}({', '.join(given)})", *extra])
