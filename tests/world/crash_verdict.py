"""What must hold after any fault of an executor, a gate or a database: nothing usable, nothing twice, nothing half, one report."""

from __future__ import annotations

from world.real_gate import FolderControl, Town, git, outside_of

from magistrate.bootstrap.executor_journal import journal_of
from magistrate.executor.casebook import Casebook
from magistrate.executor.journal import Journal
from magistrate.settings import load_settings


def verify_nothing_half(town: Town) -> str:
    """No usable credential, no open lease, one report, the ref where the report says; the outcome."""
    outside = outside_of(town.home)
    assert not [lease for lease in outside.broker.leases() if lease.usable]
    journal = Journal(journal_of(load_settings(town.home)), outside.identity, outside.clock)
    book = Casebook(journal)
    assert not book.open_leases()
    assert not book.open_executions()
    journal.close()
    outside.close()
    control = FolderControl(town.home)
    (report,) = control.told("reports")
    assert report["leases_open"] == 0
    tip = town.tip()
    commits = git(town.bare, "rev-list", "main").split()
    outcome = str(report["outcome"])
    if outcome == "succeeded":
        assert town.tree(tip) == town.result_tree
        assert commits == [tip, town.old]
    elif outcome == "rolled_back":
        assert town.tree(tip) == town.base_tree
        assert len(commits) == 3
        assert commits[-1] == town.old
    else:
        assert outcome in {"failed", "refused"}
        assert tip == town.old
    assert report["ref_after"] in {tip, ""}
    git(town.bare, "fsck", "--strict")
    told = sorted(body["sequence"] for body in control.told("steps"))
    assert told == list(range(1, len(told) + 1))
    return outcome
