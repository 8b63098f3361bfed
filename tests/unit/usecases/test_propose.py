"""Drafting: what a proposal says comes from the server and the trees, never from the agent."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.errors import Refused, Usage
from magistrate.usecases.gather import Sight, confine
from magistrate.usecases.propose import (
    UNATTRIBUTED,
    Applied,
    Authorship,
    Draft,
    Drafted,
    change_effect,
    draft_proposal,
    restore_tokens,
    verify_draft,
    verify_patch,
)
from magistrate.wire.canonical import digest
from magistrate.wire.effect import GitUpdate
from magistrate.wire.front_api import Gathered
from magistrate.wire.proposal import Provenance

SIGHT = Sight(
    session="ses-x",
    repository="shop",
    git_dir="/nowhere",
    ref="refs/heads/main",
    commit="1" * 40,
    tree="2" * 40,
    finding="f",
)
AUTHOR = Authorship(
    session="ses-x", session_digest=digest(b"s"), agent="fixer", owner="anna", model="fake 1", environment="staging"
)
GATHERED = Gathered(context=(digest(b"read"),), gaps=())  # fmt: skip
APPLIED = Applied(result_tree="3" * 40, diff=b"diff", manifest_sha256=digest(b"m"), paths=("a.py",))
TOKEN = "[[secret:password:0123456789abcdef]]"


def drafted(*, prompt: str = "fix it, key sk-plainly-fake", key: bytes = b"k", applied: Applied = APPLIED) -> Drafted:
    return draft_proposal(
        Draft(patch="p", rationale="because sk-plainly-fake", prompt=prompt, finding="fnd-x"),
        change_effect(SIGHT, AUTHOR.environment, applied), applied.diff, AUTHOR, GATHERED,
        redact=lambda text: text.replace("sk-plainly-fake", TOKEN),
        commit_to_prompt=lambda text: "sha256:" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest(),
        kind_salt=b"s" * 32,
    )  # fmt: skip


@pytest.mark.requirement("R14")
def test_the_prompt_is_kept_redacted_with_a_keyed_commitment_to_its_raw_form() -> None:
    made = drafted()
    assert "sk-plainly-fake" not in made.prompt + made.rationale
    assert made.proposal.prompt_sha256 == digest(made.prompt.encode())
    assert made.proposal.prompt_commitment != digest(b"fix it, key sk-plainly-fake")
    assert made.proposal.prompt_commitment != drafted(key=b"other").proposal.prompt_commitment
    assert made.proposal.provenance is Provenance.CLAIMED
    assert (made.proposal.agent, made.proposal.owner, made.proposal.model) == ("fixer", "anna", "fake 1")


@pytest.mark.requirement("R14")
def test_a_draft_without_its_prompt_is_unattributed_which_is_a_gap() -> None:
    assert drafted(prompt=" \n").proposal.context_gaps == (UNATTRIBUTED,)
    assert drafted().proposal.context_gaps == ()


@pytest.mark.requirement("R13")
def test_the_effect_is_derived_by_the_server() -> None:
    effect = drafted().proposal.effect
    assert isinstance(effect, GitUpdate)
    assert (effect.repository, effect.ref, effect.environment) == ("shop", "refs/heads/main", "staging")
    assert (effect.old, effect.base_tree, effect.result_tree) == ("1" * 40, "2" * 40, "3" * 40)
    with pytest.raises(Refused, match="changes nothing"):
        drafted(applied=Applied(result_tree="2" * 40, diff=b"", manifest_sha256=digest(b"m"), paths=()))


@pytest.mark.requirement("R8")
def test_a_token_is_restored_in_old_lines_and_refused_in_new_ones() -> None:
    def tokens(line: str) -> list[str]:
        return [TOKEN] if TOKEN in line else []

    patch = f"--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n {TOKEN}\n-old {TOKEN}"
    assert restore_tokens(patch, tokens, {TOKEN: "hunter-fake"}).count("hunter-fake") == 2
    with pytest.raises(Refused, match="adds"):
        restore_tokens(f"@@ -0,0 +1 @@\n+copy {TOKEN}", tokens, {TOKEN: "hunter-fake"})
    with pytest.raises(Refused, match="unknown token"):
        restore_tokens(f"@@ -1 +1 @@\n {TOKEN}", tokens, {})


@pytest.mark.parametrize(("patch", "prompt"), [("", "p"), (" \n", "p"), ("x" * 2_000_001, "p"), ("x", "y" * 64_001)])
def test_empty_and_oversized_drafts_are_refused(patch: str, prompt: str) -> None:
    if patch.strip():
        with pytest.raises(Usage):
            verify_draft(Draft(patch=patch, rationale="", prompt=prompt, finding="f"))
    else:
        with pytest.raises(Usage):
            verify_patch(patch)


@pytest.mark.requirement("R2")
@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x",
        "a/../../x",
        ".git/config",
        "a/.GIT/config",
        "a//b",
        "a\\b",
        "a\x00b",
        "a/.",
        "a\u202eb",
        " a/b",
        "",
    ],
)
def test_paths_stay_inside(path: str) -> None:
    with pytest.raises(Refused):
        confine(path)


@given(st.text(max_size=40))
def test_whatever_is_confined_names_a_place_below_the_root(path: str) -> None:
    try:
        kept = confine(path)
    except Refused:
        return
    assert kept == path
    assert not kept.startswith("/")
    assert ".." not in kept.split("/")
