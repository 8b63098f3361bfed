"""Who may come in and what they may do: authentication and authorisation logic, sessions, ownership."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.sensing import RuleSensor, declares_resource, named, rule
from magistrate.impact.vocabulary import vocabulary

PATHS: Final = rx(
    r"(?i)(?:^|[/_.-])(?:auth\w*|login|session|oauth2?|sso|saml|jwt|acl|rbac|sshd_config|pam\.d|passport)(?:[/_.-]|$)"
)
COMING_IN: Final = """
    auth authn authz authenticate authenticates authenticated authenticator authentication authenticating unauthenticated oauth oauth2 oidc openid saml sso jwt jwttoken ldap kerberos
    login logins logout loggedin islogged signin signout signup lockout password passwords passwd passphrase setpassword newpassword passwordreset resetpassword
    totp otp twofactor 2fa mfa webauthn passkey passkeys recoverycode recoverycodes session sessions sessionid sessionstore cookie cookies addcookie setcookie httponly samesite secure
    securecookie cookiesecure csrf xsrf antiforgery csrftoken nonce referer checkorigin allowedorigins postmessage bearer apikey accesstoken refreshtoken idtoken
    credential credentials principal impersonate impersonation basicauth authheader authtkt authorizationheader
"""
MAY_DO: Final = """
    authorize authorized authorizes authorization authorise authorised authorisation authorizer unauthorized unauthorised forbidden denied deny permission permissions haspermission
    checkpermission permissioncheck privilege privileges privileged superuser issuperuser staff isstaff admin admins isadmin administrator moderator owner owners isowner ownership
    role roles rbac acl acls accesscontrol accesslevel accessmode hasaccess canaccess accessrights isallowed disallowed canread canwrite cando canedit canview canupdate candelete
    cancreate ability abilities cancan policies policyscope currentuser currentuserid getcurrentuser requestuser sessionuser userid getuser isself collaborator collaborators tenant scope scopes
    sharing withsharing withoutsharing isprivate ispublic visibility blocked banned suspended islocked whitelist allowlist approle enforcer enforce rolecheck guard guards
    sudo impersonated loginrequired unprivileged idor authenticity authenticitytoken timingsafeequal constanttimecompare fixedtimeequals securecompare hashequals comparedigest
    clientcert clientcerts clientcertmode clientcertenabled clientcertificate clientcertificates clientcertificatemode clientcertificateenabled authnotrequired voter voters voteonattribute
    accessdenied accessabstain accessgranted crossorigin crossoriginprotection bypass insecurebypass secretkeybase serviceaccount actioncontroller usehsts developerexceptionpage usedeveloperexceptionpage unverifiable unverifiabletypes canexecute checker checkers loginurl
"""
WORDS: Final = vocabulary(COMING_IN + MAY_DO)
NEAR: Final = WORDS - vocabulary(
    "secure token tokens scope scopes owned guard guards enforce sharing cookie cookies session sessions deny allowed"
)


def _role(file: ChangedFile) -> str | None:
    if named(file, PATHS):
        return "its name says that it decides who may come in"
    return (
        "a cloud resource is declared, and who may come in is said or left at a default"
        if declares_resource(file)
        else None
    )


SENSOR: Final = RuleSensor(
    name="authentication",
    kind=ChangeClass.AUTHENTICATION,
    role=_role,
    words=WORDS,
    words_why="who may come in, or what they may do",
    near=NEAR,
    near_why="this stands beside what decides who may come in, or what they may do",
    rules=(
        rule(
            r"login_required|permission_required|requires_auth|authenticate|authoriz|authoris|is_?admin|is_?staff|is_?superuser|has_?perm|\brole\b|csrf|allow_?any|isauthenticated",
            "decides who may do something",
        ),
        rule(
            r"\b(?:check|verify|validate|require)_?(?:user|token|signature|password|session|access|permission|sig|owner|origin|referer)\w*|\bverify\(|\bcheck\(",
            "a check is added, moved or taken away",
        ),
        rule(
            r"\braise\s+\w*(?:Denied|Forbidden|Unauthor\w*|Permission\w*)|\b40[13]\b|\bForbidden\b|\bUnauthorized\b|\bhttp\.Error\(|\bStatus(?:BadRequest|NotFound)\b|\bBad(?:Request|HttpMessage)\b",
            "a refusal is added, moved or taken away",
        ),
        rule(
            r"\bjwt\b|oauth|set_?cookie|samesite|PermitRootLogin|PasswordAuthentication|compare_digest|strncmp|ConstantTime\w*|timingSafeEqual|MessageDigest\.isEqual|bytes\.Equal|hash_equals|secure_compare|FixedTimeEquals|CRYPTO_memcmp|sodium_memcmp|hmac\.Equal|http\.Cookie|addEventListener\([\"']message",
            "session or credential handling",
        ),
    ),
    code_rules=(
        rule(
            r"\b(?:skip_)?(?:before|around)_(?:action|filter)\b|\b(?:d|ctx|ctxt|context|c|req|request|session|self|this|g|info|caller)\.user\b\.?|@user\b|\.can(?!cel|vas|onical|dida)[a-z]\w*\(|\bhttp_x_\w+|[\"']x-(?:real-ip|accel|forwarded|original|remote|user|auth)[\w-]*[\"']|\bnew\s+(?:\w+\.)?bucket\(|<(?:script|link)\s*$|\bintegrity\s*=",
            "who asks, and what is checked before an answer",
        ),
        rule(
            r"\b\w*(?:token|secret|signature|digest|hmac|passw(?:or)?d|otp|nonce|csrf|api_?key)\w*(?:\(\))?\s*(?:===?|!==?)\s*\S|\.(?:equals|eql\?)\(\s*\w*(?:token|secret|signature|digest|hmac|passw(?:or)?d|otp|nonce|csrf|api_?key)",
            "a secret is compared",
        ),
        rule(
            r"(?:[\"']\s*|\bnull\s*)(?:===?|!==?)\s*\w{0,40}(?:token|secret|signature|digest|hmac|passw(?:or)?d|otp|nonce|csrf|api_?key)",
            "a secret is compared",
        ),
        rule(
            r"\breturn\b.{0,80}\bunless\b|\b(?:allow|forbid|reject|disallow|prevent)(?:s|ed)?(?:_\w{1,40}|(?-i:[A-Z])\w{1,40})\s*[?(]|\bpublished\?",
            "who or what is let through, or left out",
        ),
        rule(
            r"@(?:Request|Get|Post|Put|Delete|Patch)Mapping|\bAddControllers\b|\b(?:app|router|server)\.use\(|\bUse\w*(?:Session|Https\w*|Cors|Auth\w*)\(|\bwp_ajax|\badd_action\(|\buser_?id\b|\bfind(?:_by\w{0,40})?!?[ (]\s*(?:\w{1,40}:\s*)?params|\bparams\.(?:delete|permit|except|require|slice)\b|<form\b|\bmethod\s*=\s*[\"']?post|access-control-|x-requested-with|publicly|\btransferFrom\(|\bcreate_?user\b",
            "a door of the application, or whose record is opened",
            given="mapping controllers use session https cors auth wpajax ajax action userid user params find form method post access requested publicly transferfrom createuser",
        ),
        rule(
            r"^\s*(?:insert|update|upsert|delete|undelete)\s+\w+\s*;|\bdatabase\.(?:insert|update|upsert|delete)\(",
            "writes records without a check of rights",
            given="insert update upsert delete undelete database",
        ),
    ),
)
