"""CloudFormation templates as AWS rights: roles, users, groups, policies and what runs as a role.

Follows the resource reference of AWS CloudFormation. `Ref`, `Fn::GetAtt` and `Fn::Sub` become names or
stay open; any other function stays as its own text.

Rule kept: a template that cannot be read, a macro or a transform is `Unknown` as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import yaml

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.aws_estate import Estate
from magistrate.impact.privilege.domains.cloudformation_openness import openings
from magistrate.impact.privilege.domains.terraform import later
from magistrate.impact.privilege.model import Edge, Place, Where, literals

KINDS: Final = {"AWS::IAM::Role": "role", "AWS::IAM::User": "user", "AWS::IAM::Group": "group"}
POLICIES: Final = {
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
}
RUNS_AS: Final = frozenset(
    {"Role", "RoleARN", "RoleArn", "ServiceRole", "ExecutionRoleArn", "TaskRoleArn", "IamInstanceProfile"}
)
RIGHTS: Final = rx(r"::IAM::|Policy|Permission|Access|Grant|Role|Principal")
_SUB: Final = rx(r"\$\{([^!{}][^{}]*)\}")
PLAIN: Final = 200
"""Letters of a setting that are told; of a longer one the digest, for it may be named thousands of times."""
_WORD: Final = rx(r"\w+")
MAX_DEPTH: Final = 60


class _Loader(yaml.CSafeLoader):
    """Safe YAML with the short forms of CloudFormation's functions; a key that stands twice is refused."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if name == "Fn::GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: _mapping(loader, node)}


