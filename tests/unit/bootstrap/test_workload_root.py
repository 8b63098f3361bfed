"""The key by which the executor asks an issuer is a root like any other: with owner, reason, place and a day (R50)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from world.deployment import make_deployment

from magistrate.bootstrap.roots import DAY, roots_of
from magistrate.settings import WorkloadIssuer


@pytest.mark.requirement("R50", "R52")
def test_the_client_key_of_workload_identity_is_listed_where_there_is_one(tmp_path):
    town = make_deployment(tmp_path)
    key = tmp_path / "keys" / "workload-client.pem"
    key.write_text("plainly fake")
    told = WorkloadIssuer(
        grant="client_credentials",
        issuer="https://issuer.example",
        audience="a",
        client_id="c",
        client_key=key,
        client_key_id="c1",
    )
    for issuer, listed in ((None, 0), (replace(told, client_key=None), 0), (told, 1)):
        settings = replace(town.settings, workload_issuer=issuer)
        found = [
            root for root in roots_of(settings, (town.roster,), town.trusted_roster()) if root.root == "workload client"
        ]
        assert len(found) == listed
    (root,) = found
    assert root.key == "c1"
    assert "https://issuer.example" in root.reason
    assert str(key) in root.lives
    assert root.rotate_by - root.since == town.settings.rotate_process_days * DAY
