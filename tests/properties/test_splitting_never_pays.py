"""However a change is split, ordered and mixed with others, the whole is judged at its last step (R32, R33)."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import STRICTNESS_ORDER, FileChange
from magistrate.impact.assess import assess
from magistrate.impact.base import BaseTree
from magistrate.impact.case import Case, parse_case
from magistrate.usecases.composition import Part, net_of

CORPUS = Path(__file__).parent.parent / "corpus" / "attacks"
PATHS = ["a.py", "b.md", "c/d.yml", "e"]
CONTENT = st.one_of(st.none(), st.binary(max_size=3))
STATE = st.fixed_dictionaries(dict.fromkeys(PATHS, CONTENT))


def step(before: dict, after: dict) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(
            path=path, before=before[path], after=after[path],
            mode_before=None if before[path] is None else "100644", mode_after=None if after[path] is None else "100644",
        )
        for path in PATHS if before[path] != after[path]
    )  # fmt: skip


def there(state: dict):
    """What stands in a state, with its mode, by path."""
    return lambda path: (state[path], None if state[path] is None else "100644")


@pytest.mark.requirement("R33")
@given(st.lists(STATE, min_size=2, max_size=6))
@settings(deadline=None)
def test_landed_steps_compose_to_what_lies_between_the_ends(states):
    steps = [step(one, other) for one, other in pairwise(states)]
    net, torn = net_of(steps[-1], [Part(changes=one, landed=True) for one in steps[:-1]], there(states[-2]))
    assert torn == ()
    assert set(net) == set(step(states[0], states[-1]))


@pytest.mark.requirement("R33")
@given(
    STATE,
    st.lists(st.tuples(st.sampled_from(PATHS), CONTENT), min_size=1, max_size=4, unique_by=lambda one: one[0]),
    st.randoms(),
)
@settings(deadline=None)
def test_what_is_in_flight_composes_in_any_order(base, written, chance):
    whole = {**base, **dict(written)}
    parts = [step(base, {**base, path: content}) for path, content in written]
    chance.shuffle(parts)
    net, torn = net_of(parts[-1], [Part(changes=one, landed=False) for one in parts[:-1]], there(base))
    assert torn == ()
    assert set(net) == set(step(base, whole))


@pytest.mark.requirement("R32")
def test_two_in_flight_that_write_one_file_differently_do_not_compose():
    base = dict.fromkeys(PATHS, b"x")
    mine, other = step(base, {**base, "a.py": b"1"}), step(base, {**base, "a.py": b"2"})
    assert net_of(mine, [Part(changes=other, landed=False)], there(base))[1] == ("a.py",)
    assert net_of(mine, [Part(changes=mine, landed=False)], there(base))[1] == ()


@pytest.mark.requirement("R32")
def test_a_file_made_executable_or_a_link_by_a_landed_step_is_seen_so_in_the_whole():
    def change(path, before, after):
        return FileChange(path=path, before=before[0], after=after[0], mode_before=before[1], mode_after=after[1])

    for there_now in ((b"x", "100755"), (b"x", "120000"), (b"Subproject commit 1\n", "160000")):
        steps = [[change("run", (None, None), (b"x", "100644"))], [change("run", (b"x", "100644"), there_now)]]
        own = [change("b.md", (b"1", "100644"), (b"2", "100644"))]
        net, torn = net_of(own, [Part(changes=tuple(s), landed=True) for s in steps], {"run": there_now}.__getitem__)
        assert torn == ()
        assert [(one.path, one.after, one.mode_after) for one in net if one.path == "run"] == [("run", *there_now)]


@pytest.mark.requirement("R32")
def test_what_flies_from_a_base_that_moved_does_not_compose():
    base = dict.fromkeys(PATHS, b"x")
    mine, other = step(base, {**base, "b.md": b"1"}), step(base, {**base, "a.py": b"2"})
    flies = [Part(changes=other, landed=False)]
    assert net_of(mine, flies, there(base))[1] == ()
    assert net_of(mine, flies, there({**base, "a.py": b"2"}))[1] == ()
    assert net_of(mine, flies, there({**base, "a.py": b"3"}))[1] == ("a.py",)


def level(case: Case) -> int:
    return STRICTNESS_ORDER.index(assess(case).strictness)


def strict_changes() -> list[Case]:
    """Every ninth attack of the corpus that has text on both sides and its lines to be split."""
    found: list[Case] = []
    for path in sorted(CORPUS.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if "repo" in row or row.get("steps"):
                continue
            case = parse_case(row)
            if (
                case.steps
                and len(case.steps[0]) >= 1
                and all(one.after is not None and one.mode_after == "100644" for one in case.steps[0])
            ):
                found.append(case)
    return found[::17]


def halves(change: FileChange) -> list[bytes | None]:
    """The file after each step of a split by lines: the first part of the new lines, then all of them."""
    old, new = (change.before or b"").split(b"\n"), (change.after or b"").split(b"\n")
    same = next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )
    middle = b"\n".join([*new[: same + 1], *old[same + 1 :]])
    return [change.before, middle, change.after]


@pytest.mark.requirement("R32", "R33")
@pytest.mark.slow
def test_a_known_strict_change_in_parts_is_no_less_strict_at_its_last_part():
    cases = strict_changes()
    assert len(cases) >= 100
    caught = 0
    for case in cases:
        whole = level(case)
        states = [halves(change) for change in case.steps[0]]
        parts = tuple(
            tuple(
                FileChange(
                    path=change.path, before=state[at], after=state[at + 1],
                    mode_before=None if state[at] is None else change.mode_before or "100644", mode_after="100644",
                )
                for change, state in zip(case.steps[0], states, strict=True) if state[at] != state[at + 1]
            )
            for at in (0, 1)
        )  # fmt: skip
        parts = tuple(part for part in parts if part)
        base = BaseTree(files=case.base.files, known=case.base.known)
        assert level(Case(id=case.id, steps=parts, base=base)) >= whole, case.id
        caught += 1
    assert caught == len(cases)
