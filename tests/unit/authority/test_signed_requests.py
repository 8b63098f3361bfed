"""A signed request is good for one door, one method, one path, one body, two minutes."""

import pytest
from world.deployment import make_deployment

from magistrate.authority.request import verify_request
from magistrate.errors import Refused
from magistrate.wire.canonical import digest
from magistrate.wire.envelope import join_signatures
from magistrate.wire.request import Request, envelope_of

NOW = 1_790_000_000


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    return make_deployment(tmp_path_factory.mktemp("home"), now=NOW)


def signed(deployment, caller="ben", *, method="POST", path="/x?a=1", body=b"{}", audience="control"):
    header = deployment.authorization(caller, method, path, body, audience=audience, now=NOW)
    return envelope_of(header["Authorization"])


def verify(deployment, envelope, **changes):
    seen = {"method": "POST", "path": "/x?a=1", "body": b"{}", "now": NOW, "audience": "control", **changes}
    return verify_request(envelope, deployment.trusted_roster(), **seen)


@pytest.mark.requirement("R37")
@pytest.mark.parametrize("caller", ["ben", "executor", "front", "gate"])
def test_the_caller_is_whoever_holds_the_key(deployment, caller):
    found = verify(deployment, signed(deployment, caller))
    assert found.name == caller
    assert (found.person is not None) is (caller == "ben")
    assert found.expires == NOW + 120


@pytest.mark.requirement("R37")
@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET"}, {"path": "/x"}, {"body": b"{} "}, {"now": NOW + 120}, {"now": NOW - 31},
        {"audience": "gate"}, {"body_sha256": digest(b"other")},
    ],
    ids=str,
)  # fmt: skip
def test_it_is_good_for_nothing_else(deployment, changes):
    with pytest.raises(Refused):
        verify(deployment, signed(deployment), **changes)


def test_nobody_calls_in_the_name_of_another_or_for_longer(deployment):
    body = Request(caller="carla", method="POST", path="/x?a=1", body_sha256=digest(b"{}"))
    for envelope in (
        deployment.by_person("ben", body, "req", lifetime=120, now=NOW, audience="control"),
        deployment.by_person("carla", body, "req", lifetime=121, now=NOW, audience="control"),
        deployment.by_person("carla", body, "req", lifetime=None, now=NOW, audience="control"),
        deployment.by_process("log", body, "req", lifetime=120, now=NOW, audience="control"),
    ):
        with pytest.raises(Refused):
            verify(deployment, envelope)
    one = deployment.by_person("carla", body, "req", lifetime=120, now=NOW, audience="control")
    other = signed(deployment)
    with pytest.raises(Refused):
        verify(
            deployment,
            join_signatures(
                one, one.__class__(payloadType=one.payloadType, payload=one.payload, signatures=other.signatures)
            ),
        )
