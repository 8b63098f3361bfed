"""What no declaration makes benign: files with a role, keys and values that decide more than a size or a look.

Rule kept (R22, invariant 5): a floor in code under whatever a repository declares. The last step of
a key is made of words from a list of sizes, intervals and looks; the steps above it, the file's path
and values in words have no word of security, reach, execution, money or record in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.configuration.leaves import Leaf, Path
from magistrate.impact.configuration.scalars import Kind, Value


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


PLAIN: Final = _listed(
    "size sizes count counts width height columns rows cols line lines item items result results entries per page pages offset "
    "margin padding spacing gap indent tab font color colour theme layout align position title subtitle caption label placeholder "
    "icon zoom scale opacity animation duration speed delay interval timeout retries retry backoff batch chunk buffer pool "
    "workers worker threads thread queue cache ttl prefetch refresh poll polling seconds secs sec ms millis milliseconds minutes "
    "min max minimum maximum default initial step increment bins buckets preview thumbnail quality density dpi fps frames frame "
    "contrast brightness volume sidebar footer header toolbar menu tooltip grid card cards dark light compact collapsed expanded "
    "wrap sort descending ascending show hide visible visibility pagination suggestions autocomplete recent favorites favourites "
    "featured related avatar banner carousel slides slide table chart graph in of per"
)
"""Words of which the last step of a declared key may be made; all of them have to be here."""
PLACES: Final = _listed(
    "ui view views display look looks style styles editor search list lists catalog report reports dashboard dashboards map maps "
    "gallery shop home landing product products article articles blog post posts feed news player video audio server client app "
    "application web site website frontend backend settings options config configuration general defaults preferences performance "
    "rendering render print screen window windows panel panels widget widgets form forms button buttons text fonts colors colours "
    "thumbnails images calendar help tips welcome start catalogue forum wiki documents library book books photo photos music game "
    "board desk tree tabs navigation nav sidebar-left left right top bottom center mobile desktop tablet"
)
"""Further words of which the steps above it may be made."""
HEAVY: Final = rx(
    r"auth|secur|passw|passphrase|secret|token|cred|cert|crypt|verif|valid|permis|privileg|admin|sudo|superuser|cors|csrf|xsrf|"
    r"xss|cookie|session|login|logon|logout|signin|signup|sign|account|owner|tenant|sandbox|trust|allow|den(?:y|ied)|block|firewall|"
    r"proxy|bind|listen|endpoint|domain|callback|webhook|redirect|origin|command|exec|shell|script|spawn|plugin|modul|import|"
    r"includ|templat|eval|pickle|marshal|serial|query|schema|migrat|delet|destroy|drop|purge|prune|wipe|truncat|"
    r"evict|expir|lifetime|grace|lockout|throttl|ratelimit|quota|attempt|limit|feature|flag|experiment|toggle|switch|killswitch|kill|"
    r"disabl|enabl|bypass|skip|ignor|force|strict|safe|sanit|escap|filter|enforc|guard|protect|check|scan|inspect|detect|"
    r"payment|price|pricing|amount|balance|currenc|discount|refund|transfer|wallet|billing|invoice|threshold|alarm|"
    r"alert|monitor|notif|metric|audit|logg|loglevel|verbos|debug|retention|archive|backup|restore|replica|failover|"
    r"deploy|release|publish|version|upgrade|updat|registr|repositor|reposit|image|container|docker|cluster|node|kube|helm|"
    r"terraform|polic|rule|gate|approv|review|merge|quorum|consensus|rotat|renew|revoke|revoc|nonce|salt|iteration|"
    r"round|entropy|random|seed|hmac|sha[0-9]|md5|captcha|saml|oauth|oidc|jwt|ldap|"
    r"grant|public|private|internal|external|expos|unsafe|insecure|danger|prod_key|apikey|api_key|keystore|keyring|"
    r"medic|dose|dosage|patient|brake|throttle|altitude|agent|prompt|model|assist|llm|instruct|system|kernel|sysctl|"
    r"consent|gdpr|privacy|legal|licen|passkey|watchdog|heartbeat|election|brute|stack|journal|network|socket|interface|route|routing|gateway|dns|smtp|mail|upload|download|fetch|crawl"
)
"""Stems that no step of a key, no part of a path and no value in words may have anywhere."""
HEAVY_WORDS: Final = _listed(
    "key keys log logs level host hosts hostname port ports url urls uri uris path paths dir dirs directory file files folder "
    "role roles user users group groups scope scopes tls ssl mtls rate rates age ip ips cidr vpc sql db database env pid uid gid "
    "mode modes umask root cmd args argv run runs build ci cd test tests fixture fixtures api id ids tag tags hash pin pins  errors csp hsts raft wal gc sync flush ban bans vat cart shipping order orders checkout terms robots code codes health "
    "trace info warn warning error fatal critical "
    "tax taxes pay fee fees aes rsa mfa otp totp acl rbac iam vote votes sso http https ftp ssh sftp trace traces tracing tracer rounds "
    "clean cleanup clear hook hooks job jobs task tasks cron schedule vault kms store stores lock locks lease leases x509 pem"
)
"""Whole words of the same kind, which other words have in them."""
ROLES: Final = rx(
    r"(?i)^app\.(?:json|ya?ml)\Z|(?:^|/)(?:\.[^/]*|(?:setup|bower|lerna|nx|turbo|project|deno|jsr|jsconfig|composer|cargo)\.[a-z]+|[^/]*(?:requirements|"
    r"constraints|pyproject|pipfile|package|lockfile|shrinkwrap|tsconfig|lint|prettier|babel|jest|vitest|webpack|rollup|"
    r"karma|cypress|playwright|biome|dprint|rustfmt|clippy|flake8|bandit|semgrep|sonar|codecov|coverage|typos|cspell|"
    r"renovate|dependabot|mergify|pre-commit|commitlint|pytest|gradle|maven|wrapper|makefile|bazel|docker|compose|container|"
    r"kustomiz|skaffold|helm|chart|serverless|cloudformation|template|terraform|tfvars|pulumi|ansible|playbook|inventory|"
    r"vagrant|packer|consul|vault|netlify|vercel|firebase|wrangler|heroku|procfile|railway|amplify|mkdocs|readthedocs|"
    r"_config|antora|openapi|swagger|asyncapi|schema|manifest|workflow|pipeline|azure|bitbucket|gitlab|github|circleci|"
    r"travis|jenkins|appveyor|cloudbuild|buildspec|buildkite|release|changeset|crowdin|weblate|claude|gemini|copilot|cursor|"
    r"prompt|instruction|skill|policy|policies|magistrate|kyverno|alembic|flyway|liquibase|hibernate|persistence|log4j|logback|"
    r"logging|audit|prometheus|alert|grafana|datadog|sentry|nginx|apache|httpd|haproxy|envoy|traefik|sudoers|secret|credential|"
    r"foundry|hardhat|truffle|prisma|supabase|dbt_project|airflow|fixture|golden|snapshot|testdata|kubernetes|deploy|infra|"
    r"migration|example)[^/]*)(?:/|\Z)"
    r"|(?:^|[/_.-])(?:lock|vite|ruff|mypy|tox|nox|ant|make|buck|values|cfn|sam|cdk|nomad|now|fly|render|drone|agents?|mcp|llm|opa|"
    r"cedar|rego|falco|caddy|sshd|pam|iam|rbac|anchor|buf|sqlc|ci|cd|k8s|ops|argo\w*|flux|istio|crd|cron|systemd|owners)(?=[/_.-]|\Z)"
)
"""Names that say that a file builds, checks, deploys, publishes, instructs or guards something."""
VALUE_WORDS: Final = _listed(
    "off none null any all everyone latest main master nightly open full raw no yes on never always manual auto automatic"
)
"""Words that are heavy as a value."""
STRUCTURAL: Final = _listed(
    "apiversion kind jobs runs-on uses scripts dependencies devdependencies peerdependencies image services hosts tasks resources "
    "statement steps stages pipeline plugins extends include includes import imports $ref $schema hooks command commands cmd script "
    "entrypoint << policies policy rules mcpservers permissions roles playbook inherit inherits inherit_from parent base_file "
    "template templates handlers workflows on triggers containers volumes provider providers module modules swagger openapi "
    "allowedtools tools instructions prompt prompts anchors x-anchors profiles"
)
"""Names of keys by which other tools read a file: a file with one of them anywhere is theirs."""
ENVIRONMENTS: Final = (
    _listed("production prod prd live"),
    _listed("staging stage stg preprod preproduction uat"),
    _listed("development dev devel local"),
    _listed("test testing qa ci e2e"),
)
PIECES: Final = rx(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
SEPARATE: Final = rx(r"[^a-z0-9]+")


def why_not_file(path: str, leaves: Iterable[Leaf]) -> str | None:
    """Why no key of a file is benign, by its name or by the tools that its keys are written for."""
    role = ROLES.search(path)
    if role is not None:
        return f"a file named like `{role[0].strip('/')}` builds, checks, deploys, instructs or guards something"
    weight = next(filter(None, map(heavy, path.rsplit(".", 1)[0].split("/"))), None)
    if weight is not None:
        return f"its path says `{weight}`, which no declared file may"
    for place, _ in leaves:
        name = place[-1] if place else ""
        if isinstance(name, str) and name.casefold() in STRUCTURAL:
            return f"it has the key `{name}`, by which other tools read a file"
    return None


def why_not_key(place: Path) -> str | None:
    """Why a key is never benign, whatever is declared."""
    steps = [str(step) for step in place]
    if steps[0].casefold() == "default" and len(steps) > 1:
        return "is in a section that other sections inherit"
    weight = next(filter(None, map(heavy, steps)), None)
    if weight is not None:
        return f"says `{weight}`, which no declared key may"
    for at, step in enumerate(steps, 1):
        known = PLAIN if at == len(steps) else PLAIN | PLACES
        strange = next((word for word in pieces(step) or [step] if word not in known), None)
        if strange is not None:
            return f"says `{strange}`, which is none of the plain words that a declared key may be made of"
    return None


def why_not_value(value: Value) -> str | None:
    """Why a value in words is never benign."""
    if value.kind in {Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN}:
        return None
    weight = heavy(value.text) or next((word for word in pieces(value.text) if word in VALUE_WORDS), None)
    return None if weight is None else f"has the value `{value.text[:40]}`, which says `{weight}`"


def why_not_environment(declared: str, path: str, place: Path) -> str | None:
    """Why a declared environment is not the one that the file or the key names."""
    said = {word for part in (path, *map(str, place)) for word in pieces(part)}
    own = {at for at, words in enumerate(ENVIRONMENTS) if set(pieces(declared)) & words}
    for at, words in enumerate(ENVIRONMENTS):
        if words & said and at not in own:
            return f"is declared for `{declared}`, and its path or key names `{min(words & said)}`"
    return None


def heavy(text: str) -> str | None:
    """The first word or stem of weight in a name or a value."""
    joined = SEPARATE.sub("", text.casefold())
    found = HEAVY.search(joined) or next(filter(None, map(HEAVY.search, SEPARATE.split(text.casefold()))), None)
    if found is not None:
        return found[0]
    return next((word for word in pieces(text) if word in HEAVY_WORDS), None)


def pieces(text: str) -> list[str]:
    """The words of a name, in lower case: by separators, and where a capital begins a word."""
    return [piece.casefold() for piece in PIECES.findall(text)]
