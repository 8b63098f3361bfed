"""Pairs of policies written by hand to mislead the engine; what is right was reasoned before it was asked."""

from __future__ import annotations

import pytest
from world.brute_force import verdict_of

from magistrate.impact.privilege import search, splitting
from magistrate.impact.privilege.domains.aws_policy import document
from magistrate.impact.privilege.engine import delta
from magistrate.impact.privilege.model import Grants, Holder, Layer, Place

pytestmark = pytest.mark.requirement("R28")
S3 = "arn:aws:s3:::"


def may(*actions, on="*", when=None, but=None, not_on=None, who=None, not_who=None, effect="Allow"):
    made = {"Effect": effect}
    made.update({"NotAction": list(but)} if but else {"Action": list(actions) or "*"})
    made.update({"NotResource": not_on} if not_on else {"Resource": on})
    made.update({"Principal": who} if who else {"NotPrincipal": not_who} if not_who else {})
    return {**made, "Condition": when} if when else made


def never(*actions, **words):
    return may(*actions, effect="Deny", **words)


ALL = may()
GET, PUT = "s3:GetObject", "s3:PutObject"
HOME = S3 + "home/"
OUTSIDE = {"aws:SourceIp": "10.0.0.0/8"}
PAIRS = [
    ("a pattern becomes one of its names", [may("s3:Get*")], [may(GET)], "narrowed"),
    ("two names become their pattern", [may(GET, PUT)], [may("s3:*Object")], "widened"),
    ("overlap without inclusion", [may(on=S3 + "a*b*")], [may(on=S3 + "*ab")], "incomparable"),
    ("runs in another order", [may(on=S3 + "*a*b*")], [may(on=S3 + "*ab*")], "narrowed"),
    ("either order and any", [may(on=[S3 + "*a*b*", S3 + "*b*a*"])], [may(on=S3 + "*a*")], "widened"),
    ("everything but what is not under x", [may(on=S3 + "x/*")], [ALL, never(not_on=S3 + "x/*")], "unchanged"),
    ("all but, said as a deny", [may(but=["iam:*"])], [ALL, never("iam:*")], "unchanged"),
    ("more left out", [may(but=["iam:*"])], [may(but=["iam:*", "s3:*"])], "narrowed"),
    ("actions have no case", [may("S3:GETOBJECT")], [may("s3:getobject")], "unchanged"),
    ("one action twice", [may("s3:Put*")], [may("S3:G*", "s3:g*", "s3:Put*")], "widened"),
    ("resources have a case", [may(on=S3 + "A")], [may(on=S3 + "a")], "incomparable"),
    ("a value in any case", [may(when={"StringEquals": {"k": "X"}})], [may(when={"StringEqualsIgnoreCase": {"k": "x"}})], "widened"),
    ("equals takes a star as it is", [may(when={"StringEquals": {"k": "x*"}})], [may(when={"StringLike": {"k": "x*"}})], "widened"),
    ("not equals holds for none anyway", [may(when={"StringNotEquals": {"k": "x"}})], [may(when={"StringNotEqualsIfExists": {"k": "x"}})], "unchanged"),
    ("equals does not", [may(when={"StringEquals": {"k": "x"}})], [may(when={"StringEqualsIfExists": {"k": "x"}})], "widened"),
    ("a deny that also holds for none", [ALL, never(when={"Bool": {"m": "false"}})], [ALL, never(when={"BoolIfExists": {"m": "false"}})], "narrowed"),
    ("each value against any", [may(when={"ForAllValues:StringEquals": {"t": ["a", "b"]}})], [may(when={"ForAnyValue:StringEquals": {"t": ["a", "b"]}})], "incomparable"),
    ("each value and one at least", [may(when={"ForAnyValue:StringEquals": {"t": "a"}})], [may(when={"ForAllValues:StringEquals": {"t": "a"}, "Null": {"t": "false"}})], "narrowed"),
    ("a deny of any value does not reach each", [ALL, never(when={"ForAnyValue:StringEquals": {"t": "a"}})], [ALL, never(when={"ForAllValues:StringEquals": {"t": "a"}})], "incomparable"),
    ("not each is some not", [ALL, never(when={"ForAllValues:StringEquals": {"t": "a"}})], [may(when={"ForAnyValue:StringNotEquals": {"t": "a"}})], "unchanged"),
    ("everybody becomes an account", [may(who="*")], [may(who={"AWS": "123456789012"})], "narrowed"),
    ("a deny of all but one goes", [may(who="*"), never(not_who={"AWS": "arn:aws:iam::123456789012:role/r"})], [may(who="*")], "widened"),
    ("a deny of what was not allowed goes", [may(GET, PUT), never("s3:Put*")], [may(GET)], "unchanged"),
    ("a variable becomes anybody", [may(on=HOME + "${aws:username}/*")], [may(on=HOME + "*")], "widened"),
    ("anybody becomes a variable", [may(on=HOME + "*")], [may(on=HOME + "${aws:username}/*")], "narrowed"),
    ("a variable where a deny had been", [may(on=HOME + "*"), never(on=HOME + "root/*")], [may(on=HOME + "${aws:username}/*")], "incomparable"),
    ("a star that is a star", [may(on=S3 + "a${*}")], [may(on=S3 + "a*")], "widened"),
    ("a segment of an ARN", [may(on="arn:aws:iam::*:role/x")], [may(on="arn:aws:iam::1*:role/x")], "narrowed"),
    ("segments that are empty", [may(on="arn:aws:s3:*:*:a")], [may(on=S3 + "a")], "narrowed"),
    ("a product in two statements", [may(GET, PUT, on=[S3 + "r/*", S3 + "q/*"])], [may(GET, PUT, on=S3 + "r/*"), may(PUT, GET, on=S3 + "q/*")], "unchanged"),
    ("two statements as a product", [may(GET, on=S3 + "r/*"), may(PUT, on=S3 + "q/*")], [may(GET, PUT, on=[S3 + "r/*", S3 + "q/*"])], "widened"),
    ("two conditions that leave nothing out", [may(when={"StringEquals": {"k": "x"}}), may(when={"StringNotEquals": {"k": "x"}})], [ALL], "unchanged"),
    ("two conditions that leave none out", [may(when={"StringEquals": {"k": "x"}}), may(when={"StringNotEquals": {"k": "x"}, "Null": {"k": "false"}})], [ALL], "widened"),
    ("numbers below and from there", [may(when={"NumericLessThan": {"n": "5"}}), may(when={"NumericGreaterThanEquals": {"n": "5"}})], [may(when={"NumericLessThanEquals": {"n": "100"}})], "narrowed"),
    ("a network in two halves", [may(when={"IpAddress": {"ip": "10.0.0.0/8"}})], [may(when={"IpAddress": {"ip": ["10.0.0.0/9", "10.128.0.0/9"]}})], "unchanged"),
    ("a network and one address more", [may(when={"IpAddress": {"ip": ["10.0.0.0/9", "10.128.0.0/9"]}})], [may(when={"IpAddress": {"ip": ["10.0.0.0/8", "11.0.0.0/32"]}})], "widened"),
    ("anything and something", [may(on=S3 + "b/*")], [may(on=S3 + "b/?*")], "narrowed"),
    ("something in two spellings", [may(on=S3 + "b/*?")], [may(on=S3 + "b/?*")], "unchanged"),
    ("something by its length", [may(on=S3 + "b/*")], [may(on=[S3 + "b/", S3 + "b/?", S3 + "b/??*"])], "unchanged"),
    ("a deny under a condition", [ALL, never("iam:*")], [ALL, never("iam:*", when={"StringEquals": {"k": "x"}})], "widened"),
    ("a deny from elsewhere, if it exists", [ALL, never(when={"NotIpAddress": OUTSIDE})], [ALL, never(when={"NotIpAddressIfExists": OUTSIDE})], "unchanged"),
    ("what begins or ends, and what does both", [ALL, never("s3:G*"), never("s3:*t")], [ALL, never("s3:G*t")], "widened"),
    ("a deny cut in two that leaves the middle", [ALL, never(on=S3 + "a*")], [ALL, never(on=[S3 + "a", S3 + "a?", S3 + "a???*"])], "widened"),
    ("a deny cut in two that leaves nothing", [ALL, never(on=S3 + "a*")], [ALL, never(on=S3 + "a"), never(on=S3 + "a?*")], "unchanged"),
]  # fmt: skip


