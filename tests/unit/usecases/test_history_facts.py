"""Facts of the history, from real repositories: what is taken back, what is cut, and that all parties say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from world.casework import git
from world.judging import JudgeInside

from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.sandbox.detect import open_sandbox
from magistrate.impact.earlier import earlier_of
from magistrate.usecases.assess import Assessed, Assessor
from magistrate.usecases.assess_many import Change, ManyChanges
from magistrate.usecases.history import CUT, Histories

RED = ".menu {\n  color: red;\n}\n"
BLUE = ".menu {\n  color: blue;\n}\n"


class Shop:
    """A repository that grows by one commit at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git("init", "-q", "-b", "main", ".", cwd=folder)

    def commit(self, subject: str, **files: str | None) -> str:
        for name, text in files.items():
            place = self.folder / name.replace("__", ".")
            place.unlink(missing_ok=True)
            if text is not None:
                place.write_text(text)
        git("add", "-A", ".", cwd=self.folder)
        git("commit", "-q", "--allow-empty", "-m", subject, cwd=self.folder)
        return git("rev-parse", "HEAD", cwd=self.folder).strip()

    def judged(self, *, commit: bool = True, folder: Path | None = None) -> Assessed:
        """What `HEAD~1..HEAD` is."""
        reader = RepositoryReader((folder or self.folder) / ".git")
        old, new = reader.resolve("HEAD~1"), reader.resolve("HEAD")
        assessor = Assessor(sandbox=JudgeInside(), tools={})
        return assessor.of_trees(reader, reader.tree_of(old), reader.tree_of(new), commit=old if commit else None)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.commit("A menu", menu__css=RED, word__css="a {}\n")
    return made


def kinds(found: Assessed) -> set[str]:
    return {file["class"] for file in found.verdict["files"]}


@pytest.mark.requirement("R16", "R25")
def test_the_tree_of_an_earlier_commit_is_a_revert_for_one(shop: Shop) -> None:
    shop.commit("Colour the menu", menu__css=BLUE)
    shop.commit("Take it back", menu__css=RED)
    found = shop.judged()
    assert (found.strictness, kinds(found)) == ("one", {"revert"})
    assert "Colour the menu" in found.verdict["files"][0]["proof"]["why"]
    without = shop.judged(commit=False)
    assert without.strictness == "two"
    assert kinds(without) == {"unknown"}


@pytest.mark.requirement("R16", "R25")
def test_one_commit_is_taken_back_after_others_landed(shop: Shop) -> None:
    colour = shop.commit("Colour the menu", menu__css=BLUE)
    shop.commit("Another word", word__css="b {}\n")
    git("revert", "--no-edit", colour, cwd=shop.folder)
    found = shop.judged()
    assert (found.strictness, kinds(found)) == ("one", {"revert"})
    witness = found.verdict["files"][0]["proof"]["witness"]
    assert (witness["landed"], witness["shape"], witness["undone"]) == (colour, "inverse", "1")


@pytest.mark.requirement("R24", "R26")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"menu__css": RED}, {"menu__css": BLUE}),
        ({"app__py": "def f(x):\n    return x\n"}, {"app__py": "def f(x):\n    return x + 1\n"}),
    ],
    ids=["no program", "ordinary code, which is for one by itself"],
)
def test_taking_a_fix_for_safety_back_asks_for_two(shop: Shop, before: dict[str, str], after: dict[str, str]) -> None:
    shop.commit("Start", **before)
    shop.commit("Tidy the input\n\nThis closes GHSA-aaaa-bbbb-cccc.", **after)
    shop.commit("Take it back", **before)
    found = shop.judged()
    assert found.strictness == "two"
    assert any("GHSA" in hit["why"].upper() for hit in found.verdict["sensitivities"])


@pytest.mark.requirement("R24", "R26")
def test_a_fix_on_the_side_that_a_merge_brought_is_seen(shop: Shop) -> None:
    git("checkout", "-q", "-b", "side", cwd=shop.folder)
    shop.commit("Prevent injection by names", menu__css=BLUE)
    git("checkout", "-q", "main", cwd=shop.folder)
    shop.commit("Another word", word__css="b {}\n")
    git("merge", "-q", "--no-ff", "-m", "Merge a side", "side", cwd=shop.folder)
    git("revert", "--no-edit", "-m", "1", "HEAD", cwd=shop.folder)
    found = shop.judged()
    assert found.strictness == "two"
    assert any("injection" in hit["why"] for hit in found.verdict["sensitivities"])


