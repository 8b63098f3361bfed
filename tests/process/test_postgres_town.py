"""A whole deployment with store and journal on PostgreSQL: from a finding to a change in the target, and after a kill -9."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from world.ports import four_free_ports
from world.postgres import postgres  # noqa: F401  a fixture
from world.running import FILES as SHOP
from world.running import Town, repository, scan
from world.stores import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres-town")]


@pytest.fixture(scope="module")
def url(postgres):  # noqa: F811
    return postgres.database()


@pytest.fixture(scope="module")
def journal(postgres):  # noqa: F811
    return postgres.database()


@pytest.fixture(scope="module")
def town(url, journal):
    folder = Path(tempfile.mkdtemp(prefix="magistrate-postgres-"))
    made = Town(folder, four_free_ports())
    repository(made.clone, SHOP)
    made("init", "--solo", "--name", "anna", "--ports", made.first_port)
    settings = made.home / "magistrate.toml"
    text, walls = re.subn(r'(?m)^users = "\w+"', 'users = "same"', settings.read_text())
    assert walls == 1, "the server of the test knows its own user and root"
    settings.write_text(f'{text}\n[store]\nurl = "{url}"\n[journal]\nurl = "{journal}"\nschema = "exec_a"\n')
    try:
        made("up", "--detach")
        made("repository", "add", made.clone)
        scan(made)
        made("agents", "register", "fixer")
        yield made
    finally:
        made("up", "--stop", status=None)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.requirement("R37", "R60", "R62")
def test_a_change_goes_its_whole_way_and_its_record_verifies(town, url, tmp_path):
    before = town.tip()
    session = town.session("shop/orders.py")
    proposal = town.propose(session, {"shop/orders.py": lambda text: text.replace("import json\n", "")})
    town.approve(proposal)
    town.until(proposal, {"SUCCEEDED"})
    assert town.tip() != before
    told = [event["event"] for event in town.story(proposal)]
    assert {"proposal.sealed", "warrant.issued", "effect.done", "lease.released"} <= set(told)
    assert not (town.home / "control" / "store.db").exists(), "nothing is kept beside the database"
    with opened(url) as rows:
        query = "SELECT event FROM event WHERE subject = %s ORDER BY seq"
        kept = [name for (name,) in rows.execute(query, (proposal,)).fetchall()]
        assert kept[0] == "proposal.sealed"
        assert set(kept) <= set(told)
        assert rows.execute("SELECT state FROM case_state WHERE proposal = %s", (proposal,)).fetchone() == (
            "SUCCEEDED",
        )


@pytest.mark.requirement("R53", "R56", "R60")
def test_the_executor_keeps_its_journal_there_and_finds_it_after_a_kill(town, journal):
    assert not (town.home / "executor" / "journal.db").exists()
    assert (town.home / "executor" / "journal.place").read_text().endswith("schema exec_a\n")
    before = town.kill("executor")
    town.await_again("executor", before)
    with opened(journal) as rows:
        ended = rows.execute("SELECT outcome FROM exec_a.executions").fetchall()
        assert ended == [("succeeded",)]
        left = "SELECT count(*) FROM exec_a.entries WHERE step = 'lease.requested'"
        assert rows.execute(left).fetchone() == (1,)
        assert rows.execute("SELECT count(*) FROM exec_a.leases WHERE state <> 'released'").fetchone() == (0,)


@pytest.mark.requirement("R62")
def test_control_killed_in_the_middle_goes_on_where_it_was(town, url):
    session = town.session("shop/report.py")
    before = town.kill("control")
    town.await_again("control", before)
    proposal = town.propose(
        session, {"shop/report.py": lambda text: text + "\n\ndef total(rows):\n    return len(rows)\n"}
    )
    before = town.kill("control")
    town.await_again("control", before)
    town.approve(proposal)
    town.until(proposal, {"APPROVED_NOT_EXECUTED"})  # no low class, and no drill has passed here
    with opened(url) as rows:
        seqs = [seq for (seq,) in rows.execute("SELECT seq FROM log_entry ORDER BY seq").fetchall()]
    assert seqs == list(range(len(seqs)))


def test_people_are_told_which_database_it_is(town):
    socket_folder = re.escape("/tmp/") + r"mag-pg-\w+"
    assert re.search(
        rf"store\s+ok\s+postgresql, database store_\d+ at {socket_folder}, answers", town("doctor", status=None)
    )
    assert re.search(rf"store\s.*postgresql, database store_\d+ at {socket_folder}", town("config", "check"))
    place = rf"postgresql, database store_\d+ at {socket_folder}, schema exec_a"
    assert re.search(rf"journal\s+ok\s+{place}, answers", town("doctor", status=None))
    assert re.search(rf"journal\s.*{place}", town("config", "check"))
    assert "MAG-E608" in town("store", "migrate", status=1)


def test_a_url_that_leads_nowhere_stops_control_with_a_code(town, url, tmp_path):
    """Last: it stops the deployment."""
    town("up", "--stop")
    settings = town.home / "magistrate.toml"
    text = settings.read_text()
    assert "store: version 0001" in town("store", "migrate")
    try:
        settings.write_text(text.replace(url, f"postgresql:///absent?host={tmp_path}"))
        assert "MAG-E446" in town("store", "migrate", status=4)
        assert "does not answer" in town("doctor", status=1)
        settings.write_text(text.replace(url, "postgresql://someone:plainly-fake@localhost/store"))
        said = town("store", "migrate", status=2)
        assert "MAG-E444" in said
        assert "plainly-fake" not in said + town("doctor", status=1)
    finally:
        settings.write_text(text)
