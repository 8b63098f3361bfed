"""Eight executors with their journals on one PostgreSQL, against one: cases a second through real control and the real gate.

Every case is a change of words in a repository of its own, judged beforehand; the clock runs from the first approval to the last report.
What bounds it is said by what each part used of the machine meanwhile, by the judge alone, and by the raw commits of the same
PostgreSQL. Each warrant is used once, by the journals and by the repositories.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

import psycopg  # noqa: E402
from world.casework import CaseWorld, git  # noqa: E402
from world.control_process import EXECUTOR, Caller, Running, home_of_another, start_control, start_gate, start_witness  # noqa: E402
from world.postgres import PostgresServer  # noqa: E402

from magistrate.bootstrap.executor import compose  # noqa: E402
from magistrate.executor.ports import AssessmentMatter  # noqa: E402
from magistrate.executor.work import decode_bundle  # noqa: E402
from magistrate.settings import load_settings  # noqa: E402
from magistrate.wire.document import open_envelope  # noqa: E402
from magistrate.wire.proposal import Proposal  # noqa: E402

MANY, ROUNDS, ALONE, TOGETHER = 8, 1, 4, 16
"""Executors, how often one and all of them are measured in turn, and cases for one and for all."""
RAW_SECONDS = 2.0
LONGEST = 900.0
HTTP_OK = 200
PEOPLE = "/api/v1/people"
SERVER = "listen_addresses = ''\nmax_connections = 60\n"
WORDS = "# Notes\n\nThis servise greets people.\n"
ENDS = frozenset({"SUCCEEDED", "FAILED", "EXPIRED", "HALTED", "IN_DOUBT", "STALE", "REFUSED", "ROLLED_BACK"})
MEASURES = ("src/magistrate/executor/**/*", "src/magistrate/bootstrap/executor*.py")


def main() -> dict[str, Any]:
    """Cases a second by one and by eight executors, and who used the processors meanwhile."""
    server = PostgresServer(more=SERVER, on_disk=True)
    names = ("executor", *(f"executor-{number}" for number in range(2, MANY + 1)))
    shops = [f"shop-{number}" for number in range(ROUNDS * (ALONE + TOGETHER))]
    try:
        with tempfile.TemporaryDirectory() as made, _standing(Path(made), names, shops) as (world, parts):
            url, waiting = server.database(), iter(shops)
            rounds: dict[int, list[dict[str, Any]]] = {1: [], MANY: []}
            for _ in range(ROUNDS):
                for many, cases in ((1, ALONE), (MANY, TOGETHER)):
                    mine = [next(waiting) for _ in range(cases)]
                    rounds[many].append(_round(world, server, url, names[:many], mine, parts))
            _verify_once(url, world, names, shops)
            return {
                "one": _joined(rounds[1]), "eight": _joined(rounds[MANY]),
                "ratio": round(_rate(rounds[MANY]) / _rate(rounds[1]), 2), "n_executors": MANY,
                "judge_cpu_s": _judge(world, url, shops[0]), "raw_commits_per_s": _raw(server), "fsync": _fsync(url),
            }  # fmt: skip
    finally:
        server.remove()


@contextmanager
def _standing(folder: Path, names: tuple[str, ...], shops: list[str]) -> Iterator[tuple[CaseWorld, dict[str, Running]]]:
    """A deployment with its repositories, its witness, control and gate running."""
    world = CaseWorld(folder, executors=names, repositories=("shop", *shops))
    for shop in shops:
        world.open_repository(shop, {"notes.md": WORDS, "app.py": "import os\n"})
    world.store.close()
    town, parts = world.deployment, {}
    try:
        for name, start in (("witness", start_witness), ("control", start_control), ("gate", start_gate)):
            parts[name] = start(town)
        yield world, parts
    finally:
        for running in reversed(parts.values()):
            running.stop()


def _round(  # noqa: PLR0913, PLR0917  what is measured, and by whom
    world: CaseWorld,
    server: PostgresServer,
    url: str,
    names: tuple[str, ...],
    shops: list[str],
    parts: dict[str, Running],
) -> dict[str, Any]:
    """Seconds from the first question for work to the last end, and what each part used meanwhile."""
    town, started = world.deployment, [_executor(world, name, url) for name in names]
    ben = Caller(town, "ben")
    try:
        ben.awaited(
            f"{PEOPLE}/status", lambda told: sum(bool(one["asks"]) for one in told["executors"]) >= len(names), 180
        )
        waiting = [_in_review(world, shop) for shop in shops]
        groups: dict[str, tuple[int, ...]] = {name: (one.child.pid,) for name, one in parts.items()}
        groups |= {"executors": tuple(one.child.pid for one in started)}
        done_before = _reports(url, names)
        before, commits, began = _used(groups, server), _commits(url), time.monotonic()
        for path, approval in waiting:
            said = ben.post(f"{path}/approvals", {"envelope": approval})
            if said.status_code != HTTP_OK:
                raise AssertionError(said.text)
        approved = time.monotonic() - began
        _await_reports(url, names, done_before + len(shops))
        seconds, after = time.monotonic() - began, _used(groups, server)
        states = [
            ben.awaited(path, lambda told: told["case"]["state"] in ENDS, 60)["case"]["state"] for path, _ in waiting
        ]
        if set(states) != {"SUCCEEDED"}:
            raise AssertionError(Counter(states))
        return {
            "cases": len(shops), "seconds": seconds, "approvals_s": approved, "commits": _commits(url) - commits,
            "cpu": {name: after[name] - before[name] for name in after},
        }  # fmt: skip
    finally:
        for one in started:
            one.stop()


def _await_reports(url: str, names: tuple[str, ...], wanted: int) -> None:
    """Wait until control has taken that many reports; asked of the journals, so that control is not kept busy by it."""
    end = time.monotonic() + LONGEST
    while _reports(url, names) < wanted:
        if time.monotonic() > end:
            raise AssertionError(f"{_reports(url, names)} reports of {wanted} after {LONGEST} s")
        time.sleep(0.1)


def _reports(url: str, names: tuple[str, ...]) -> int:
    with psycopg.connect(url, autocommit=True) as link:
        each = [f"(select count(*) from {name.replace('-', '_')}.executions where report_sent = 1)" for name in names]  # noqa: S608  its own names
        query = f"select {' + '.join(each)}"
        return int((link.execute(query.encode()).fetchone() or (0,))[0])


def _executor(world: CaseWorld, name: str, url: str) -> Running:
    """The real process, with a home, a key and a schema of its own."""
    town = world.deployment
    home = town.home if name == "executor" else home_of_another(town, name)
    settings = home / "magistrate.toml"
    said = settings.read_text()
    if "[journal]" not in said or name != "executor":
        plain = said.partition("\n[journal]")[0]
        if name != "executor":
            settings.unlink()
        settings.write_text(f'{plain}\n[journal]\nurl = "{url}"\nschema = "{name.replace("-", "_")}"\n')
    note = home / "executor" / "journal.place"
    return Running(name, town.home, EXECUTOR, [str(home)], note.exists)


def _in_review(world: CaseWorld, shop: str) -> tuple[str, Any]:
    """A case that waits for ben: the path of its story, and what he will say."""
    world.at(shop)
    front, ben = Caller(world.deployment, "front"), Caller(world.deployment, "ben")
    answer = front.post("/internal/v1/proposals", world.proposal({"notes.md": WORDS.replace("servise", "service")}))
    if answer.status_code != HTTP_OK:
        raise AssertionError(answer.text)
    proposal = answer.json()["proposal"]
    path = f"{PEOPLE}/cases/{proposal[7:17]}"
    ben.awaited(path, lambda found: found["case"]["state"] == "IN_REVIEW", 120)
    return path, world.approval("ben", world.case_of(proposal))


def _verify_once(url: str, world: CaseWorld, names: tuple[str, ...], shops: list[str]) -> None:
    """Each warrant was begun by one executor and succeeded; each repository has one commit more, and no lease is open."""
    begun: Counter[str] = Counter()
    with psycopg.connect(url, autocommit=True) as link:
        for name in names:
            schema = name.replace("-", "_")
            begun.update(
                shop for shop, outcome in link.execute(f"select repository, outcome from {schema}.executions")  # noqa: S608
                if outcome == "succeeded"
            )  # fmt: skip
            open_leases = link.execute(f"select count(*) from {schema}.leases where state <> 'released'").fetchone()  # noqa: S608
            if open_leases != (0,):
                raise AssertionError(f"{name} has open leases")
    if begun != Counter(shops):
        raise AssertionError(f"not each once: {begun}")
    for shop in shops:
        bare = world.deployment.settings.repositories / f"{shop}.git"
        if git("rev-list", "--count", "refs/heads/main", cwd=bare).strip() != "2":
            raise AssertionError(f"{shop} was changed otherwise than once")


def _used(groups: dict[str, tuple[int, ...]], server: PostgresServer) -> dict[str, float]:
    """Seconds of processor so far by each part with its ended children, PostgreSQL with its sessions, and the whole machine."""
    found = {name: sum(_seconds(pid) for pid in pids) for name, pids in groups.items()}
    found["postgresql"] = sum(_seconds(pid) for pid in _family(server.pid))
    busy = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    idle = int(busy[3]) + int(busy[4])
    return {**found, "machine": (sum(map(int, busy[:8])) - idle) / os.sysconf("SC_CLK_TCK")}


def _seconds(pid: int) -> float:
    """User and system time of a process and of its children that have ended: fields 14 to 17 of proc(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def _judge(world: CaseWorld, url: str, shop: str, n: int = 5) -> dict[str, Any]:
    """Processor seconds of one judgement as an executor makes it, with its ruling: its own and the sandboxed child's."""
    town = world.deployment
    outside, _ = compose(load_settings(town.home))
    with psycopg.connect(url, autocommit=True) as link:
        (kept,) = link.execute("select bundle from executor.executions where repository = %s", (shop,)).fetchone() or ()
    bundle = decode_bundle(bytes(kept))
    effect: Any = open_envelope(bundle.proposal, Proposal, deployment=town.name).body.effect
    outside.target.prepare(shop, effect.ref, effect.old)
    samples = []
    for _ in range(n):
        before = _own()
        matter = AssessmentMatter(effect=effect, bundle=bundle)
        outside.assessor.ruling(matter, outside.assessor.verdict(matter))
        samples.append(_own() - before)
    outside.close()
    return {"median": round(statistics.median(samples), 3), "n": n}


def _own() -> float:
    return sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def _commits(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as link:
        query = "select xact_commit from pg_stat_database where datname = current_database()"
        return int((link.execute(query).fetchone() or (0,))[0])


def _fsync(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as link:
        return str((link.execute("show fsync").fetchone() or ("unknown",))[0])


def _raw(server: PostgresServer) -> dict[str, float]:
    """Durable one-row commits a second by as many connections, on the same server."""
    url = server.database()
    found: dict[str, float] = {}
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("create table raw(n bigint generated always as identity primary key, said bytea)")
    for many in (1, MANY):
        done = [0] * many
        until = time.monotonic() + RAW_SECONDS

        def commits(place: int, until: float = until, done: list[int] = done) -> None:
            with psycopg.connect(url, autocommit=True) as link:
                while time.monotonic() < until:
                    link.execute("insert into raw(said) values (%s)", (bytes(700),))
                    done[place] += 1

        threads = [threading.Thread(target=commits, args=(place,)) for place in range(many)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found[f"connections_{many}"] = round(sum(done) / RAW_SECONDS)
    return found


def _rate(rounds: list[dict[str, Any]]) -> float:
    cases, seconds = (sum(float(one[what]) for one in rounds) for what in ("cases", "seconds"))
    return cases / seconds


def _joined(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """All rounds as one: rates, and for each case the processor seconds of each part."""
    cases, seconds = sum(one["cases"] for one in rounds), sum(one["seconds"] for one in rounds)
    cores = os.cpu_count() or 1
    used = {name: sum(one["cpu"][name] for one in rounds) for name in rounds[0]["cpu"]}
    machine = used.pop("machine")
    return {
        "n_cases": cases, "seconds": round(seconds, 2), "approvals_s": round(sum(one["approvals_s"] for one in rounds), 2), "rounds": [round(one["cases"] / one["seconds"], 3) for one in rounds],
        "cases_per_s": round(cases / seconds, 3), "cases_per_s_and_core": round(cases / seconds / cores, 3),
        "cases_per_cpu_s_used": round(cases / sum(used.values()), 3),
        "cpu_s_per_case": {name: round(value / cases, 3) for name, value in used.items()},
        "cores_used": round(sum(used.values()) / seconds, 2), "cores_used_by_others": round((machine - sum(used.values())) / seconds, 2),
        "cores": cores, "commits_per_case": round(sum(one["commits"] for one in rounds) / cases, 1),
    }  # fmt: skip


if __name__ == "__main__":
    import json

    print(json.dumps(main(), indent=1))
