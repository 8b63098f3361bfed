"""The command line without a server: help, home, repositories, exit statuses, screens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from paths import MAGISTRATE, ROOT
from world import warm

from magistrate.authority.policy import trust_policy
from magistrate.authority.roster import trust_roster
from magistrate.entrypoints.cli.main import COMMANDS
from magistrate.entrypoints.cli.papers import read_bundle
from magistrate.entrypoints.cli.people import load_chain
from magistrate.entrypoints.cli.screen import visible
from magistrate.settings import load_settings, standing_walls

HEAVY = {"sqlalchemy", "httpx", "mcp", "rich", "alembic", "starlette", "cedarpy", "cryptography", "msgspec", "uvicorn"}


def run(*arguments, home=None, cwd=None, env=None):
    argv = [*map(str, arguments), *(("--home", str(home)) if home else ())]
    return warm.run(argv, cwd=cwd, env={**os.environ, **(env or {})}, timeout=60)


def run_real(*arguments, env):
    """The program itself, from its start."""
    argv = [str(MAGISTRATE), *arguments]
    return subprocess.run(
        argv, env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
    )  # fmt: skip


def git(folder, *arguments):
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def clone(folder, *, files=(("a.txt", "text\n"),), branch="main"):
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", branch)
    for name, text in files:
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def home(tmp_path):
    made = tmp_path / "home"
    done = run("init", "--solo", "--name", "anna", home=made, env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    return made


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_home_whose_socket_would_not_fit_is_refused_before_anything_is_made(tmp_path):
    long = tmp_path / ("x" * 90) / "home"
    done = run("init", "--solo", "--name", "anna", home=long, env={"HOME": str(tmp_path)})
    assert done.returncode == 2
    assert "too long a path for a home" in done.stderr
    assert "--home" in done.stderr
    assert not long.parent.exists()


def test_help_lists_every_command_and_imports_nothing_heavy():
    script = (
        "import sys\nfrom magistrate.entrypoints.cli.main import run\nstatus = run(['--help'])\n"
        f"print('HEAVY', sorted({HEAVY!r} & set(sys.modules)))\nsys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout
    assert all(re.search(rf"^  {name} ", done.stdout, re.MULTILINE) for name in COMMANDS)


def test_the_help_is_the_one_that_was_agreed():
    """A change of the command line is a change of this file, seen in review."""
    agreed = ROOT / "tests" / "doors" / "help.txt"
    shown = run_real("--help", env={"COLUMNS": "100"}).stdout
    assert shown == agreed.read_text(), "tests/doors/help.txt"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"demo"}))
def test_every_listed_command_exists_and_explains_itself(name):
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: magistrate")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["nonsense"], 2),
        (["init", "--nonsense"], 2),
        (["queue"], 3),
        (["approve"], 2),
        (["audit", "verify", "/nonexistent"], 3),
    ],
)
def test_exit_statuses(tmp_path, arguments, status):
    done = run_real(*arguments, env={"MAGISTRATE_HOME": str(tmp_path / "none")})
    assert done.returncode == status, done.stderr
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(home):
    command = f"{MAGISTRATE} --help --home {home} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_init_makes_a_home_whose_documents_verify(home):
    settings = load_settings(home)
    roster = trust_roster(load_chain(settings), pin=settings.pin(), deployment=settings.deployment)
    trust_policy(read_bundle(settings.policy_path), roster)
    assert roster.solo
    assert home.stat().st_mode & 0o077 == 0
    keys = [path for path in (home / "keys").iterdir() if path.suffix != ".pub"]
    assert len(keys) == 8
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys)


def test_a_second_init_changes_nothing(home):
    before = snapshot(home)
    done = run("init", "--solo", home=home)
    assert done.returncode == 2
    assert "is a home already" in done.stderr
    assert snapshot(home) == before


def test_init_leaves_a_folder_with_something_in_it_alone(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    done = run("init", home=tmp_path / "full")
    assert done.returncode == 2
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"]
    assert not list(tmp_path.glob(".magistrate-init-*"))


@pytest.mark.requirement("R45")
def test_a_team_signs_its_first_roster_one_by_one(tmp_path):
    for name in ("anna", "ben"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    public = (tmp_path / "ben.pub").read_text().strip()
    home = tmp_path / "home"
    done = run(
        "init", "--person", f"anna:policy_owner,operator,reviewer:{tmp_path / 'anna'}",
        "--person", f"ben:policy_owner,reviewer,security:{public}", home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Still to sign: ben" in done.stdout
    assert run("roster", "show", home=home).returncode == 1
    assert run("roster", "sign", "--as", "ben", "--key", tmp_path / "anna", home=home).returncode == 1
    assert run("roster", "sign", "--as", "ben", "--key", tmp_path / "ben", home=home).returncode == 0
    assert run("roster", "show", home=home).returncode == 0
    signed = run("policy", "sign", "--as", "ben", "--key", tmp_path / "ben", home=home)
    assert "signed and active" in signed.stdout, signed.stderr
    settings = load_settings(home)
    roster = trust_roster(load_chain(settings), pin=settings.pin(), deployment=settings.deployment)
    trust_policy(read_bundle(settings.policy_path), roster)


@pytest.mark.parametrize(
    "people", [["anna:reviewer"], ["anna:king:KEY"], ["anna:reviewer:KEY", "ben:reviewer:KEY2"], ["Anna:reviewer:KEY"]]
)
def test_a_team_that_could_never_decide_is_refused(tmp_path, people):
    for name in ("KEY", "KEY2"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    options = [part for text in people for part in ("--person", text.replace("KEY", f"{tmp_path}/KEY"))]
    done = run("init", *options, home=tmp_path / "home")
    assert done.returncode == 2
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("line", "place"),
    [("prots = 1", "prots"), ("version = 99", "newer"), ("[ports]\nfront = 70000", "ports.front"), ("[ports]\nfrnt = 1", "ports.frnt"),
     ("mode = 3", "mode"), ('[walls]\nusers = "maybe"', "walls.users")],
)  # fmt: skip
def test_an_unknown_setting_is_an_error_with_its_line(home, line, place):
    path = home / "magistrate.toml"
    kept = ["version = 1", 'deployment = "x"', 'mode = "solo"']
    kept = [k for k in kept if not k.startswith(line.split(" ")[0])]
    path.write_text("\n".join([*kept, line]) + "\n")
    done = run("config", "check", home=home)
    assert done.returncode == 2
    assert place in done.stderr
    assert place == "newer" or re.search(r"magistrate\.toml:\d", done.stderr)


def test_same_user_walls_are_never_called_users(home):
    walls = standing_walls(load_settings(home))
    assert not walls.users
    assert walls.reason


def test_a_repository_is_mirrored_and_written_into_a_signed_policy(home, tmp_path):
    own = clone(tmp_path / "with space" / "My Repo")
    git(own, "tag", "v1")
    done = run("repository", "add", own, home=home)
    assert done.returncode == 0, done.stderr
    assert "noticed" in done.stdout
    assert "not stopped" in done.stdout
    mirror = home / "gate" / "repositories" / "my-repo.git"
    assert git(mirror, "rev-parse", "refs/heads/main") == git(own, "rev-parse", "HEAD")
    assert git(mirror, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", "refs/tags/v1"]
    assert git(own, "remote", "get-url", "magistrate") == str(mirror)
    settings = load_settings(home)
    roster = trust_roster(load_chain(settings), pin=settings.pin(), deployment=settings.deployment)
    policy = trust_policy(read_bundle(settings.policy_path), roster)
    assert (policy.body.version, policy.repository("my-repo").ref) == (2, "refs/heads/main")
    again = run("repository", "add", own, home=home)
    assert again.returncode == 2
    assert "added before" in again.stderr
    listed = json.loads(run("repository", "list", "-o", "json", home=home).stdout)
    assert listed[0]["repository"] == "my-repo"


def detached(folder):
    git(clone(folder), "checkout", "-q", "--detach")


def shallow(folder):
    origin = clone(folder.parent / "origin")
    git(origin, "commit", "-q", "--allow-empty", "-m", "second")
    git(folder.parent, "clone", "-q", "--depth", "1", f"file://{origin}", str(folder))


def empty(folder):
    folder.mkdir()
    git(folder, "init", "-q")


def sha256(folder):
    folder.mkdir()
    git(folder, "init", "-q", "--object-format=sha256")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (detached, "detached HEAD"),
        (shallow, "shallow"),
        (empty, "is empty"),
        (sha256, "SHA-256"),
        (lambda p: p.mkdir(), "not a git"),
    ],
)
def test_a_repository_that_cannot_be_added_says_why(home, tmp_path, make, said):
    make(tmp_path / "own")
    before = snapshot(home)
    done = run("repository", "add", tmp_path / "own", home=home)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2, "a sentence and what mends it"
    assert snapshot(home) == before


def test_an_unknown_branch_names_those_that_exist(home, tmp_path):
    own = clone(tmp_path / "own", branch="trunk")
    done = run("repository", "add", own, "--ref", "main", home=home)
    assert done.returncode == 3
    assert "trunk" in done.stderr


def test_submodules_and_lfs_are_said_and_not_in_the_way(home, tmp_path):
    own = clone(tmp_path / "own", files=((".gitattributes", "*.bin filter=lfs diff=lfs\n"),))
    git(own, "update-index", "--add", "--cacheinfo", f"160000,{git(own, 'rev-parse', 'HEAD')},part")
    git(own, "commit", "-q", "-m", "submodule")
    done = run("repository", "add", own, home=home)
    assert done.returncode == 0, done.stderr
    assert "submodule" in done.stdout
    assert "LFS" in done.stdout


@pytest.mark.slow
def test_without_a_server_a_question_is_unavailable_and_never_an_empty_answer(home):
    for command in (["queue"], ["findings"], ["agents", "list"], ["session", "list"], ["leases"], ["readiness"]):
        done = run(*command, home=home)
        assert done.returncode == 4, command
        assert "does not answer" in done.stderr
        assert done.stdout == ""
    assert run("status", home=home).returncode == 4


def test_tables_pipe_as_tabs_and_json_and_yaml_agree(home):
    assert run("environment", "list", home=home).stdout == "staging\tno\t\n"
    assert json.loads(run("environment", "list", "-o", "json", home=home).stdout)[0]["environment"] == "staging"
    assert 'environment: "staging"' in run("environment", "list", "-o", "yaml", home=home).stdout


@pytest.mark.requirement("R46")
def test_hidden_characters_never_reach_the_screen():
    hostile = "a\x1b[2Jb\u202ec\u200bd\u2066e\x07f\u00ad\U000e0041\ufe0f\u3164"
    shown = visible(hostile)
    assert shown.isprintable()
    assert shown.count("<U+") == 9


def test_policy_is_checked_before_it_counts(home):
    assert run("policy", "check", home=home).returncode == 0
    assert run("policy", "lint", home=home).returncode == 0
    people = home / "policies" / "default" / "20-people.cedar"
    people.write_text("")
    assert run("policy", "publish", home=home).returncode == 1
    assert load_settings(home).policy_path.read_bytes() == (home / "policy-bundle.json").read_bytes()


def test_a_file_larger_than_control_takes_is_refused_before_it_is_sent(home, tmp_path):
    """The one limit of every door; the file is sparse, so this costs nothing."""
    from magistrate.domain.finding import MAX_SCAN_BYTES

    big = tmp_path / "big.sarif"
    with big.open("wb") as stream:
        stream.truncate(MAX_SCAN_BYTES + 1)
    shop = clone(tmp_path / "shop")
    assert run("repository", "add", shop, home=home, env={"HOME": str(tmp_path)}).returncode == 0
    done = run("ingest", big, home=home, cwd=shop, env={"HOME": str(tmp_path)})
    assert done.returncode == 2
    assert "256 MB at most" in done.stderr