def _mapping(loader: _Loader, node: yaml.Node) -> dict[Any, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.YAMLError("no mapping")
    loader.flatten_mapping(node)
    found = loader.construct_mapping(node, deep=True)
    if len(found) != len(node.value):
        raise yaml.YAMLError("a key stands twice")
    return dict(found)


_Loader.add_multi_constructor("!", _function)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def is_template(path: str, text: str) -> bool:
    """Whether this looks like a template: resources of AWS by type."""
    return path.endswith((".json", ".yaml", ".yml", ".template")) and "Resources" in text and "AWS::" in text


def read_template(path: str, text: str, estate: Estate) -> None:
    """Put the rights of one template into the estate."""
    place = Place(path=path)
    whole = _loaded(text)
    resources = whole.get("Resources") if isinstance(whole, Mapping) else None
    if not isinstance(whole, Mapping) or not isinstance(resources, Mapping):
        estate.open("a template that cannot be read", text, place)
        return
    if "Transform" in whole:
        estate.open("a template that is transformed first", json.dumps(whole, sort_keys=True, default=str), place)
    reading = _Template(resources, estate, place, _settings(whole))
    for label in sorted(resources, key=str):
        estate.part = path
        reading.read(str(label), resources[label])
    estate.under, estate.part = (), ""


@lru_cache(maxsize=128)
def _loaded(text: str) -> object:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _settings(whole: Mapping[Any, Any]) -> dict[str, str]:
    """What parameters, mappings and conditions are, by name: a function that names one depends on it."""
    found: dict[str, str] = {}
    for part in ("Parameters", "Mappings", "Conditions"):
        named = whole.get(part)
        for name, value in named.items() if isinstance(named, Mapping) else ():
            told = f"{found.get(str(name), '')}{json.dumps(value, sort_keys=True, default=str)}"
            found[str(name)] = told if len(told) <= PLAIN else hashlib.sha256(told.encode()).hexdigest()[:32]
    return found


class _Template:
    def __init__(self, resources: Mapping[Any, Any], estate: Estate, place: Place, settings: Mapping[str, str]) -> None:
        self.resources = resources
        self.settings = settings
        self.estate = estate
        self.place = place

    def read(self, label: str, resource: object) -> None:
        """One resource."""
        body = resource.get("Properties") or {} if isinstance(resource, Mapping) else None
        if not isinstance(resource, Mapping) or not isinstance(body, Mapping):
            self.estate.open("a resource that cannot be read", {label: resource}, self.place)
            return
        kind = str(resource.get("Type"))
        self.estate.under = self._under(resource)
        for why, said in openings(kind, resource, body):
            self.estate.open(why, {label: self._filled(said, 0)}, self.place)
        if kind in KINDS:
            self._identity(label, KINDS[kind], body)
        elif kind in POLICIES:
            self._policy(label, body)
        elif kind == "AWS::IAM::UserToGroupAddition":
            self._members(body)
        elif kind.endswith("Policy") and "PolicyDocument" in body:
            name = f"{kind.removeprefix('AWS::').removesuffix('Policy')}.{label}"
            self.estate.own_policy(name, self._filled(body["PolicyDocument"], 0), self.place)
        elif "Policy" in body or "KeyPolicy" in body or "ResourcePolicy" in body:
            policy = body.get("KeyPolicy") or body.get("Policy") or body.get("ResourcePolicy")
            self.estate.own_policy(f"{kind}.{label}", self._filled(policy, 0), self.place)
        elif RIGHTS.search(kind) and kind != "AWS::IAM::InstanceProfile":
            self.estate.open(f"`{kind}` may give rights and is not read", {label: body}, self.place)
        for role in _roles(body) if kind not in KINDS else ():
            self.estate.runs(f"aws:workload/{kind}.{label}", f"aws:role/{self._name(role)}", self.place)

    def _under(self, resource: Mapping[Any, Any]) -> tuple[Where, ...]:
        """That the condition of a resource holds, by what the template says that it is."""
        named = resource.get("Condition")
        return () if named is None else (literals(f"where {self._told(str(named))} holds", "yes"),)

    def _identity(self, label: str, kind: str, body: Mapping[str, Any]) -> None:
        name = body.get(f"{kind.title()}Name")
        name = name if isinstance(name, str) else label
        holder = f"aws:{kind}/{name}"
        self.estate.define(holder)
        if "AssumeRolePolicyDocument" in body:
            self.estate.trust(name, self._filled(body["AssumeRolePolicyDocument"], 0), self.place)
        if "PermissionsBoundary" in body:
            self.estate.bound(holder, self._bound(body["PermissionsBoundary"]), self.place)
        for policy in _listed(body.get("Policies")):
            inner = policy.get("PolicyDocument") if isinstance(policy, Mapping) else policy
            self.estate.grant(holder, self._filled(inner, 0), self.place)
        for arn in _listed(body.get("ManagedPolicyArns")):
            self._manage(holder, arn)
        for group in _listed(body.get("Groups")):
            self.estate.edges.append(Edge(actor=holder, holder=f"aws:group/{self._name(group)}", place=self.place))

    def _bound(self, value: object) -> object:
        target = self._target(value)
        return self._filled(target["PolicyDocument"], 0) if "PolicyDocument" in target else self._filled(value, 0)

    def _manage(self, holder: str, arn: object) -> None:
        target = self._target(arn)
        if "PolicyDocument" in target:
            self.estate.grant(holder, self._filled(target["PolicyDocument"], 0), self.place)
        else:
            self.estate.manage(holder, str(self._filled(arn, 0)), self.place)

    def _policy(self, label: str, body: Mapping[str, Any]) -> None:
        found = [(kind, one) for kind in ("role", "user", "group") for one in _listed(body.get(f"{kind.title()}s"))]
        found += [
            (kind, body[f"{kind.title()}Name"]) for kind in ("role", "user", "group") if f"{kind.title()}Name" in body
        ]
        for kind, named in found:
            self.estate.grant(
                f"aws:{kind}/{self._name(named)}", self._filled(body.get("PolicyDocument"), 0), self.place
            )
        if not found:
            self.estate.grant(f"aws:policy/{label}", self._filled(body.get("PolicyDocument"), 0), self.place)

    def _members(self, body: Mapping[str, Any]) -> None:
        for user in _listed(body.get("Users")):
            actor = f"aws:user/{self._name(user)}"
            self.estate.live.add(actor)
            self.estate.edges.append(
                Edge(actor=actor, holder=f"aws:group/{self._name(body.get('GroupName'))}", place=self.place)
            )

    def _target(self, value: object) -> Mapping[str, Any]:
        label = value.get("Ref") if isinstance(value, Mapping) else None
        found = self.resources.get(label) if isinstance(label, str) else None
        body = found.get("Properties") if isinstance(found, Mapping) else None
        return body if isinstance(body, Mapping) else {}

    def _name(self, value: object) -> str:
        """The name of a role, user or group: written, by `Ref` or `GetAtt`, or as it stands."""
        if isinstance(value, Mapping):
            named = value.get("Ref") or value.get("Fn::GetAtt")
            label = named[0] if isinstance(named, list) else str(named).split(".")[0]
            resource = self.resources.get(label)
            if isinstance(resource, Mapping) and resource.get("Type") == "AWS::IAM::InstanceProfile":
                roles = _listed((resource.get("Properties") or {}).get("Roles"))
                return self._name(roles[0]) if len(roles) == 1 else json.dumps(value, sort_keys=True, default=str)
            body = resource.get("Properties") if isinstance(resource, Mapping) else None
            own = (
                next((body[f"{kind}Name"] for kind in ("Role", "User", "Group") if f"{kind}Name" in body), label)
                if isinstance(body, Mapping)
                else None
            )
            return own if isinstance(own, str) else json.dumps(value, sort_keys=True, default=str)
        text = str(value)
        return text.rsplit("/", 1)[-1] if text.startswith("arn:") else text

    def _told(self, text: str) -> str:
        """What is filled in later, with the settings that it names."""
        named = sorted({word for word in _WORD.findall(text) if word in self.settings})
        return text + (" where " + ", ".join(f"{name}={self.settings[name]}" for name in named) if named else "")

    def _filled(self, value: object, depth: int) -> Any:  # noqa: ANN401 - a value of JSON
        """A value with its functions as texts that are filled in later."""
        if depth > MAX_DEPTH:
            return later("too deep")
        if isinstance(value, Mapping):
            only = next(iter(value)) if len(value) == 1 else None
            if only == "Fn::Sub" and isinstance(value[only], str):
                return _SUB.sub(lambda one: later(self._told(one.group(1))), value[only]).replace("${!", "${")
            if only == "Ref" or (isinstance(only, str) and only.startswith("Fn::")):
                return later(self._told(json.dumps(value, sort_keys=True, default=str)))
            return {str(name): self._filled(one, depth + 1) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one, depth + 1) for one in value]
        return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _roles(body: Mapping[str, Any]) -> Iterator[object]:
    for key, value in body.items():
        if key in RUNS_AS:
            yield value
        elif isinstance(value, Mapping):
            yield from _roles(value)


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]
