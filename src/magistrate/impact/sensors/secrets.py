"""Secrets and their movement: key material, tokens in clear, names that hold them."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.pins import without_fetched, without_pins
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RuleSensor, rule
from magistrate.impact.vocabulary import vocabulary

PATHS: Final = rx(
    r"(?i)(?:^|/)(?:\.env(?:\.|$)|\.netrc|\.npmrc|\.pypirc|id_(?:rsa|ed25519)|.*\.(?:pem|key|p12|pfx|jks|kdbx)$|credentials)"
)
WORDS: Final = vocabulary("""
    secret secrets secretkey secretvalue secretsmanager secretref clientsecret appsecret sharedsecret hardcodedsecret password passwords passwd pwd passphrase passcode masterpassword adminpassword rootpassword userpassword
    administratorlogin administratorloginpassword minimumpasswordlength passwordpolicy passwordlength
    apikey apikeys apitoken apisecret accesskey accesskeys accesskeyid secretaccesskey authtoken bearer bearertoken bottoken accesstoken refreshtoken privatekey sshkey deploykey signingkey encryptionkey masterkey
    credential credentials creds connectionstring webhookurl vault keyvault hashicorp keychain keyring dotenv pgpass htpasswd basicauth
    sessionsecret cookiesecret jwtsecret secretstore secretstring serviceaccounttoken accessid accountid authtokens tokensecret hmackey jwtkey rsakey cakey tokenkey secretkeybase signjwt noecho iv hardcodediv authkey authkeys pkey keypem passkey keyfile createhmac signedstring apiorg
    licensekey licencekey userpass dbpass dbpassword aeskey deskey githubtoken gitlabtoken ghtoken npmtoken redact redacts redacted redacting redaction redactor redactions censor censored censors
""")
WRITTEN: Final = r"[^'\"`,;()<>{}|\[\] \t]"
"""A sign of a value that stands without quotes."""
HIGH: Final = r"(?=[A-Za-z0-9_/+.%~=-]{0,40}\d)(?=[A-Za-z0-9_/+.%~=-]{0,40}[A-Za-z])[A-Za-z0-9_/+.%~=-]"
SPREAD: Final = r"(?=[A-Za-z0-9]{20})\d{0,24}(?:[A-Za-z]{1,24}\d{1,24}){4}[A-Za-z0-9]*"
"""Letters and digits in turn, four times over: no word is written so."""
ISSUED: Final = (
    r"(?-i:\b(?:gl(?:pat|ptt|dt|rt|soat|cbt|ffct|ft|imt|agent)-|tskey-[a-z]+-|SG\.|dp\.(?:pt|st|ct|sa|scim|audit)\.|shp(?:at|ss|ca|pa)_|(?:sk|rk|pk)_(?:live|test)_|whsec_|npm_|pypi-|"
    r"do[opr]_v1_|hv[sbr]\.|dckr_pat_|lin_api_|figd_|gl(?:sa|c)_|sntr[yu]s_|ya29\.|ghs_|github_pat_|NRAK-|PMAK-|AGE-SECRET-KEY-|EAAC|xapp-|atlasv1\.|"
    r"dapi(?=[0-9a-f]{32})|rubygems_|pul-|sbp_|ops_eyJ|key-(?=[0-9a-f]{32})|SK(?=[0-9a-f]{32})|AC(?=[0-9a-f]{32})|AIza)[A-Za-z0-9_.\\+/=-]{10,})"
)
"""Tokens by the mark that who issues them puts in front, so that they are found when they leak."""
CRYPTED: Final = r"(?<![\w$])\$(?:\d{1,2}|2[abxy]|y|gy|apr1|md5|sha1|argon2[id]{1,2}|scrypt|pbkdf2[\w-]{0,10}|bcrypt[\w-]{0,10}|B|P|H)\$[^\s\"'`]{8,}"
"""A password as crypt(3) and its followers keep it."""
SETTING: Final = rx(r"(?:export[ \t]+)?[A-Z][A-Z0-9_]{2,}[ \t]*=.*\Z")
"""A line of a file that is read into the environment of a program (`.env`)."""
NPM: Final = rx(
    r"(?:@[\w.-]+:registry|registry|fund|audit|engine-strict|ignore-scripts|legacy-peer-deps|auto-install-peers|link-workspace-packages|enable-pre-post-scripts|min-release-age|"
    r"package-lock|(?:public-)?hoist-pattern\[\]|side-effects-cache|save-exact|save-prefix|strict-peer-dependencies|always-auth|shamefully-hoist|node-linker|allow-git|//\S+:\w+)[ \t]*=.*\Z"
)
"""A line of npm's settings (`.npmrc`), where its tokens stand too."""
MOST_SETTINGS: Final = 400
CLOUD_SECRETS: Final = rx(
    r"(?i)\bAWS::(?:SSM::Parameter|ElastiCache|RDS|Redshift|DocDB|Neptune|DMS::Endpoint|DirectoryService|AmazonMQ|SecretsManager|Pinpoint|Amplify|KinesisFirehose|OpsWorks|EMR|AppStream|CodePipeline::Webhook|"
    r"Lambda::Permission|IAM::(?:User|AccessKey)|ManagedBlockchain)\b|[\"']aws_(?:ssm_parameter|eks_cluster|elasticache\w*)[\"']|managedClusters[\"']|\b(?:kubernetes|container)_cluster[\"']|\bkind[\"']?[^\S\n]*:[^\S\n]*[\"']?(?:cluster)?role\b|\bhostpath[\"']?[^\S\n]*:|\bserviceAccount(?:Name)?[\"']?\s*:"
)


