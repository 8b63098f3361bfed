"""Resources of Terraform that are no IAM of AWS: policies of resources, what runs as a role, what opens a thing to others.

Rule kept: a kind that may give rights by its name and is in no list here is `Unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains import aws_openness, terraform_facts
from magistrate.impact.privilege.domains.aws_estate import Estate
from magistrate.impact.privilege.domains.terraform import OPEN, Block
from magistrate.impact.privilege.domains.terraform_policies import Names, listed
from magistrate.impact.privilege.model import Place

RIGHTS: Final = rx(
    r"iam|policy|permission|role|access|grant|acl|principal|member|binding|admin|protection|ruleset|collaborator|"
    r"deploy_key|ssh_key|prefix_list|identity|federat|trust|_user\Z|_user_|_team"
)
"""Types of resources that may give rights."""
EXPOSES: Final = rx(
    r"acl|internal|public|public_(?!key\Z)\w+|publicly_\w+|\w+_public|\w+_public_\w+|authori[sz]\w*|auth_types?|anonymous\w*|http_tokens|http_endpoint|http_put_response_hop_limit|"
    r"\w*authentication\w*|privileged\w*|allow_\w+|allowed_\w+|trusted_\w+|source_ranges|ip_restriction|whitelist\w*"
)
"""Attributes of any other resource that say who gets to it."""
POLICIES: Final = ("policy", "access_policy", "access_policies")
"""Attributes of a resource of AWS that hold its policy."""
RUNS_AS: Final = ("role", "role_arn", "iam_role", "iam_role_arn", "execution_role_arn", "task_role_arn", "service_role")
RUNS_AS_PROFILE: Final = "iam_instance_profile"
NO_RIGHTS: Final = frozenset({
    "aws_iam_account_alias", "aws_iam_server_certificate",
    "aws_iam_account_password_policy", "aws_wafv2_web_acl_logging_configuration", "aws_shield_protection",
    "aws_shield_protection_group", "aws_cloudfront_origin_access_identity", "aws_cloudfront_origin_access_control",
    "aws_ecr_lifecycle_policy", "aws_autoscaling_policy", "aws_appautoscaling_policy", "aws_dlm_lifecycle_policy",
    "aws_emr_managed_scaling_policy", "aws_lb_cookie_stickiness_policy", "aws_app_cookie_stickiness_policy",
    "aws_efs_backup_policy", "pagerduty_escalation_policy", "pagerduty_team",
})  # fmt: skip
"""Types that sound as if they gave rights: how long things are kept, how many there are, who is called at night."""
MAX_KEY: Final = 100
"""Letters of an attribute of any provider; what is longer may be anything."""


def part_of(block: Block | None) -> str:
    """By what a block that makes a role, user or group is told from others of the same name; empty where it is not known."""
    return f"{block.folder}#{block.name}" if block is not None else ""


def read_other(block: Block, place: Place, names: Names, estate: Estate) -> None:
    """A resource policy, something that runs as a role, or a kind that may give rights and is not known."""
    body = block.body
    if block.type in NO_RIGHTS:
        return
    policy = next((body[key] for key in POLICIES if body.get(key) is not None), None)
    policy = policy if block.type.startswith("aws_") else None
    if policy is not None:
        named = body.get("bucket") or body.get("queue_url") or body.get("arn") or block.name
        name = f"{block.type.removesuffix('_policy')}.{names.name(block.folder, named)}"
        estate.part = part_of(names.block(block.folder, named)) or block.folder
        estate.own_policy(name, names.policy(block.folder, policy), place)
    if not _opens(block, place, names, estate) and policy is None:
        _unread(block, place, names, estate)
    for key, value in _roles(body):
        workload = f"aws:workload/{block.type}.{block.name}"
        role = names.name(block.folder, value)
        estate.runs(workload, f"aws:role/{role}", Place(path=place.path, line=place.line))
        if key == RUNS_AS_PROFILE and names.block(block.folder, value) is None and OPEN in str(value):
            estate.open("a profile is named from elsewhere", str(value), place)


def _unread(block: Block, place: Place, names: Names, estate: Estate) -> None:
    """A kind that may give rights by its name, or an attribute that says who gets to a thing."""
    if RIGHTS.search(block.type):
        estate.open(f"`{block.type}` may give rights and is not read", {block.name: dict(block.body)}, place)
        return
    for key, value in _exposing(block.body):
        estate.open(f"`{key}` of `{block.type}` may open it to others", {names.label(block): value}, place)


def _opens(block: Block, place: Place, names: Names, estate: Estate) -> bool:
    """Whether it is one of the kinds of which it is known what they open or keep out; it is read then."""
    if block.type in aws_openness.FILTERS:
        aws_openness.filtered(block, place, estate)
    elif block.type == "aws_iam_user_ssh_key":
        aws_openness.keyed(block, names.name(block.folder, block.body.get("username")), place, estate)
    elif (
        block.type == aws_openness.BLOCK and (bucket := names.block(block.folder, block.body.get("bucket"))) is not None
    ):
        aws_openness.blocked(block, bucket, place, estate)
    elif block.type in aws_openness.OPENED:
        aws_openness.opened(block, list(_exposing(block.body)), place, estate)
    else:
        return terraform_facts.told(block, place, names, estate)
    return True


def _exposing(body: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What says who gets to a thing, in the block itself or in one inside it."""
    for key, value in sorted(body.items()):
        if len(key) > MAX_KEY or EXPOSES.fullmatch(key):
            yield key, value
        else:
            for one in listed(value):
                if isinstance(one, Mapping):
                    yield from _exposing(one)


def _roles(body: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in body.items():
        if key in RUNS_AS or key == RUNS_AS_PROFILE:
            yield from ((key, one) for one in listed(value) if isinstance(one, str))
        elif isinstance(value, list | dict):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Mapping):
                    yield from _roles(one)
