"""Secrets and their movement: key material, tokens in clear, names that hold them."""

from __future__ import annotations

import re
from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.sensing import RuleSensor, rule
from magistrate.impact.vocabulary import vocabulary

PATHS: Final = re.compile(
    r"(?i)(?:^|/)(?:\.env(?:\.|$)|\.netrc|\.npmrc|\.pypirc|id_(?:rsa|ed25519)|.*\.(?:pem|key|p12|pfx|jks|kdbx)$|credentials)"
)
WORDS: Final = vocabulary("""
    secret secrets secretkey secretvalue secretsmanager secretref clientsecret appsecret sharedsecret hardcodedsecret password passwords passwd pwd passphrase passcode masterpassword adminpassword rootpassword userpassword
    administratorlogin administratorloginpassword minimumpasswordlength passwordpolicy passwordlength
    apikey apikeys apitoken apisecret accesskey accesskeys accesskeyid secretaccesskey authtoken bearer bearertoken bottoken accesstoken refreshtoken privatekey sshkey deploykey signingkey encryptionkey masterkey
    credential credentials creds connectionstring webhookurl vault keyvault hashicorp keychain keyring dotenv pgpass htpasswd basicauth
    sessionsecret cookiesecret jwtsecret secretstore secretstring serviceaccounttoken accessid accountid authtokens tokensecret hmackey jwtkey rsakey cakey iv hardcodediv createhmac signedstring apiorg
""")
WRITTEN: Final = r"[^'\"`,;()<>{}|\[\] \t]"
"""A sign of a value that stands without quotes."""
HIGH: Final = r"(?=[A-Za-z0-9_/+.%~=-]{0,40}\d)(?=[A-Za-z0-9_/+.%~=-]{0,40}[A-Za-z])[A-Za-z0-9_/+.%~=-]"


SENSOR: Final = RuleSensor(
    name="secrets",
    kind=ChangeClass.SECRETS,
    place=PATHS,
    place_why="files of this kind hold keys or passwords",
    words=WORDS,
    words_why="a secret, or what is done with one",
    rules=(
        rule(r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)", "key material", itself=True),
        rule(
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abp]-|\bsk-[A-Za-z0-9]{20,}|\beyJ[A-Za-z0-9_-]{10,}\.",
            "looks like a live credential",
            itself=True,
        ),
        rule(
            r"(?:secret|passw(?:or)?d|passphrase|api_?key|access_?key|private_?key|token|credential)s?\b['\"]?\s*[:=]",
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
            r"(?:environ|getenv|process\.env|System\.getenv|ENV\[)",
            "reads the environment, where secrets are handed over",
        ),
        rule(
            r"\b(?:log|logger|logging|print|console)\b.*\b(?:password|passwd|secret|token|credential|api_?key)",
            "may write a secret to a log",
        ),
        rule(
            r"secretKeyRef|secretName|kind:\s*Secret\b|vault|no_log|secretsmanager|/proc/self/environ|READTHEDOCS_TOKEN",
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
        ),
        rule(
            r"hooks\.slack\.com|webhook\.office\.com|discord(?:app)?\.com/api/webhooks|\w://[^\s:/@]{1,60}:[^\s/@]{1,60}@|\bapi_org_|\bsq0\w{3}-|\bzxlk\w{20}|\bxox[a-z]-|\bAIza[0-9A-Za-z_-]{20}|\b\d{8,10}:[A-Za-z0-9_-]{30,}|\bjwt\.(?:sign|encode|decode|verify)|\bsession\(|process\.env|[A-Z_]+(?:KEY|TOKEN|SECRET|PASS(?:WORD)?|PWD|AUTH)\w*\s*[:=]",
            "looks like a credential, or uses one",
            itself=True,
        ),
    ),
)