SET: Final = rx(r"(?im)^[^\S\n]*(?:-[^\S\n]*)?[\"']?(?:value|default)[\"']?[^\S\n]*[:=][^\S\n]*\S")
"""A value whose name stands on another line, as in the environment of a container."""
NAMES: Final = vocabulary(
    "secret secrets password passwords passwd pwd passphrase apikey apitoken accesskey secretkey privatekey credential credentials"
)


def _role(file: ChangedFile) -> str | None:
    """What a file is by all of its lines; a cluster or a store whose secrets are kept as it says, or as a default says."""
    for text in file.both_texts:
        lines = [line.strip() for line in text.split("\n", MOST_SETTINGS)]
        kept = [line for line in lines if line and not line.startswith(("#", ";"))]
        if kept and len(lines) <= MOST_SETTINGS:
            if all(map(SETTING.match, kept)):
                return "these lines are handed to a program by its environment, where secrets are kept"
            if all(map(NPM.match, kept)):
                return "settings of npm, where its tokens are kept"
    changed, _, _ = file.code_text
    if may_match(SET, changed) and SET.search(changed) and not file.words_near.keys().isdisjoint(NAMES):
        return "a value is set beside the name of a secret"
    if may_match(CLOUD_SECRETS, changed) and CLOUD_SECRETS.search(changed):
        return "how secrets of a cluster or a store are kept, said or left at a default"
    return None


