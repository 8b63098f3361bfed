"""Two blocks that make something of one name make two things: what holds one back says nothing of the other."""

from __future__ import annotations

import json

import pytest

from magistrate.impact.privilege.domains import aws_iam
from magistrate.impact.privilege.engine import Turn, delta

pytestmark = pytest.mark.requirement("R28")

ANYBODY = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
GAINS, LOSES = {Turn.GAINS}, {Turn.LOSES}


def encoded(*statements: dict[str, object]) -> str:
    return "jsonencode(" + json.dumps({"Version": "2012-10-17", "Statement": list(statements)}) + ")"


def says(action: str, effect: str = "Allow") -> dict[str, object]:
    return {"Effect": effect, "Action": action, "Resource": "*"}


def role(
    name: str = "var.n", *, bound: bool = False, each: bool = False, trust: tuple[dict[str, object], ...] = ()
) -> str:
    """A role of the label `this`."""
    limit = "permissions_boundary = aws_iam_policy.limit.arn" if bound else ""
    many = 'for_each = toset(["x"])' if each else ""
    return (
        f'variable "n" {{}}\nresource "aws_iam_role" "this" {{\n  {many}\n  name = {name}\n  {limit}\n'
        f"  assume_role_policy = {encoded(*(trust or (ANYBODY,)))}\n}}\n"
        f'resource "aws_iam_policy" "limit" {{\n  policy = {encoded(says("s3:Get*"))}\n}}\n'
    )


def policy(action: str, effect: str = "Allow", to: str = "aws_iam_role.this.name", label: str = "p") -> str:
    """A policy of a role."""
    return (
        f'resource "aws_iam_role_policy" "{label}" {{\n  role = {to}\n  policy = {encoded(says(action, effect))}\n}}\n'
    )


def turns(before: dict[str, str], after: dict[str, str]) -> set[Turn]:
    """Which ways somebody's power goes."""
    sides = (
        aws_iam.READER.grants({f"{folder}/main.tf": text for folder, text in side.items()}) for side in (before, after)
    )
    return {one.turn for one in delta(*sides)}


@pytest.mark.parametrize("name", ["var.n", '"app"'])
def test_the_boundary_of_one_does_not_bound_the_other(name: str) -> None:
    bounded = role(name, bound=True)
    assert turns({"a": bounded, "b": role(name)}, {"a": bounded, "b": role(name) + policy("iam:*")}) == GAINS
    assert turns({"a": bounded, "b": role(name)}, {"a": bounded + policy("iam:*"), "b": role(name)}) == set()
    assert turns({"a": bounded, "b": role(name)}, {"a": bounded + policy("s3:*"), "b": role(name)}) == GAINS


@pytest.mark.parametrize("name", ["var.n", '"app"'])
def test_what_one_denies_the_other_may_do(name: str) -> None:
    denied = role(name) + policy("iam:*", "Deny")
    assert turns({"a": denied, "b": role(name)}, {"a": denied, "b": role(name) + policy("iam:*")}) == GAINS
    assert turns({"a": denied, "b": role(name)}, {"a": denied + policy("iam:*", label="q"), "b": role(name)}) == set()


def test_what_one_may_do_hides_nothing_of_the_other() -> None:
    free = role() + policy("iam:*")
    assert turns({"a": free, "b": role()}, {"a": free, "b": role() + policy("iam:*")}) == GAINS


def test_what_is_given_to_the_name_may_be_given_to_any() -> None:
    sides = {"a": role('"app"', bound=True), "b": role('"app"')}
    given = {**sides, "c": policy("iam:*", to='"app"')}
    assert turns(sides, given) == GAINS
    assert turns(given, {**given, "a": role('"app"')}) == GAINS
    held = {"a": role('"app"') + policy("iam:*"), "b": role('"app"'), "c": policy("iam:*", "Deny", to='"app"')}
    assert Turn.GAINS in turns(held, {**held, "c": ""})
    kept = policy("iam:*", "Deny", to='"app"')
    plain = {"a": role('"app"'), "b": role('"app"')}
    assert Turn.GAINS in turns(plain, {**plain, "b": role('"app"') + policy("iam:*"), "c": kept})
    assert turns(plain, {**plain, "c": kept}) == set()