def state(*layers):
    made = []
    for statements in layers:
        found = document({"Version": "2012-10-17", "Statement": statements}, Place(path="p"))
        assert not found.unknown
        made.append(Layer(statements=found.statements))
    return Grants(holders=(Holder(name="p", domain="aws-iam", layers=tuple(made)),), live=frozenset({"p"}))


BACK = {"widened": "narrowed", "narrowed": "widened"}


@pytest.mark.parametrize("apart", [False, True], ids=["as it is", "taken apart"])
@pytest.mark.parametrize(("before", "after", "right"), [one[1:] for one in PAIRS], ids=[one[0] for one in PAIRS])
def test_the_right_answer_in_both_directions(before, after, right, apart, monkeypatch):
    if apart:
        monkeypatch.setattr(splitting, "MANY", 0)
        monkeypatch.setattr(search, "FEW_SETS", 0)
    assert verdict_of(delta(state(before), state(after))) == right
    assert verdict_of(delta(state(after), state(before))) == BACK.get(right, right)


def test_a_boundary_that_goes_gives_what_it_kept_back():
    allowed, boundary = [may("s3:*"), may("iam:*")], [may("s3:*"), may("ec2:*")]
    assert verdict_of(delta(state(allowed, boundary), state(allowed))) == "widened"
    assert verdict_of(delta(state(allowed, boundary), state([may("s3:*")]))) == "unchanged"
    assert verdict_of(delta(state(allowed, boundary), state([may("s3:*")], [may("s3:Get*")], [ALL]))) == "narrowed"