SENSOR: Final = RuleSensor(
    name="secrets",
    kind=ChangeClass.SECRETS,
    place=PATHS,
    place_why="files of this kind hold keys or passwords",
    role=_role,
    words=WORDS,
    words_why="a secret, or what is done with one",
    rules=(
        rule(r"-----BEGIN [A-Z0-9 ]*PUBLIC KEY(?: BLOCK)?-----", "whose key is trusted"),
        rule(r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)", "key material", itself=True),
        rule(ISSUED, "a token by the mark of who issues it", itself=True, aside=without_pins),
        rule(CRYPTED, "a password as it is kept", itself=True),
        rule(
            r"(?:key|token|secret|passw(?:or)?d|pwd|auth|cred(?:ential)?)s?[\"']?\s*(?::=|=>|[:=])\s*[\"'`]"
            + HIGH
            + r"{16,}[\"'`]",
            "a key written out, be it in a comment or on a page",
            itself=True,
            aside=without_fetched,
        ),
        rule(
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abp]-|\bsk-[A-Za-z0-9]{20,}|\beyJ[A-Za-z0-9_-]{10,}\.",
            "looks like a live credential",
            itself=True,
        ),
        rule(
            r"(?:secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|token|credential)s?\d{0,4}\b['\"]?\s*[:=]",
            "sets a secret or where it comes from",
        ),
        rule(
            r"(?:secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|token|credential)s?\b['\"]?\s*[:=]\s*"
            r"(?:['\"`](?!your|my|the|some|xxx|\*|<|\$|\{|example|changeme|secret|password|token|test|foo|bar)[^'\"` \t]{6,}['\"`]|"
            rf"(?!https?:)(?={WRITTEN}{{0,40}}\d)(?={WRITTEN}{{0,40}}[A-Za-z]){WRITTEN}{{8,}}(?!{WRITTEN}|[(\[{{]))",
            "a secret written out",
            itself=True,
        ),
        rule(
            r"environ(?!ment)|environment_?variable|getenv|process\.env|ENV\[",
            "reads the environment, where secrets are handed over",
        ),
        rule(
            r"\b(?:log|lg|logger|logging|print|console|zap|slog|zerolog|logrus|klog)\b.*\b(?:password|passwd|secret|token|credential|api_?key)",
            "may write a secret to a log",
        ),
        rule(
            r"secretKeyRef|secretName|kind:\s*Secret\b|vault|no_log|secretsmanager|/proc/self/environ|READTHEDOCS_TOKEN|serviceaccounts/token|--encryption-provider-config",
            "moves or shows a secret",
        ),
    ),
    code_rules=(
        rule(
            r"(?:[:=(,|]|=>|\bkey\b)\s*[\"'`]?"
            + HIGH
            + r"{20,}[\"'`]?\s*[,;)`\"']*\s*$|[\"'`]"
            + HIGH
            + r"{24,}[\"'`]|\b[0-9a-f]{32,64}\b|\b[a-z]{2,10}[-_](?:[a-z]{2,8}[-_])*"
            + HIGH
            + r"{18,}",
            "text that looks like a key",
            itself=True,
            aside=without_pins,
        ),
        rule(
            rf"(?<![A-Za-z0-9/+-]){SPREAD}(?![\w/])",
            "letters and digits in turn, as a key has them",
            aside=without_pins,
        ),
        rule(
            r"(?:\btoken|\bsecret|\bkey|\baccess|\bprivate|\bpassword|\bcredential)\s+[\"'`]?(?-i:[A-Z0-9]{20,}|(?=[a-z_.]{0,10}\d)[A-Za-z0-9_.+/=-]{24,})",
            "a key after its name",
            aside=without_pins,
        ),
        rule(
            r"(?:^|[\s\"'=/\\])\.(?:aws|azure|kube|ssh|gnupg|docker)(?:/|\b[\"'\s,]|$)|/etc/(?:shadow|kubernetes/pki)|/var/run/secrets|gcloud/(?:credentials|application_default)|"
            r"\s-u\s?\S{1,60}\s{1,4}-p\s?\S|\s--?(?:password|passwd|passphrase|token|secret)[= ]\S|"
            r"(?:\b|_)(?:get_?connection|connect|log_?in|authenticate)\w*\([^()]{0,120}[\"'][^\"'\s]{1,40}[\"']\s*,\s*[\"'][^\"'\s]{1,40}[\"']\s*[),]|"
            r"\s-u\s{1,4}[\"']?[^\s\"':/]{1,60}:[^\s\"'/]",
            "a place of credentials, or one handed over in clear",
        ),
        rule(
            r"\b(?:pw|pswd|psword|passw)[\"']?\s{0,4}(?::=|[:=])\s{0,4}[^\s,;()]|\bpass[\"']?\s{0,4}(?::=|[:=])\s{0,4}[\"'`]?(?=[^\s\"'`,;()]{0,40}\d)[^\s\"'`,;()]{6,}|\bidentified\s{1,4}by\s{1,4}\S|"
            r"<\w{0,20}(?:pass(?:word|wd|phrase)?|pwd|secret|token|\w_?key)\b[^<>\n]{0,80}>[^<\s]|\bkey[\"']?\s{0,4}(?::=|[:=])\s{0,4}[\"'`][0-9A-Za-z+/=]{24,}[\"'`]",
            "a password or a key by a short name, in a statement or in an element",
            itself=True,
            aside=without_pins,
        ),
        rule(
            r"[\"'`](?=[^\s\"'`/]{11,})[^\s\"'`/\d]*(?:\d+[A-Za-z\[\]@!#$^&*]+){2,}\d[^\s\"'`/]*[\"'`]",
            "letters and numbers that make no word",
            aside=without_pins,
        ),
        rule(
            r"hooks\.slack\.com|webhook\.office\.com|discord(?:app)?\.com/api/webhooks|\w://[^\s:/@]{1,60}:[^\s/@]{1,60}@|\bapi_org_|\bsq0\w{3}-|\bzxlk\w{20}|\bxox[a-z]-|\bAIza[0-9A-Za-z_-]{20}|\b\d{8,10}:[A-Za-z0-9_-]{30,}|\b(?:jwt|jose|jws)\w*\.(?:sign|encode|decode|verify)|\bsession\(|process\.env|(?-i:[A-Z_]+(?:KEY|TOKEN|SECRET|PASS(?:WORD)?|PWD|AUTH)[A-Z0-9_]*)\s*[:=]|[a-z_]+(?:key|token|secret|pass(?:word)?|pwd|auth)\w*[\"']?\s*(?::=|=>|[:=])\s*(?:[\w.]{1,40}\(\s*)?[\"'`][^\"'`]|\b_auth(?:token)?\s*=|\bhf_[A-Za-z]{20,}",
            "looks like a credential, or uses one",
            itself=True,
        ),
    ),
)