@pytest.mark.requirement("R24")
def test_a_secret_and_a_mode_that_come_back_stay_what_they_are(shop: Shop) -> None:
    secret = 'key = "' + "AKIA" + "QWERTYUIOPASDFGH" + '"\n'
    shop.commit("Start", conf__txt=secret)
    shop.commit("Tidy", conf__txt="key = read()\n")
    shop.commit("Take it back", conf__txt=secret)
    assert shop.judged().strictness in {"two", "deny"}
    (shop.folder / "menu.css").chmod(0o755)
    shop.commit("Open")
    (shop.folder / "menu.css").chmod(0o644)
    shop.commit("Close")
    (shop.folder / "menu.css").chmod(0o755)
    shop.commit("Open again")
    assert shop.judged().strictness == "two"


@pytest.mark.requirement("R25")
def test_a_cut_history_proves_less_and_says_so(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    shop.commit("Colour the menu", menu__css=BLUE)
    shop.commit("Take it back", menu__css=RED)
    target = tmp_path_factory.mktemp("shallow")
    git("clone", "-q", "--depth", "2", f"file://{shop.folder}", str(target / "c"), cwd=target)
    found = shop.judged(folder=target / "c")
    assert found.strictness == "two"
    assert CUT in found.notes
    assert CUT not in shop.judged().notes


@pytest.mark.requirement("R25")
def test_replacements_and_grafts_change_no_history(shop: Shop) -> None:
    colour = shop.commit("Colour the menu", menu__css=BLUE)
    never = shop.commit("Green", menu__css=RED.replace("red", "green"))
    git("reset", "-q", "--hard", colour, cwd=shop.folder)
    last = shop.commit("Last", word__css="b {}\n")
    shop.commit("Green, which was never live here", menu__css=RED.replace("red", "green"), word__css="a {}\n")
    git("replace", "--graft", last, never, cwd=shop.folder)
    (shop.folder / ".git" / "info" / "grafts").write_text(f"{last} {never}\n")
    assert kinds(shop.judged()) == {"unknown"}


@pytest.mark.slow
@pytest.mark.requirement("R25", "R26")
def test_one_by_one_and_together_and_from_a_clone_the_facts_are_the_same(
    shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for number in range(6):
        shop.commit(f"Colour {number}", menu__css=BLUE if number % 2 == 0 else RED)
    target = tmp_path_factory.mktemp("clone")
    git("clone", "-q", "--bare", f"file://{shop.folder}", str(target / "c.git"), cwd=target)
    here, there = RepositoryReader(shop.folder / ".git"), RepositoryReader(target / "c.git")
    many, changes = Histories(git=here), []
    for back in range(5):
        new, old = here.resolve(f"HEAD~{back}"), here.resolve(f"HEAD~{back + 1}")
        trees = here.tree_of(old), here.tree_of(new)
        asked = (old, *trees, here.changes(*trees))
        assert many.facts(*asked) == Histories(git=here).facts(*asked) == Histories(git=there).facts(*asked)
        assert earlier_of(many.facts(*asked)[0]) is not None or back == 4
        changes.append(Change(name=new, base_tree=trees[0], result_tree=trees[1], commit=old))
    assessor, by_itself = Assessor(sandbox=open_sandbox(), tools={}), Assessor(sandbox=JudgeInside(), tools={})
    for change, found in ManyChanges(assessor=assessor, git=here).judge(changes):
        assert isinstance(found, Assessed)
        alone = by_itself.of_trees(there, change.base_tree, change.result_tree, commit=change.commit, name=change.name)
        assert found.verdict == alone.verdict


@pytest.mark.requirement("R16")
def test_commits_that_change_nothing_stand_in_the_history_too(shop: Shop) -> None:
    colour = shop.commit("Colour the menu", menu__css=BLUE)
    for subject in ("Nothing", "Nothing again"):
        shop.commit(subject)
    shop.commit("Another word", word__css="b {}\n")
    shop.commit("Nothing more")
    git("revert", "--no-edit", colour, cwd=shop.folder)
    found = shop.judged()
    assert found.verdict["files"][0]["proof"]["witness"]["landed"] == colour
    reader = RepositoryReader(shop.folder / ".git")
    rows = reader.landed(reader.resolve("HEAD"), 9).rows
    altered = reader.altered([(row.parent_tree or row.tree, row.tree) for row in rows])
    assert [len(one or ()) for one in altered] == [1, 0, 1, 0, 0, 1, 0]


def test_a_base_commit_of_another_tree_has_no_facts(shop: Shop) -> None:
    first = shop.commit("Colour", menu__css=BLUE)
    shop.commit("Back", menu__css=RED)
    reader = RepositoryReader(shop.folder / ".git")
    trees = reader.tree_of(f"{reader.resolve('HEAD')}"), reader.tree_of(first)
    assert Histories(git=reader).facts(first, *trees, reader.changes(*trees))[0] is None
    assert Histories(git=reader).facts("0" * 40, *trees, reader.changes(*trees)) == (None, (CUT,))
