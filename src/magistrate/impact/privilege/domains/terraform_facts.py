"""Kinds of resources that only ever give, and kinds that decide a way: each is a fact of its own, as it stands.

A membership, an assignment, a binding gives one thing by itself; without it there is less, whatever it said. A route or a
link between networks sends something one way and keeps it from another, so that both its coming and its going may give.

Rule kept: a fact is compared as it stands. Another text is another right, never a smaller one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains import aws_openness
from magistrate.impact.privilege.domains.aws_estate import Estate
from magistrate.impact.privilege.domains.terraform import CLOSE, DYNAMIC, MANY, OPEN, Block
from magistrate.impact.privilege.domains.terraform_applied import WAYS, said_of
from magistrate.impact.privilege.domains.terraform_meanings import Family, short
from magistrate.impact.privilege.domains.terraform_policies import Names, listed
from magistrate.impact.privilege.model import Place, Statement, literals

GIVES: Final = rx(
    r"aws_(?:ram_(?:principal|resource)_association|ram_resource_share|ssoadmin_(?:account|application)_assignment|"
    r"ssoadmin_(?:managed_policy|customer_managed_policy)_attachment|identitystore_group_membership|iam_access_key|iam_user_login_profile|"
    r"iam_openid_connect_provider|iam_saml_provider|iam_service_linked_role|iam_service_specific_credential|eks_access_entry|"
    r"eks_access_policy_association|kms_grant|vpc_endpoint_service_allowed_principal|ami_launch_permission|lakeformation_permissions|"
    r"snapshot_create_volume_permission|lambda_function_url|s3_bucket_acl|cognito_identity_pool_roles_attachment|cognito_user_group|cognito_user_in_group)|"
    r"kubernetes_(?:cluster_)?role(?:_binding)?(?:_v1)?|github_(?:team|team_(?:repository|membership|members)|membership|"
    r"repository_collaborators?|repository_deploy_key|user_ssh_key)|pagerduty_team_membership|tfe_team_(?:access|project_access|organization_members?)|"
    r"azurerm_role_(?:assignment|definition)|azuread_(?:group_member|app_role_assignment|directory_role_assignment)|"
    r"google_(?:project|organization)_iam_custom_role|google_storage_(?:bucket|object|default_object)_access_control|"
    r"postgresql_grant(?:_role)?|mysql_grant"
)
"""Kinds of which each thing gives something by itself, and keeps nothing from anybody."""
GUARDS: Final = rx(
    r"github_(?:branch_protection(?:_v3)?|(?:repository|organization)_ruleset)|aws_s3_(?:bucket|account)_public_access_block"
)
"""Kinds that only keep something from others; what they except is excepted from themselves alone."""
BOTH: Final = frozenset({"aws_cloudfront_response_headers_policy", "aws_s3_bucket_ownership_controls"})
"""Kinds that give to some and keep from others."""
OF_GOOGLE: Final = rx(r"(google_\w+)_iam_(member|binding|policy)")
DOCUMENT: Final = "google_iam_policy"
_APART: Final = frozenset({"role", "member", "members", "condition", "etag", "id", "policy_data"})
_MAX: Final = 160


def told(block: Block, place: Place, names: Names, estate: Estate) -> bool:
    """Whether a resource is of these kinds; it is read then."""
    if GUARDS.fullmatch(block.type):
        aws_openness.filtered(block, place, estate)
    elif GIVES.fullmatch(block.type):
        _given(block, place, estate)
    elif block.type in BOTH:
        way(block, place, estate)
    else:
        of_google = OF_GOOGLE.fullmatch(block.type)
        return of_google is not None and _of_google(block, of_google, place, names, estate)
    return True


def is_way(block: Block) -> bool:
    """Whether a resource decides which network reaches which."""
    return block.kind == "resource" and WAYS.fullmatch(block.type) is not None


def way(block: Block, place: Place, estate: Estate) -> None:
    """What sends something one way, and not another: it gives, and keeps from others, as it stands."""
    aws_openness.filtered(block, place, estate)
    _given(block, place, estate)


def _given(block: Block, place: Place, estate: Estate) -> None:
    said = said_of(block.body)
    holder = f"{block.type}/{block.folder}/{block.name}"
    estate.live.add(holder)
    says = f"what `{block.type}` gives: {_plain(json.dumps(said, sort_keys=True, default=str))[:_MAX]}"
    estate.hold(holder, Statement(where=(literals("given by", short(said, _MAX)),), place=place, says=says))


def _of_google(block: Block, of: re.Match[str], place: Place, names: Names, estate: Estate) -> bool:
    """Roles of Google's cloud on one thing; whether all of it can be told."""
    body = block.body
    on = short([of.group(1), {key: value for key, value in said_of(body).items() if key not in _APART}], _MAX)
    if of.group(2) != "policy":
        return _bound([body], on, place, estate)
    document = names.block(block.folder, body.get("policy_data"))
    if document is None or document.type != DOCUMENT or document.built or MANY in document.body:
        return False
    return _bound(listed(document.body.get("binding") or []), on, place, estate)


def handed_on(block: Block, place: Place, estate: Estate) -> None:
    """A policy of Google's cloud of which nothing here is seen to use it: whoever it is handed to."""
    if not _bound(listed(block.body.get("binding") or []), short([block.folder, block.name]), place, estate):
        estate.open("a policy of Google's cloud that cannot be told", {block.name: dict(block.body)}, place)


def _bound(bindings: Sequence[object], on: str, place: Place, estate: Estate) -> bool:
    """A fact for each role of each member; False where one of the bindings cannot be told, and then there is none."""
    found: list[tuple[str, Statement]] = []
    for one in bindings:
        if not isinstance(one, Mapping) or isinstance(one, Family) or DYNAMIC in one:
            return False
        role, members = one.get("role"), one.get("members", one.get("member"))
        each = [*members] if isinstance(members, list) else [members]
        if not isinstance(role, str) or not all(isinstance(member, str) for member in each):
            return False
        for member in each:
            where = (
                literals("member", short(member, _MAX)),
                literals("role", short(role, _MAX)),
                literals("on", on),
                literals("under", short(one.get("condition") or "none", _MAX)),
            )
            says = f"`{_plain(role)}` on {_plain(on)}"
            found.append((f"google:{_plain(str(member))[:_MAX]}", Statement(where=where, place=place, says=says)))
    for holder, statement in found:
        estate.live.add(holder)
        estate.hold(holder, statement)
    return True


def _plain(text: str) -> str:
    return text.replace(OPEN, "${").replace(CLOSE, "}")
