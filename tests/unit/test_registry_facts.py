"""What registries say of a release, asked over HTTP in their published forms (R23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from world.registry import RegistryWorld, registry

from magistrate.adapters.registries import asking
from magistrate.adapters.registries.history import Version, release_of
from magistrate.bootstrap.registries import registries
from magistrate.domain.impact import FileChange
from magistrate.domain.release import Release
from magistrate.errors import Unavailable, Usage
from magistrate.impact.base import ChangedFile
from magistrate.impact.dependencies.releases import releases_of
from magistrate.usecases.registry_facts import MAX_RELEASES, Facts

pytestmark = pytest.mark.requirement("R23")
NAMES = {"pypi": "shop", "npm": "@shop/till", "cargo": "shop", "go": "example.com/shop"}


@pytest.fixture
def world() -> Iterator[RegistryWorld]:
    with registry() as found:
        yield found


def asked(world: RegistryWorld) -> Facts:
    return registries([f"{name}={world.address}" for name in NAMES], now=lambda: 1_800_000_000)


def learned(world: RegistryWorld, ecosystem: str, version: str, name: str = "") -> Release | None:
    return asked(world).registries[ecosystem].release(name or NAMES[ecosystem], version)


@pytest.mark.parametrize("ecosystem", NAMES)
def test_each_registry_says_when_a_release_came_and_that_another_is_not_there(world: RegistryWorld, ecosystem: str):
    world.publish(NAMES[ecosystem], "v1.0.0", "2026-01-02T03:04:05Z")
    found = learned(world, ecosystem, "v1.0.0")
    assert found is not None
    assert found.released == "2026-01-02T03:04:05Z"
    assert not found.withdrawn
    assert learned(world, ecosystem, "v2.0.0") is None


@pytest.mark.parametrize("ecosystem", ["npm", "cargo"])
def test_a_hand_that_never_published_the_package_is_new(world: RegistryWorld, ecosystem: str):
    name = NAMES[ecosystem]
    for at, (version, by) in enumerate([("1.0.0", "ann"), ("1.1.0", "bob"), ("1.2.0", "ann"), ("1.3.0", "eve")]):
        world.publish(name, version, f"2026-01-0{at + 1}T00:00:00Z", by=by)
    said = {version: learned(world, ecosystem, version) for version in world.packages[name]}
    assert [one.publisher for one in said.values() if one] == ["known", "new", "known", "new"]


@pytest.mark.parametrize("ecosystem", ["pypi", "npm", "cargo"])
def test_provenance_that_releases_before_had_is_lost_and_not_merely_absent(world: RegistryWorld, ecosystem: str):
    name = NAMES[ecosystem]
    world.publish(name, "1.0.0", "2026-01-01T00:00:00Z", by="ann")
    world.publish(name, "1.1.0", "2026-01-02T00:00:00Z", by="ann", attested=True)
    world.publish(name, "1.2.0", "2026-01-03T00:00:00Z", by="ann")
    said = [learned(world, ecosystem, version) for version in ("1.0.0", "1.1.0", "1.2.0")]
    assert [one.provenance for one in said if one] == ["none", "given", "lost"]


def test_a_script_that_runs_on_installing_is_new_where_releases_before_ran_none(world: RegistryWorld):
    world.publish("a", "1.0.0", "2026-01-01T00:00:00Z")
    world.publish("a", "1.1.0", "2026-01-02T00:00:00Z", script=True)
    world.publish("a", "1.2.0", "2026-01-03T00:00:00Z", script=True)
    said = [learned(world, "npm", version, "a") for version in ("1.0.0", "1.1.0", "1.2.0")]
    assert [one.script for one in said if one] == ["none", "new", "old"]


@pytest.mark.parametrize("ecosystem", ["pypi", "npm", "cargo"])
def test_a_release_that_was_taken_back_says_so(world: RegistryWorld, ecosystem: str):
    world.publish(NAMES[ecosystem], "1.0.0", "2026-01-01T00:00:00Z", withdrawn=True)
    found = learned(world, ecosystem, "1.0.0")
    assert found is not None
    assert found.withdrawn


def test_capitals_of_a_go_module_are_written_as_its_proxies_want_them(world: RegistryWorld):
    world.publish("github.com/!burnt!sushi/toml", "v1.0.0", "2026-01-01T00:00:00Z")
    assert learned(world, "go", "v1.0.0", "github.com/BurntSushi/toml") is not None


@pytest.mark.parametrize("content", ["<html>", "[", "[" * 100_000])
def test_an_answer_that_is_no_json_is_no_answer(world: RegistryWorld, content: str):
    world.broken = content
    with pytest.raises(Unavailable, match="no JSON"):
        learned(world, "npm", "1.0.0")


@pytest.mark.parametrize("content", ["[]", "3", '{"versions": [{"1.0.0": 3}]}', '{"versions": null}'])
def test_an_answer_of_another_shape_knows_no_release(world: RegistryWorld, content: str):
    world.broken = content
    assert learned(world, "npm", "1.0.0") is None


@pytest.mark.parametrize("content", ['{"versions": {"1.0.0": 3}}', '{"versions": {"1.0.0": {}}, "time": []}'])
def test_a_release_without_a_time_is_no_answer(world: RegistryWorld, content: str):
    world.broken = content
    with pytest.raises(Unavailable, match="no time"):
        learned(world, "npm", "1.0.0")


def test_without_an_answer_nothing_is_claimed_and_the_note_says_what_is_open(world: RegistryWorld):
    world.broken = "<html>"
    named = [{"path": "package-lock.json", "inputs_digest": "sha256:x", "releases": [["npm", "a", "1.0.0"]]}]
    runs, notes = asked(world).runs({"files": named, "elsewhere": 0})
    assert runs == ()
    assert notes[0].startswith("not every release could be asked about")


def test_releases_beyond_the_bound_are_told(world: RegistryWorld):
    many = [["npm", f"a{at}", "1.0.0"] for at in range(MAX_RELEASES + 3)]
    files = [{"path": "p", "inputs_digest": "sha256:x", "releases": many}]
    _, notes = asked(world).runs({"files": files, "elsewhere": 0})
    assert notes == (f"3 releases were not asked about: {MAX_RELEASES} are looked up for one change",)


@pytest.mark.parametrize(
    "wrong", ["npm", "gem=https://x.example", "npm=file:///etc/passwd", "npm=https://u:p@x.example"]
)
def test_a_registry_is_a_name_and_an_address(wrong: str):
    with pytest.raises(Usage, match="is no registry"):
        registries([wrong])


def test_a_time_that_nobody_can_read_is_no_fact():
    with pytest.raises(Unavailable):
        release_of({"1.0.0": Version(released="yesterday")}, "1.0.0")


def changed(path: str, before: str | None, after: str) -> ChangedFile:
    return ChangedFile(
        change=FileChange(path=path, before=None if before is None else before.encode(), after=after.encode())
    )


@pytest.mark.parametrize(
    ("path", "before", "after", "wanted"),
    [
        ("requirements.txt", "a==1.0\n", "a==1.1\nb==2.0\n", [("a", "1.1"), ("b", "2.0")]),
        ("requirements.txt", None, "a==1.1\n", [("a", "1.1")]),
        ("requirements.txt", "a==1.0\n", "a>=1.1\n", []),
        ("requirements.txt", "a==1.0\n", "a @ https://x.example/a.tar.gz\n", []),
        ("requirements.txt", "a==1.1\n", "a==1.1\n", []),
        ("README.md", "a==1.0\n", "a==1.1\n", []),
        ("package-lock.json", "{}", "{", []),
    ],
)
def test_only_releases_that_come_and_are_named_exactly_are_asked_about(
    path: str, before: str | None, after: str, wanted: list[Any]
):
    public, elsewhere = releases_of(changed(path, before, after))
    assert [(pin.name, pin.version) for pin in public] == wanted
    assert elsewhere == 0


CORP = """{"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x"}, "node_modules/till": {"version": "1.0.0",
"resolved": "https://npm.corp.example/till/-/till-1.0.0.tgz", "integrity": "sha512-%s=="}}}""" % ("A" * 86)


@pytest.mark.parametrize(
    ("path", "after", "how_many"),
    [
        ("package-lock.json", CORP, 1),
        ("requirements.txt", "--index-url https://pypi.corp.example/simple\ntill==1.0\nsafe==2.0\n", 2),
        ("requirements.txt", "--extra-index-url https://pypi.corp.example/simple\ntill==1.0\n", 1),
    ],
)
def test_the_name_of_a_release_from_another_registry_never_leaves_the_house(path: str, after: str, how_many: int):
    """The public registry would learn it, and knows another package of that name, or none."""
    assert releases_of(changed(path, None, after)) == ((), how_many)
    public = (
        after.replace("npm.corp.example", "registry.npmjs.org")
        .replace("--extra-index-url", "#")
        .replace("--index-url", "#")
    )
    found, elsewhere = releases_of(changed(path, None, public))
    assert (len(found), elsewhere) == (how_many, 0)


def test_what_was_not_asked_about_is_told(world: RegistryWorld):
    _, notes = asked(world).runs({"files": [], "elsewhere": 2})
    assert notes == ("2 releases may come from another registry than the public one, and nobody was asked about them",)
    assert world.asked == []


def test_a_project_of_pypi_is_asked_for_by_its_plain_name_and_a_version_by_its_value(world: RegistryWorld):
    world.publish("shop-till", "2.0.0", "2026-01-02T03:04:05Z")
    assert learned(world, "pypi", "2.0", "Shop_Till") is not None
    assert set(world.asked) == {"/pypi/shop-till/json", "/simple/shop-till/"}
    assert learned(world, "pypi", "2.0.1", "Shop_Till") is None


def test_an_answer_that_drips_for_ever_is_no_answer(world: RegistryWorld, monkeypatch: pytest.MonkeyPatch):
    world.publish("a", "1.0.0", "2026-01-01T00:00:00Z")
    monkeypatch.setattr(asking, "WHOLE_SECONDS", -1.0)
    with pytest.raises(Unavailable, match="did not end its answer"):
        learned(world, "npm", "1.0.0", "a")