def test_one_alone_has_its_name_wherever_it_stands() -> None:
    free = role('"app"') + policy("iam:*")
    assert turns({"a": free}, {"c": free}) == set()
    assert turns({"a": free}, {"a": free, "c": free}) == set()
    assert turns({"a": role('"app"')}, {"c": free}) == GAINS
    assert turns({"a": role('"app"')}, {"a": role('"app"'), "c": free}) == GAINS
    assert turns({"a": free, "c": role('"app"')}, {"a": free}) == LOSES


def test_a_boundary_bounds_each_of_several() -> None:
    to = 'aws_iam_role.this["x"].name'
    bounded, free = role(bound=True, each=True), role(each=True)
    assert turns({"a": bounded + policy("iam:*", to=to)}, {"a": free + policy("iam:*", to=to)}) == GAINS
    assert turns({"a": bounded}, {"a": bounded + policy("iam:*", to=to)}) == set()
    both = {"a": bounded, "b": free}
    assert turns(both, {**both, "b": free + policy("iam:*", to=to)}) == GAINS


def test_whom_one_keeps_out_the_other_may_let_in() -> None:
    shut = role(trust=({**ANYBODY, "Effect": "Deny"},))
    closed = role(trust=({**ANYBODY, "Principal": {"Service": "ec2.amazonaws.com"}},))
    assert Turn.GAINS in turns({"a": shut, "b": closed}, {"a": shut, "b": role()})


def test_policies_of_one_name_are_several() -> None:
    def handed(*statements: dict[str, object]) -> str:
        return f'resource "aws_iam_policy" "this" {{\n  policy = {encoded(*statements)}\n}}\n'

    denied = handed(says("iam:*", "Deny"))
    assert turns({"a": denied, "b": handed(says("s3:*"))}, {"a": denied, "b": handed(says("iam:*"))}) == GAINS | LOSES


def test_buckets_of_one_name_are_several_and_one() -> None:
    def bucket(*effects: str) -> str:
        told: list[dict[str, object]] = [
            {"Effect": one, "Action": "s3:GetObject", "Resource": "*", "Principal": "*"} for one in effects
        ]
        return (
            'resource "aws_s3_bucket" "this" {}\nresource "aws_s3_bucket_policy" "p" {\n'
            f"  bucket = aws_s3_bucket.this.id\n  policy = {encoded(*told)}\n}}\n"
        )

    assert turns({"a": bucket("Deny"), "b": bucket()}, {"a": bucket("Deny"), "b": bucket("Allow")}) == GAINS
    assert turns({"a": bucket("Deny"), "b": bucket()}, {"a": bucket("Deny", "Allow"), "b": bucket()}) == set()
    assert Turn.GAINS in turns({"a": bucket("Deny"), "b": bucket("Allow")}, {"a": bucket(), "b": bucket("Allow")})


def test_templates_that_name_one_role_make_two() -> None:
    def template(*effects: str, bound: bool = False) -> str:
        body: dict[str, object] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [ANYBODY]}}
        told = [says("iam:*", effect) for effect in effects]
        body["Policies"] = [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": told}}]
        if bound:
            body["PermissionsBoundary"] = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        return json.dumps({"Resources": {"App": {"Type": "AWS::IAM::Role", "Properties": body}}})

    def side(one: str, other: str) -> dict[str, str]:
        return {"a/template.json": one, "b/template.json": other}

    shut = template("Deny", bound=True)
    sides = [aws_iam.READER.grants(side(shut, other)) for other in (template(), template("Allow"))]
    assert {one.turn for one in delta(*sides)} == GAINS
    sides = [aws_iam.READER.grants(side(one, template())) for one in (shut, template("Deny", "Allow", bound=True))]
    assert {one.turn for one in delta(*sides)} == set()
