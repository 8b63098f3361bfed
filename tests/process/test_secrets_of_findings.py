"""On a running deployment: what a leaked secret opens stands beside its finding, for people and for agents (R36, R8)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from world.running import Town, running_below

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("secrets-of-findings")]

VALUE = "wJalrXUtnFEMIK7MDENGbPxRfiCYFAKEFAKEKEY1"
SETTINGS = f'"""Settings."""\n\nORDERS_PASSWORD = "{VALUE}"\nlegacy = "hunter-two-hunter"\n'
MAP = "reach:\n  environments: {production: ['**']}\n  secrets: {ORDERS_PASSWORD: [orders-db, reports]}\n"
WORKFLOW = "on: push\njobs:\n  ship:\n    runs-on: x\n    steps:\n    - run: ./ship\n      env:\n        PGPW: ${{ secrets.ORDERS_PASSWORD }}\n"
FILES = {
    "shop/settings.py": SETTINGS, ".magistrate.yml": MAP, ".github/workflows/ship.yml": WORKFLOW,
    "ship": "psql -p $PGPW\n", "old.ini": f"pw = {VALUE}\n",
}  # fmt: skip
USERS = ["gha:.github/workflows/ship.yml#ship", "old.ini", "ship", "shop/settings.py"]


def result(rule: str, line: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": "shop/settings.py"}, "region": {"startLine": line}}
    return {"ruleId": rule, "message": {"text": "a secret"}, "locations": [{"physicalLocation": place}]}


@pytest.fixture(scope="module")
def town():
    with running_below("leaks", FILES) as town:
        run = {"results": [result("generic-api-key", 3), result("x1", 4)], "tool": {"driver": {"name": "gitleaks"}}}
        leaks = town.folder / "leaks.sarif"
        leaks.write_text(json.dumps({"version": "2.1.0", "runs": [run]}))
        town("ingest", leaks, "--repository", "shop")
        yield town


def found(town: Town, rule: str) -> dict[str, Any]:
    return next(row for row in town.json("findings", "--repository", "shop") if row["rule"] == rule)


@pytest.mark.requirement("R36")
def test_people_see_what_a_found_secret_opens_and_who_uses_it(town: Town) -> None:
    (row,) = found(town, "generic-api-key")["secrets"]
    assert (row["name"], row["opens"], row["consumers"]) == ("ORDERS_PASSWORD", ["orders-db", "reports"], USERS)
    assert found(town, "x1")["secrets"][0]["opens"] == ["unknown"]
    assert found(town, "F401")["secrets"] == []
    lines = {line.split("\t")[2]: line.split("\t") for line in town("findings").splitlines()}
    assert lines["generic-api-key"][-1] == "orders-db, reports"
    assert lines["x1"][-1] == "unknown"
    assert lines["F401"][-1] == ""
    assert ", ".join(USERS) in town("findings", "-o", "wide")
    assert VALUE not in town("findings", "-o", "wide") + json.dumps(town.json("findings"))


@pytest.mark.requirement("R36", "R8")
def test_an_agent_reads_the_same_and_the_case_shows_it(town: Town) -> None:
    session = town.session("shop/report.py")
    told = session.good("get_finding", id=found(town, "generic-api-key")["id"])
    (row,) = told["finding"]["secrets"]
    assert (row["name"], row["opens"], row["consumers"]) == ("ORDERS_PASSWORD", ["orders-db", "reports"], USERS)
    listed = session.good("list_findings", limit=200)
    rows = {one["rule"]: one["secrets"] for one in listed["findings"]}
    assert rows["generic-api-key"] == [row]
    assert rows["F401"] == []
    assert VALUE not in json.dumps([told, listed])
    assert "hunter" not in json.dumps([told, listed])


@pytest.mark.requirement("R36")
def test_the_page_of_a_case_tells_what_its_finding_opens(town: Town) -> None:
    session = town.session("shop/settings.py")
    case = town.propose(session, {"README.md": lambda text: text.replace("servise", "service")})
    told = town.json("show", case.removeprefix("sha256:")[:16])["finding_secrets"]
    assert told
    page = town("show", case.removeprefix("sha256:")[:16])
    for row in told:
        assert f"secret {row['name']} at shop/settings.py" in page
        assert f"opens {', '.join(row['opens'])}; used by {row['consumers'][0]}" in page
