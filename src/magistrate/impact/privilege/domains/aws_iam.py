"""AWS rights out of files: policy documents as JSON, Terraform (HCL, JSON, plans) and CloudFormation.

Rule kept: a resource that may give rights and is not one of those read here, a module, or a policy
that is put together elsewhere is `Unknown`, which says the same as long as its text stays the same. A policy that
nothing here is seen to attach gives its rights to a holder of its own: whoever it is handed to has them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from magistrate.impact.base import KEPT_TEXTS, in_lower_case
from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains import (
    aws_openness,
    terraform,
    terraform_facts,
    terraform_names,
    terraform_others,
)
from magistrate.impact.privilege.domains.aws_estate import TWICE, Estate, parsed
from magistrate.impact.privilege.domains.aws_policy import DOMAIN
from magistrate.impact.privilege.domains.aws_written import is_policy
from magistrate.impact.privilege.domains.cloudformation import is_template, read_template
from magistrate.impact.privilege.domains.terraform import Block
from magistrate.impact.privilege.domains.terraform_applied import applied
from magistrate.impact.privilege.domains.terraform_others import part_of
from magistrate.impact.privilege.domains.terraform_policies import Found, Names, listed, policy_document
from magistrate.impact.privilege.model import Edge, Grants, Place, Where, literals
from magistrate.impact.screening import finds

NO_TEXT_OF_POLICIES: Final = rx(
    r"(?i)\.(?:py|pyi|go|js|mjs|cjs|jsx|ts|tsx|java|kt|kts|scala|rs|c|h|cc|cpp|hpp|cs|rb|php|swift|css|scss|html?|vue|sql|"
    r"md|mdx|rst|adoc|svg|png|jpe?g|gif|ico|pdf|woff2?|lock|sum|mod)\Z"
)
ALLOWS: Final = rx(r"(?i)[\"']?\beffect\\?[\"']?\s*[:=]\s*\\?[\"']?allow\b")
"""How a statement of a policy says that it gives something, in any notation."""
NEAR: Final = 15
MAX_NODES: Final = 200_000
MAX_PATH: Final = 100
FILLED: Final = (".tpl", ".tftpl", ".tmpl")
"""Endings of files that Terraform fills in; they count where an expression reads them."""
SPREAD: Final = frozenset(
    f"aws_iam_{kind}_{part}" for kind in ("role", "user", "group") for part in ("policy", "policy_attachment")
) | {"aws_iam_user_group_membership", "aws_iam_group_membership"}
"""Kinds that are told once for each entry of a `for_each`."""
_CALLED: Final = {
    "source_arn": ("ArnLike", "AWS:SourceArn"), "source_account": ("StringEquals", "AWS:SourceAccount"),
    "principal_org_id": ("StringEquals", "aws:PrincipalOrgID"), "event_source_token": ("StringEquals", "lambda:EventSourceToken"),
    "function_url_auth_type": ("StringEquals", "lambda:FunctionUrlAuthType"), "qualifier": ("StringEquals", "qualifier"),
}  # fmt: skip
"""What narrows a permission to call a function, as the condition that it becomes."""
_HANDED_ON: Final = frozenset({"aws_iam_policy", "aws_iam_policy_document"})
_PRINCIPAL: Final = rx(r'"Principal"|"NotPrincipal"|"principals"|"not_principals"')
ACCOUNT: Final = rx(r"\barn:[\w-]+:iam::(\d{12}):")


class _Reader:
    domain: Final = DOMAIN

    def reads(self, path: str) -> bool:
        """Whatever is no program, page or picture: Terraform reads policies from files of any name. `grants` looks inside."""
        return terraform.is_terraform(path) or terraform.is_values(path) or NO_TEXT_OF_POLICIES.search(path) is None

    def grants(self, files: Mapping[str, str]) -> Grants:
        """The rights of all roles, users, groups and resources in these files."""
        estate = Estate()
        found: list[Block] = []
        for path in sorted(files):
            estate.own |= set(ACCOUNT.findall(files[path])) if _may_matter(path, files[path]) else set()
        for path in sorted(files):
            if _may_matter(path, files[path]):
                found += _file(path, files[path], estate)
        _terraform(terraform_names.resolved(found, files, SPREAD), estate)
        return estate.grants()


READER: Final = _Reader()


def _may_matter(path: str, text: str) -> bool:
    if terraform.is_terraform(path) or terraform.is_values(path):
        return True
    return "Statement" in text or "planned_values" in text or "AWS::" in text or _allows(text)


@lru_cache(maxsize=KEPT_TEXTS)
def _allows(text: str) -> bool:
    """Whether a text says anywhere that something is allowed, as `ALLOWS` finds it: both of its words have to be there."""
    lowered = in_lower_case(text)
    return "effect" in lowered and "allow" in lowered and finds(ALLOWS, text)


def _file(path: str, text: str, estate: Estate) -> Iterator[Block]:
    place = Place(path=path)
    if path.endswith(FILLED):
        return
    if terraform.is_terraform(path) or terraform.is_values(path):
        try:
            yield from terraform.blocks(path, text)
        except terraform.UnreadableError as error:
            estate.open(str(error), text, place)
        return
    if path.endswith(".json"):
        yield from _json(path, text, estate)
    elif is_template(path, text):
        read_template(path, text, estate)
    elif _allows(text):
        estate.open("a policy in a file of a kind that is not read", _around(text), place)


def _json(path: str, text: str, estate: Estate) -> Iterator[Block]:
    """A plan, a policy, a template, or any other JSON with policies somewhere in it."""
    place, whole = Place(path=path), parsed(text)
    if isinstance(whole, Mapping) and "planned_values" in whole:
        yield from terraform.plan_blocks(path, whole)
    elif is_policy(whole):
        holder = f"aws:policy/{path}"
        estate.live.add(holder)
        estate.grant(holder, whole, place)
    elif '"Statement"' in text and (whole is None or (isinstance(whole, Mapping) and TWICE in whole)):
        estate.open("this may be a policy and is no JSON that can be read", text, place)
    elif is_template(path, text):
        read_template(path, text, estate)
    else:
        _nested(path, whole, estate)


def _nested(path: str, whole: object, estate: Estate) -> None:
    """Policies anywhere inside of other JSON: who takes them from there is not seen, so each has a holder of its own."""
    line: list[tuple[str, object]] = [("", whole)]
    for at, value in line:
        if len(line) > MAX_NODES:
            estate.open("the file holds too much to look for policies in it", json.dumps(whole), Place(path=path))
            return
        if is_policy(value):
            holder = f"policy/{path}#{at}"
            if _PRINCIPAL.search(json.dumps(value)):
                estate.own_policy(holder, value, Place(path=path))
            else:
                estate.live.add(f"aws:{holder}")
                estate.grant(f"aws:{holder}", value, Place(path=path))
        elif isinstance(value, str) and ALLOWS.search(value) is not None:
            estate.open("a policy as a text inside of another file", {at: value}, Place(path=path))
        elif isinstance(value, Mapping):
            line += [(_below(at, str(key)), one) for key, one in value.items()]
        elif isinstance(value, list):
            line += [(_below(at, str(number)), one) for number, one in enumerate(value)]


def _below(at: str, key: str) -> str:
    """The place of a value inside of another; a long one by its digest, for there may be very many below it."""
    whole = f"{at}/{key}"
    return (
        whole
        if len(whole) <= MAX_PATH
        else "/" + hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    )


def _around(text: str) -> str:
    """The lines of a text that a policy in it may be written on."""
    lines = text.splitlines()
    at = {number for number, line in enumerate(lines) if ALLOWS.search(line) is not None}
    near = sorted(
        {one for number in at for one in range(max(0, number - NEAR), number + NEAR + 1)} & set(range(len(lines)))
    )
    return "\n".join(lines[one].strip() for one in near if lines[one].strip()) or " ".join(text.split())


def _terraform(found: list[Block], estate: Estate) -> None:
    known: Found = {
        (block.folder, block.type, block.name): block for block in found if block.kind in {"resource", "data"}
    }
    names = Names(known)
    for block in found:
        place = Place(path=block.path, line=block.line)
        estate.under, estate.part = built(block), ""
        for why, said in applied(block):
            estate.open(why, said, place)
        if block.kind == "module":
            estate.open(f"the module `{block.name}` may give rights", _handed(block), place)
        elif terraform_facts.is_way(block):
            terraform_facts.way(block, place, estate)
        elif block.kind == "resource":
            read = _RESOURCES.get(block.type)
            if read is not None:
                read(block, place, names, estate)
            else:
                terraform_others.read_other(block, place, names, estate)
    aws_openness.unfiltered(estate)
    for block in found:
        if block.type in _HANDED_ON and names.key(block) not in names.used:
            estate.under, estate.part = built(block), ""
            _handed_on(block, names, estate)
        elif block.type == terraform_facts.DOCUMENT and names.key(block) not in names.used:
            estate.under, estate.part = built(block), ""
            terraform_facts.handed_on(block, Place(path=block.path, line=block.line), estate)


def _handed(block: Block) -> dict[str, Any]:
    """What a module from elsewhere is given; whose code it is, and of which version, is told by `terraform_code`."""
    return {key: value for key, value in block.body.items() if key not in {"source", "version", "depends_on"}}


def _handed_on(block: Block, names: Names, estate: Estate) -> None:
    """A policy whose way to its holder is not seen: through a module, an output, an expression, or outside of these files."""
    place = Place(path=block.path, line=block.line)
    if block.type == "aws_iam_policy":
        holder, policy = f"aws:policy/{names.own(block)}", names.policy(block.folder, block.body.get("policy"))
    else:
        holder, policy = f"aws:policy-document/{names.label(block)}", policy_document(block, names, 0)
    if _PRINCIPAL.search(json.dumps(policy, default=str)):
        estate.part = part_of(block)
        estate.own_policy(holder.removeprefix("aws:"), policy, place)
        return
    estate.live.add(holder)
    estate.part = part_of(block)
    estate.define(holder)
    estate.grant(holder, policy, place)


def built(block: Block) -> tuple[Where, ...]:
    """The conditions under which a block is there: each count that nothing tells is a question of its own."""
    return tuple(literals(f"where there is any of {text}", "yes") for text in block.built)


def _role(block: Block, place: Place, names: Names, estate: Estate) -> None:
    kind = {"aws_iam_role": "role", "aws_iam_user": "user", "aws_iam_group": "group"}[block.type]
    name, body = names.own(block), block.body
    holder = f"aws:{kind}/{name}"
    estate.part = part_of(block)
    estate.define(holder)
    if "assume_role_policy" in body:
        estate.trust(name, names.policy(block.folder, body["assume_role_policy"]), place)
    if body.get("permissions_boundary"):
        estate.bound(holder, _boundary(block.folder, body["permissions_boundary"], names), place)
    for inline in listed(body.get("inline_policy") or []):
        text = inline.get("policy", inline) if isinstance(inline, Mapping) else inline
        estate.grant(holder, names.policy(block.folder, text), place)
    for arn in listed(body.get("managed_policy_arns") or []):
        _attach(holder, arn, (block.folder, place), names, estate)


def _boundary(folder: str, value: object, names: Names) -> object:
    block = names.block(folder, value)
    return (
        names.policy(block.folder, block.body.get("policy"))
        if block is not None and block.type == "aws_iam_policy"
        else value
    )


def _attach(holder: str, arn: object, at: tuple[str, Place], names: Names, estate: Estate) -> None:
    folder, place = at
    block = names.block(folder, arn)
    if block is not None and block.type == "aws_iam_policy" and "policy" in block.body:
        estate.grant(holder, names.policy(block.folder, block.body["policy"]), place)
    else:
        estate.manage(holder, str(arn), place)


def _inline(block: Block, place: Place, names: Names, estate: Estate) -> None:
    kind = block.type.split("_")[2]
    holder = f"aws:{kind}/{names.name(block.folder, block.body.get(kind))}"
    estate.part = part_of(names.block(block.folder, block.body.get(kind)))
    estate.grant(holder, names.policy(block.folder, block.body.get("policy")), place)


def _attachment(block: Block, place: Place, names: Names, estate: Estate) -> None:
    for kind in ("role", "user", "group"):
        for named in [*listed(block.body.get(kind) or []), *listed(block.body.get(kind + "s") or [])]:
            holder = f"aws:{kind}/{names.name(block.folder, named)}"
            estate.part = part_of(names.block(block.folder, named))
            _attach(holder, block.body.get("policy_arn"), (block.folder, place), names, estate)


def _membership(block: Block, place: Place, names: Names, estate: Estate) -> None:
    body = block.body
    for user in [*listed(body.get("user") or []), *listed(body.get("users") or [])]:
        for group in [*listed(body.get("group") or []), *listed(body.get("groups") or [])]:
            actor, holder = f"aws:user/{names.name(block.folder, user)}", f"aws:group/{names.name(block.folder, group)}"
            estate.live.add(actor)
            estate.edges.append(Edge(actor=actor, holder=holder, place=place))


def _permission(block: Block, place: Place, names: Names, estate: Estate) -> None:
    """Who may call a function: one statement of its policy."""
    body = block.body
    known = {"statement_id", "statement_id_prefix", "action", "function_name", "principal", *_CALLED}
    strange = set(body) - known - {"depends_on", "provider", "lifecycle"}
    said: dict[str, Any] = {"Effect": "Allow", "Action": body.get("action"), "Condition": {}}
    caller = body.get("principal")
    kind = "Service" if isinstance(caller, str) and caller.endswith((".amazonaws.com", ".amazonaws.com.cn")) else "AWS"
    said["Principal"] = {kind: caller}
    for key, (test, name) in _CALLED.items():
        if body.get(key) is not None:
            said["Condition"].setdefault(test, {})[name] = body[key]
    if strange:
        said["Other"] = dict(body)
    function = names.name(block.folder, body.get("function_name"))
    estate.own_policy(f"aws_lambda_function.{function}", {"Version": "2012-10-17", "Statement": [said]}, place)


def _nothing(_block: Block, _place: Place, _names: Names, _estate: Estate) -> None:
    """A profile is read where something runs as it, a policy where it is attached."""


_RESOURCES: Final[Mapping[str, Callable[[Block, Place, Names, Estate], None]]] = {
    "aws_iam_role": _role,
    "aws_iam_user": _role,
    "aws_iam_group": _role,
    "aws_iam_role_policy": _inline,
    "aws_iam_user_policy": _inline,
    "aws_iam_group_policy": _inline,
    "aws_iam_role_policy_attachment": _attachment,
    "aws_iam_user_policy_attachment": _attachment,
    "aws_iam_group_policy_attachment": _attachment,
    "aws_iam_policy_attachment": _attachment,
    "aws_iam_user_group_membership": _membership,
    "aws_iam_group_membership": _membership,
    "aws_iam_policy": _nothing,
    "aws_lambda_permission": _permission,
    "aws_iam_instance_profile": _nothing,
}
