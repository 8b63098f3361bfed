"""One tree of errors with stable codes, exit statuses and words for people.

```
MagistrateError
├── Refused       exit 1   a rule said no
├── Usage         exit 2   the request itself is wrong
├── NotFound      exit 3   the thing named does not exist
└── Unavailable   exit 4   could not judge, could not reach, could not record
```

A message says what and where, in lower case, one sentence, user input in backticks;
the hint says what to do. Codes never change their meaning; additions only.
"""

from __future__ import annotations

from typing import ClassVar, Final

CODES: Final[dict[str, str]] = {
    # 100-199 wire, authority
    "MAG-E101": "not canonical JSON",
    "MAG-E102": "document has another shape",
    "MAG-E103": "document of another type or version",
    "MAG-E104": "document of another deployment or audience",
    "MAG-E105": "document expired or not yet valid",
    "MAG-E106": "signature missing or wrong",
    "MAG-E107": "key not acceptable",
    "MAG-E108": "value outside the permitted range",
    "MAG-E109": "no such step in the life of a case",
    "MAG-E110": "request signed for something else",
    "MAG-E120": "roster not acceptable",
    "MAG-E121": "quorum not met",
    "MAG-E122": "person may not approve this",
    "MAG-E123": "refused by the floor",
    "MAG-E124": "warrant does not match what was approved",
    "MAG-E125": "not recorded in the witnessed log",
    "MAG-E126": "held by a halted case",
    "MAG-E127": "closed by a lease that nobody knows",
    "MAG-E128": "workload identity not proven",
    "MAG-E129": "not covered by a promotion",
    # 200-249 ledger
    "MAG-E200": "not a signed note or verifier key",
    "MAG-E201": "signature on the log missing or wrong",
    "MAG-E202": "not a checkpoint of this log",
    "MAG-E203": "not witnessed",
    "MAG-E204": "not proven to be in the log",
    "MAG-E205": "history was not only appended to",
    "MAG-E206": "not an entry of the log",
    "MAG-E207": "log entry changed or out of place",
    "MAG-E208": "log does not match its checkpoint",
    "MAG-E209": "log is shorter than what was witnessed",
    "MAG-E210": "log differs from what was witnessed",
    "MAG-E211": "payload does not match its commitment",
    "MAG-E212": "payload missing or not accounted for",
    "MAG-E213": "not a log proof",
    "MAG-E214": "exported log incomplete",
    "MAG-E215": "log can not be sealed here",
    "MAG-E220": "witness not reachable",
    "MAG-E221": "witness refused",
    "MAG-E222": "log and witness disagree",
    "MAG-E223": "witness settings not usable",
    # 250-299 impact, judge, sandbox
    "MAG-E250": "case has another shape",
    "MAG-E251": "case cannot be had from its repository",
    "MAG-E252": "request to the assessor has another shape",
    "MAG-E253": "assessor gave no verdict",
    "MAG-E254": "no such mode of the assessor",
    "MAG-E255": "approval is of another plan or state",
    "MAG-E256": "credential reaches more than its action",
    "MAG-E258": "registry of packages gives no answer",
    "MAG-E280": "no sandbox here",
    "MAG-E281": "sandbox could not start",
    "MAG-E282": "not readable inside the sandbox",
    # 300-329 git
    "MAG-E300": "not a git repository",
    "MAG-E301": "git cannot do this here",
    "MAG-E302": "no such revision or object",
    "MAG-E303": "repository not supported",
    "MAG-E304": "patch does not apply",
    "MAG-E305": "path not acceptable",
    "MAG-E306": "patch too large",
    "MAG-E307": "patch changes nothing",
    "MAG-E308": "object is not what its name says",
    "MAG-E309": "objects not acceptable",
    "MAG-E314": "no artifact can be made of the tree",
    "MAG-E315": "document of entitlements not readable",
    "MAG-E316": "document of the uses of a secret not readable",
    # 330-379 gate
    "MAG-E331": "push of another form",
    "MAG-E332": "credential not issued",
    "MAG-E333": "credential not valid",
    "MAG-E334": "no such lease",
    "MAG-E335": "request used before",
    "MAG-E336": "no such repository at the gate",
    "MAG-E337": "not a scratch repository",
    "MAG-E338": "git failed at the gate",
    "MAG-E339": "lease not covered by its warrant",
    "MAG-E341": "push not granted",
    "MAG-E342": "the target has moved",
    "MAG-E343": "request too large or malformed",
    "MAG-E344": "roster of the gate not readable",
    "MAG-E345": "gate's database of another version",
    "MAG-E346": "credential of another user's process",
    "MAG-E347": "nobody knows whose connection it is",
    "MAG-E348": "workload token used before",
    "MAG-E349": "too many stops of one person",
    "MAG-E350": "not judged so by the gate",
    # 380-429 executor
    "MAG-E380": "workload token not readable",
    "MAG-E381": "warrant used before",
    "MAG-E382": "executor's journal does not verify",
    "MAG-E383": "executor already running",
    "MAG-E384": "executor's journal not usable",
    "MAG-E385": "no such execution",
    "MAG-E386": "credential not as asked for",
    "MAG-E387": "credential not confirmed dead",
    "MAG-E388": "stopped",
    "MAG-E389": "result tree differs from the approved one",
    "MAG-E390": "judgement differs from the approved one",
    "MAG-E391": "no warrant",
    "MAG-E392": "the target has moved",
    "MAG-E393": "not a place the executor writes to",
    "MAG-E394": "git failed at the executor",
    "MAG-E395": "no understood answer",
    "MAG-E396": "drill order not acceptable",
    "MAG-E397": "exported log not readable",
    "MAG-E398": "assessor gave no verdict",
    "MAG-E399": "executor not set up",
    "MAG-E400": "judged by another version of the assessor",
    "MAG-E401": "issuer gave no workload token",
    "MAG-E402": "client key of workload identity not usable",
    "MAG-E403": "entitlements are not what was approved",
    "MAG-E404": "no such system at this executor",
    "MAG-E405": "secret not rotated",
    "MAG-E406": "place of the executor's journal not acceptable",
    "MAG-E407": "executor's journal was elsewhere",
    "MAG-E410": "role of a database not minted or not ended",
    "MAG-E411": "database or group not fit for a lease",
    "MAG-E412": "settings of a database not acceptable",
    "MAG-E413": "database gives no understood answer",
    "MAG-E414": "driver of the database missing",
    "MAG-E420": "SSH target or CA key not acceptable",
    "MAG-E421": "list of revoked SSH keys not in place",
    "MAG-E422": "SSH certificate not issued",
    "MAG-E423": "SSH target not reached",
    "MAG-E424": "SSH certificate refused",
    # 430-529 control, use cases, store, policy
    "MAG-E430": "policy cannot be read",
    "MAG-E431": "rule of the policy not acceptable",
    "MAG-E432": "fact missing or not usable",
    "MAG-E433": "policy engine gave no understood answer",
    "MAG-E434": "policy relaxes what it may not",
    "MAG-E435": "policy failed its self-test",
    "MAG-E440": "store not usable",
    "MAG-E441": "store of another version",
    "MAG-E442": "row of record would change",
    "MAG-E443": "nothing could be recorded",
    "MAG-E444": "URL of the store not acceptable",
    "MAG-E445": "driver of the store's database missing",
    "MAG-E446": "server of the store does not answer",
    "MAG-E450": "no such thing",
    "MAG-E451": "request not acceptable",
    "MAG-E453": "request seen before",
    "MAG-E454": "not yours to ask",
    "MAG-E455": "body too large",
    "MAG-E460": "session not open",
    "MAG-E461": "agent not registered or not active",
    "MAG-E462": "token or client unknown",
    "MAG-E463": "proposal differs from what the server derives",
    "MAG-E464": "target moved",
    "MAG-E465": "case not open for this",
    "MAG-E466": "name not unique",
    "MAG-E467": "warrant already taken",
    "MAG-E468": "could not judge",
    "MAG-E469": "control is disarmed",
    "MAG-E470": "no proposal of yours to supersede",
    "MAG-E471": "trust not earned",
    # 530-589 front, context, mcp
    "MAG-E530": "path outside the repository",
    "MAG-E531": "not readable as text",
    "MAG-E532": "no such file at this commit",
    "MAG-E540": "redaction token in an added line",
    "MAG-E541": "unknown redaction token",
    "MAG-E542": "draft too large or empty",
    "MAG-E543": "draft changes nothing",
    "MAG-E544": "reason withheld, it would show a secret",
    "MAG-E545": "policy lets nothing be released here",
    "MAG-E550": "session refused",
    "MAG-E551": "front not reachable",
    "MAG-E552": "arguments of a tool are wrong",
    "MAG-E553": "front answered in another shape",
    "MAG-E554": "session file or settings of the assistant's door not acceptable",
    "MAG-E555": "no such tool",
    "MAG-E556": "control not reachable",
    "MAG-E560": "scanner output malformed",
    "MAG-E561": "scanner output truncated",
    "MAG-E562": "duplicate key in scanner output",
    "MAG-E563": "wrong text encoding",
    "MAG-E564": "not SARIF",
    "MAG-E565": "SARIF version other than 2.1.0",
    "MAG-E566": "scanner output too large",
    "MAG-E567": "location of a result outside the repository",
    "MAG-E568": "result without rule or place",
    "MAG-E570": "search pattern not acceptable",
    "MAG-E571": "redaction key not acceptable",
    "MAG-E572": "redaction did not come to rest",
    "MAG-E573": "file of known secrets not for front alone",
    "MAG-E574": "known secret not usable",
    # 590-649 command line, settings
    "MAG-E649": "the demo did not go as it should",
    "MAG-E590": "settings not understood",
    "MAG-E591": "no home here",
    "MAG-E592": "home of a newer program",
    "MAG-E593": "would overwrite what exists",
    "MAG-E594": "key not found",
    "MAG-E595": "key readable by others",
    "MAG-E596": "key not usable",
    "MAG-E597": "ssh-agent refused",
    "MAG-E598": "ssh-agent not reachable",
    "MAG-E600": "not a repository that can be added",
    "MAG-E601": "name or option not usable",
    "MAG-E602": "service not reachable",
    "MAG-E603": "answer not understood",
    "MAG-E604": "person or key not known",
    "MAG-E605": "what was rebuilt differs",
    "MAG-E606": "no such case, finding or session",
    "MAG-E607": "not decided",
    "MAG-E608": "process did not start",
    "MAG-E609": "policy sources not usable",
    "MAG-E610": "nothing to draft",
    "MAG-E611": "did not come to an end in time",
    "MAG-E612": "git failed",
    "MAG-E613": "port is taken",
    "MAG-E614": "freeze or thaw not handed over",
    "MAG-E615": "key of the executor not replaced",
}


class MagistrateError(Exception):
    """An error that a person or a program can act on.

    Carries `code` (stable, listed in `CODES`), `hint` (what to do) and `exit_status`.
    """

    exit_status: ClassVar[int] = 4

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        if code not in CODES:
            raise AssertionError(f"error code {code} is not listed")
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def diagnostics(self) -> str:
        """Words for a person: code, what happened, and what to do about it."""
        tail = f"\n  {self.hint}" if self.hint else ""
        return f"{self.code} {CODES[self.code]}: {self.message}{tail}"


class Refused(MagistrateError):
    """A rule said no. Exit status 1."""

    exit_status = 1


class Usage(MagistrateError):
    """The request itself is wrong. Exit status 2."""

    exit_status = 2


class NotFound(MagistrateError):
    """The thing named does not exist. Exit status 3."""

    exit_status = 3


class Unavailable(MagistrateError):
    """Could not judge, reach or record. Exit status 4; never treated as a yes."""

    exit_status = 4
