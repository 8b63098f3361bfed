"""Commands that cannot be taken back, by the program that runs them.

Rule kept: a pattern is matched from the name of the program on, over its words with one blank between them and
without quotes. What only shows what would be done (`--dry-run`) is no operation, and nothing else is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from magistrate.impact.compiled import rx

DRY: Final = rx(
    r"(?:^|\s)(?:--dry-run(?:=(?:client|server|true|all))?|--dryrun|--what-if|--just-print|--snapshot)(?:\s|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRule:
    """One pattern, the name of the operation, and what stays lost or done."""

    pattern: re.Pattern[str]
    name: str
    why: str


def _rules(*rows: tuple[str, str, str, str]) -> dict[str, tuple[CommandRule, ...]]:
    found: dict[str, list[CommandRule]] = {}
    for programs, pattern, name, why in rows:
        for program in programs.split():
            found.setdefault(program, []).append(CommandRule(pattern=rx(pattern), name=name, why=why))
    return {program: tuple(rules) for program, rules in found.items()}


_O: Final = r"(?:\s+-\S+(?:\s+(?!-)[^\s-]\S*)??)*"
"""Options between the words of a command, with or without a value."""
_OUT: Final = "what is published stays with those who fetched it"
_GONE: Final = "what is deleted does not come back"
_SENT: Final = "what is sent cannot be called back"
_RIGHT: Final = "the old secret no longer opens anything"
_DESTROY: Final = "resources and what they hold are destroyed"
_STATE: Final = "the state is changed by hand: what it forgets is made anew or left behind"

RULES: Final = _rules(
    ("git", rf"git{_O} push\b(?=.*\s(?:-[a-zA-Z]*f[a-zA-Z]*|--force(?:-with-lease|-if-includes)?(?:=\S*)?|--mirror|\+\S+)(?:\s|$))", "force push",
     "commits of others that only the remote has are gone"),
    ("git", rf"git{_O} push\b(?=.*\s(?:-d|--delete|--prune|:\S+)(?:\s|$))", "delete ref", "the remote no longer names those commits"),
    ("git", r"git (?:filter-branch|filter-repo)\b", "rewrite history", "the old commits are named by nothing"),
    ("gh", r"gh release (?:create|upload|edit)\b", "publish", _OUT),
    ("gh", r"gh (?:\S+ )?(?:release |repo |secret |variable |cache |issue |run |ruleset |ssh-key |gpg-key )?(?:delete|delete-asset)\b", "delete", _GONE),
    ("gh", r"gh secret set\b", "rotate", _RIGHT),
    ("gh", r"gh api\b(?=.*\s(?:-X|--method)[= ]?(?:DELETE|delete))", "delete", _GONE),
    ("glab", r"glab (?:release create|repo delete)\b", "publish", _OUT),
    ("npm pnpm yarn bun lerna", r"\S+ (?:-\S+ )*(?:npm )?(?:publish|unpublish)\b", "publish", _OUT),
    ("pnpm", r"pnpm (?:-\S+ |--filter \S+ )*publish\b", "publish", _OUT),
    ("npm pnpm yarn", r"\S+ (?:deprecate|dist-tag (?:add|rm))\b", "publish", _OUT),
    ("changeset changesets", r"\S+ publish\b", "publish", _OUT),
    ("semantic-release", r"semantic-release\b", "publish", _OUT),
    ("twine", r"twine upload\b", "publish", _OUT),
    ("poetry uv flit hatch pdm maturin rye", r"\S+ (?:publish|upload)\b", "publish", _OUT),
    ("setup.py", r"setup\.py .*\bupload\b", "publish", _OUT),
    ("cargo", r"cargo(?: \+\S+)? (?:publish|yank|release)\b", "publish", _OUT),
    ("gem", r"gem (?:push|yank)\b", "publish", _OUT),
    ("rake", r"rake release\b", "publish", _OUT),
    ("dotnet nuget", r"\S+ (?:nuget )?(?:push|delete)\b", "publish", _OUT),
    ("mvn mvnw", r"\S+ (?:.* )?(?:deploy|release:perform|nexus-staging:release)\b", "publish", _OUT),
    ("gradle gradlew", r"\S+ (?:.* )?\S*(?:publish(?!ToMavenLocal)\w*|closeAndReleaseRepository|uploadArchives)\b", "publish", _OUT),
    ("docker podman nerdctl buildah", r"\S+ (?:image )?(?:manifest )?push\b|\S+ buildx (?:build\b.* --push\b|imagetools create\b)|\S+ build\b.* --push\b|\S+ compose (?:.* )?push\b", "publish", _OUT),
    ("docker podman nerdctl", r"\S+ volume (?:rm|prune|remove)\b|\S+ system prune\b.* --volumes\b|\S+ compose\b.* (?:down|rm)\b.* (?:-v|--volumes)\b", "delete", _GONE),
    ("docker-compose", r"docker-compose\b.* (?:down|rm)\b.* (?:-v|--volumes)\b", "delete", _GONE),
    ("skopeo crane oras regctl", r"\S+ (?:copy|push|cp|delete|append|tag|image copy)\b", "publish", _OUT),
    ("helm", r"helm (?:push|cm-push)\b", "publish", _OUT),
    ("helm", r"helm (?:uninstall|delete|del|un)\b", "delete", _GONE),
    ("goreleaser", r"goreleaser (?:release\b|-\S|publish\b|$)", "publish", _OUT),
    ("vsce ovsx", r"\S+ (?:publish|unpublish)\b", "publish", _OUT),
    ("pod", r"pod (?:trunk|repo) push\b", "publish", _OUT),
    ("fastlane", r"fastlane (?:.* )?(?:deliver|supply|release|pilot|upload_to_\w+|beta)\b", "publish", _OUT),
    ("clojure lein mix stack cabal", r"\S+ (?:deploy|hex\.publish|upload)\b", "publish", _OUT),
    ("kubectl oc k", rf"\S+{_O} delete\b|\S+{_O} replace\b.* --force\b|\S+{_O} apply\b.* --prune\b", "delete", _GONE),
    ("kubectl oc", rf"\S+{_O} patch\b.*finalizers", "finalizers off", "nothing holds the object until its data is cared for"),
    ("velero restic borg rclone", r"\S+ (?:.* )?(?:delete|forget|prune|purge|sync|deletefile)\b", "delete", _GONE),
    ("eksctl kops kind", r"\S+ delete cluster\b", "delete", _GONE),
    ("aws", rf"aws{_O} [a-z0-9-]+ (?:batch-)?(?:delete|terminate|deregister|purge|destroy|schedule-key-deletion|release-address|disable-key|cancel)\S*", "delete", _GONE),
    ("aws", rf"aws{_O} s3 (?:rm|rb|mv)\b|aws{_O} s3 sync\b.* --delete\b", "delete", _GONE),
    ("aws", rf"aws{_O} \S+ (?:rotate-secret|put-secret-value|update-secret|update-access-key|reset-\S+password\S*)", "rotate", _RIGHT),
    ("aws", rf"aws{_O} (?:sns publish|ses\S* send-\S+|sqs send-message\S*|events put-events|pinpoint send-\S+)", "send", _SENT),
    ("gcloud", r"gcloud\b.* (?:delete|destroy|remove|disable)\b", "delete", _GONE),
    ("gsutil", r"gsutil (?:-\S+ )*(?:rm|rb|mv)\b|gsutil\b.* rsync\b.* -\w*d", "delete", _GONE),
    ("bq", r"bq (?:-\S+ )*rm\b", "delete", _GONE),
    ("az", r"az\b.* (?:delete|delete-batch|purge)\b", "delete", _GONE),
    ("az gcloud", r"az\b.* (?:regenerate|renew|reset|keys renew)\b|gcloud secrets versions (?:add|destroy)\b", "rotate", _RIGHT),
    ("doctl linode-cli hcloud ibmcloud oci", r"\S+\b.* (?:delete|destroy|rm|remove|terminate)\b", "delete", _GONE),
    ("heroku flyctl fly railway vercel netlify wrangler supabase render scalingo", r"\S+ (?:.* )?(?:\S*:?(?:destroy|delete|reset|remove|rm)|db reset|down|volume delete)\b", "delete", _GONE),
    ("terraform tofu terragrunt terramate", rf"\S+{_O}(?: run-all| run --all| run)?(?: --)? (?:destroy|apply\b.* -destroy)\b|\S+ (?:destroy-all)\b", "destroy", _DESTROY),
    ("terraform tofu terragrunt", rf"\S+{_O}(?: run-all| run --all| run)?(?: --)? (?:apply|apply-all)\b.* -{{1,2}}(?:auto-approve|terragrunt-non-interactive)\b", "apply unseen",
     "nobody sees the plan, so whatever it destroys is destroyed"),
    ("terraform tofu terragrunt", rf"\S+{_O} (?:state (?:rm|mv|push|replace-provider)|import|taint|force-unlock|workspace delete)\b", "move state", _STATE),
    ("pulumi", r"pulumi (?:.* )?(?:destroy|stack rm|state delete|state unprotect)\b", "destroy", _DESTROY),
    ("pulumi", r"pulumi (?:.* )?(?:up|update)\b.* (?:-y|--yes|--skip-preview|-f)\b", "apply unseen", "nobody sees what it destroys"),
    ("cdk cdktf", r"\S+ (?:destroy\b|deploy\b.* (?:--require-approval[= ]never|--auto-approve))", "apply unseen", "nobody sees what it destroys"),
    ("serverless sls sam", r"\S+ (?:remove|delete)\b", "destroy", _DESTROY),
    ("ansible", r"ansible\b.*\bstate=absent\b", "delete", _GONE),
    ("dropdb dropuser pg_dropcluster wipefs shred mkfs lvremove vgremove pvremove fdisk blkdiscard", r"\S+ .*", "delete", _GONE),
    ("mkfs.ext4 mkfs.xfs mkfs.btrfs", r"\S+ .*", "delete", _GONE),
    ("zfs zpool", r"\S+ (?:destroy|rollback|labelclear)\b", "delete", _GONE),
    ("dd", r"dd\b.*\bof=/dev/(?!null|stdout|stderr)", "delete", _GONE),
    ("parted sgdisk", r"\S+ .*(?:\brm\b|mklabel|--zap|-Z)", "delete", _GONE),
    ("mysqladmin", r"mysqladmin\b.* (?:drop|flush-\S+)\b", "delete", _GONE),
    ("mysqladmin", r"mysqladmin\b.* password\b", "rotate", _RIGHT),
    ("redis-cli valkey-cli", r"(?i)\S+\b.*\b(?:flushall|flushdb|del|unlink)\b", "delete", _GONE),
    ("etcdctl consul", r"\S+\b.* (?:del|kv delete)\b", "delete", _GONE),
    ("mongo mongosh", r"\S+\b.*(?:dropDatabase|\.drop\(|deleteMany|remove\(\s*\{\s*\})", "delete", _GONE),
    ("rails rake bin/rails", r"\S+ (?:.* )?db:(?:drop|reset|schema:load|migrate:reset|truncate_all|purge|migrate:redo)\b", "delete", _GONE),
    ("manage.py", r"manage\.py (?:flush|reset_db|sqlflush|clearsessions)\b", "delete", _GONE),
    ("prisma", r"prisma (?:migrate reset|db push\b.* (?:--accept-data-loss|--force-reset))", "delete", _GONE),
    ("alembic flask", r"\S+ (?:.* )?(?:downgrade|db downgrade)\b", "delete", _GONE),
    ("flyway liquibase", r"\S+ (?:.* )?(?:clean|drop-all|dropAll)\b", "delete", _GONE),
    ("artisan", r"artisan (?:migrate:(?:fresh|reset|refresh)|db:wipe)\b", "delete", _GONE),
    ("sequelize typeorm knex", r"\S+ (?:db:drop|schema:drop|db:migrate:undo:all|migrate:rollback)\b", "delete", _GONE),
    ("vault", r"vault (?:secrets disable|auth disable|kv (?:delete|destroy|metadata delete)|delete|token revoke|lease revoke)\b", "delete", _GONE),
    ("vault", r"vault (?:operator (?:rekey|rotate)|write\b.*(?:rotate|/config/root))", "rotate", _RIGHT),
    ("passwd chpasswd htpasswd", r"\S+(?:\s.*)?", "rotate", _RIGHT),
    ("gpg gpg2", r"\S+ .*--delete-(?:secret-)?keys?\b", "delete", _GONE),
    ("rsync", r"rsync\b.* --(?:delete\S*|remove-source-files)\b", "delete", _GONE),
    ("mail mailx sendmail mutt msmtp swaks ssmtp", r"\S+ .*", "send", _SENT),
    ("curl wget http https xh", r"(?i)\S+\b.*(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|/webhooks?/|webhook\.office\.com|events\.pagerduty\.com|api\.telegram\.org|slack\.com/api/chat\.|\$\{?\w*webhook\w*)", "send", _SENT),
    ("curl wget http https xh", r"(?:curl|wget)\b.*\s(?:-X ?|--request[= ]|--method[= ])[\"']?DELETE\b|(?:https?|xh) DELETE\b", "delete", _GONE),
    ("curl wget http https xh gh", r"(?i)\S+\b.*\bmutation\b.*\w*(?:delete|destroy|remove|purge|wipe)\w*", "delete", _GONE),
    ("crontab", r"crontab (?:-\S+ )*-r\b", "delete", _GONE),
)  # fmt: skip
"""By the last part of the name of the program."""

FIND: Final = rx(r"find (?P<roots>.*?)\s(?=-).*(?:-delete\b|-exec rm\b)")
BUILT: Final = rx(
    r"(?i)\A(?:\./)?(?:[\w.@*+-]*/)*(?:build|dist|out|target|node_modules|coverage|htmlcov|tmp|temp|cache|bin|obj|lib|vendor|site|public|\.?venv|env|"
    r"_build|__pycache__|\.[\w*-]*cache|\.next|\.tox|\.nox|\.nyc_output|\.parcel-cache|\.turbo|[\w*.-]*\.(?:egg-info|egg|pyc|o|so|whl|gz|tgz|zip|tar|log|out|tmp|d|a|class|jar|exe|deb|rpm))(?:/[\w.*/-]*)?\Z"
)
PASSING: Final = rx(
    r"\A(?:/tmp/|/var/tmp/|/var/lib/apt/lists|/var/cache/|/root/\.cache|/usr/share/(?:doc|man|locale|info)|/var/log/(?:apt|dpkg|alternatives)|/usr/(?:src|local/src)/|/etc/apt/|"
    r"/build/|/github/|/opt/hostedtoolcache|/usr/local/lib/android|/usr/share/dotnet|/opt/ghc|~/\.(?:cache|npm|cargo/registry|gradle/caches|m2))"
)
"""Places that hold nothing for long on any machine or image."""
DATA: Final = rx(
    r"(?i)(?:^|[/_.-])(?:data|database|db|volumes?|backups?|storage|uploads?|pgdata|mysql|postgres\w*|redis|mongo\w*|state|terraform\.tfstate|media|persist\w*|vault|secrets?|keys?|prod(?:uction)?|\.git|home)(?:[/_.*-]|$)|\.(?:sqlite3?|db|tfstate|pem|key|sql|dump|bak)\b"
)
