"""Firewalls, accounts and logins of machines, as commands and settings say them in any file.

iptables(8), nft(8), ufw(8), firewall-cmd(1), usermod(8), gpasswd(1), setfacl(1), setcap(8), sshd_config(5), keys as
authorized_keys holds them (sshd(8)), and the modules of Ansible for these.

Rule kept: a rule is not evaluated; one that comes, goes or changes is unknown. What builds an image is read by the reader
of images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from magistrate.impact.base import in_lower_case
from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.dockerfile import READER as IMAGES
from magistrate.impact.privilege.domains.texts import Statements, whole
from magistrate.impact.privilege.model import Reader
from magistrate.impact.screening import places

DOMAIN: Final = "machine-text"
KEPT: Final = 4_096
_MARKS: Final = (
    "tables", "nft", "ufw", "firewall", "-a input", "-a forward", "-a output", "pfctl", "ipset", "usermod", "useradd", "adduser", "gpasswd", "setfacl", "setcap",
    "permitrootlogin", "passwordauthentication", "authorized", "allowusers", "allowgroups", "denyusers", "denygroups", "permitemptypasswords", "forcecommand", "trustedusercakeys",
    "allowtcpforwarding", "chrootdirectory", "ssh-", "ecdsa-", "become", "tcp dport", "udp dport", "chpasswd", "acl:", "seboolean", "selinux", "pubkeyauthentication", "policy accept",
)  # fmt: skip
"""In small letters: one of them stands in every line that is looked for."""
LINE: Final = rx(
    r"\b(?:ip6?tables(?:-restore|-legacy|-nft)?|ufw|firewall-cmd|pfctl|ipset|ebtables)[ \t]+[^\s=:({.,'\"`)][^\n]*"
    r"|\bnft[ \t]+(?:add|insert|replace|delete|flush|create|destroy|reset|-f)\b[^\n]*"
    r"|^[ \t]*-[AIDR][ \t]+(?:INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING|[A-Z][A-Z0-9_-]+)[ \t]+-[^\n]*|^:(?:INPUT|OUTPUT|FORWARD)[ \t][^\n]*"
    r"|\b(?:tcp|udp|th|ip|ip6|ct|iif|iifname|meta)[ \t][^\n]{0,300}\b(?:accept|drop|reject|jump|goto)\b[^\n]*|\bpolicy[ \t]+(?:accept|drop)\b"
    r"|\busermod[ \t][^\n]*|\b(?:useradd|adduser)[ \t][^\n]*(?:-G|--groups?|-o\b|--non-unique|-u[ \t]*0\b|--uid[ =]0\b)[^\n]*|\badduser[ \t]+[\w$-]+[ \t]+[\w$-]+[ \t]*$"
    r"|\bgpasswd[ \t]+-[^\n]*|\bsetfacl[ \t][^\n]*|\bsetcap[ \t][^\n]*|\bchpasswd\b[^\n]*"
    r"|^[ \t#'\"-]*(?i:PermitRootLogin|PasswordAuthentication|PubkeyAuthentication|PermitEmptyPasswords|AuthorizedKeys(?:File|Command\w*)|AuthorizedPrincipals\w+|AllowUsers|AllowGroups|DenyUsers|"
    r"DenyGroups|ForceCommand|TrustedUserCAKeys|AllowTcpForwarding|ChrootDirectory|GatewayPorts|PermitTunnel|PermitUserEnvironment)[ \t]+[^\n]*"
    r"|\b(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)[ \t]+[A-Za-z0-9+/]{8}[^\n]*"
    r"|^[ \t-]*(?:become|become_user|become_method)[ \t]*:[^\n]*"
    r"|^[ \t-]*(?:ansible\.(?:builtin|posix)\.|community\.general\.)?(?:authorized_key|acl|iptables|firewalld|ufw|seboolean|selinux|sefcontext|capabilities|pamd|nftables)[ \t]*:[^\n]*",
    re.MULTILINE,
)


class _Machines(Statements):
    """The reader; images are left to their own."""

    __slots__ = ()

    def reads(self, path: str) -> bool:
        """Whatever may be run on a machine or copied there."""
        return not path.lower().endswith((".py", ".pyi", ".go", ".rs", ".java")) and Statements.reads(self, path)


@lru_cache(maxsize=KEPT)
def lines_in(text: str) -> tuple[tuple[str, int], ...]:
    """Each such line with its number, blanks as one; what is indented below a module of Ansible goes with it."""
    lowered = in_lower_case(text)
    if not any(mark in lowered for mark in _MARKS):
        return ()
    return tuple(_found(text))


def _found(text: str) -> Iterator[tuple[str, int]]:
    end, line, counted = -1, 1, 0
    for one in places(LINE, text):
        if one.start() < end:
            continue
        start, end = one.start(), one.end()
        if one[0].rstrip().endswith(":"):
            end += len(_below(text, start, end))
        line, counted = line + text.count("\n", counted, start), start
        yield whole(text[start:end]), line


def _below(text: str, start: int, end: int) -> str:
    """The lines that stand further in than the one that begins here."""
    line = text[text.rfind("\n", 0, start) + 1 : end].rsplit("\n", maxsplit=1)[-1]
    margin = len(line) - len(line.lstrip(" -"))
    at = end
    while at < len(text):
        stop = text.find("\n", at + 1)
        stop = stop if stop >= 0 else len(text)
        other = text[at + 1 : stop]
        if other.strip() and len(other) - len(other.lstrip(" ")) <= margin:
            break
        at = stop
    return text[end:at]


READER: Final[Reader] = _Machines(
    domain=DOMAIN, why="a rule of a firewall, an account or a login of a machine", find=lines_in, elsewhere=IMAGES
)
