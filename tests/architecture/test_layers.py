"""The house: who may import whom. Holds for whatever exists, beside the import-linter contracts."""

from __future__ import annotations

import ast

import pytest
from world.source_graph import inside, modules, reachable

FLOORS = [
    {"entrypoints"},
    {"bootstrap"},
    {"environment"},
    {"settings"},
    {"settings_targets"},
    {"settings_systems"},
    {"adapters", "usecases", "judge", "gate", "executor"},
    {"ports"},
    {"context", "impact", "policy"},
    {"authority"},
    {"ledger"},
    {"wire"},
    {"domain"},
    {"errors"},
]
LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}
BASE = {"authority", "ledger", "wire", "domain", "errors"}
PURE = {"domain", "wire", "ledger", "authority", "context", "impact", "policy"}
IMPURE_MODULES = {
    "asyncio", "ctypes", "httpx", "importlib", "io", "multiprocessing", "os", "pathlib", "random", "requests",
    "secrets", "select", "shutil", "signal", "socket", "sqlalchemy", "sqlite3", "ssl", "starlette", "subprocess",
    "sys", "tempfile", "threading", "time", "urllib", "uuid", "uvicorn",
}  # fmt: skip
HARMLESS = {
    "io": {"StringIO", "BytesIO"},
    "pathlib": {"PurePosixPath", "PurePath"},
    "urllib.parse": {
        "quote",
        "unquote",
        "unquote_plus",
        "urlsplit",
        "quote_plus",
        "unquote_to_bytes",
        "quote_from_bytes",
    },
}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "now", "utcnow", "today", "getenv"}
FRONT_NEVER = {
    "usecases.review", "usecases.decide", "usecases.warrant", "usecases.settle", "usecases.learn",
    "usecases.transition", "usecases.close", "executor", "gate",
}  # fmt: skip
FRONT_NEVER_OUTSIDE = {"sqlalchemy", "alembic", "cedarpy", "sqlite3"}
SHELVES = ["impact.provers", "impact.sensors", "impact.measures"]
MODEL_SDKS = {"openai", "anthropic", "litellm", "pydantic_ai", "transformers", "google", "ollama", "mistralai"}


def ours(module):
    return {name.removeprefix("magistrate.") for name in module.imports if name.startswith("magistrate.")}


def outside(module):
    return {name.split(".")[0] for name in module.imports if not name.startswith("magistrate")}


def test_every_module_lives_in_a_known_room():
    unknown = {m.room for m in modules().values() if m.name} - set(LEVEL)
    assert not unknown, "a new room needs its floor in design, import-linter and here"


def test_a_lower_floor_never_imports_a_higher_one():
    wrong = [
        f"{m.name} -> {target}"
        for m in modules().values() if m.name
        for target in ours(m)
        if LEVEL[target.split(".")[0]] < LEVEL[m.room]
    ]  # fmt: skip
    assert not wrong


def test_rooms_on_one_floor_are_independent():
    wrong = [
        f"{m.name} -> {target}"
        for m in modules().values() if m.name
        for target in ours(m)
        if LEVEL[target.split(".")[0]] == LEVEL[m.room] and target.split(".")[0] != m.room
    ]  # fmt: skip
    assert not wrong


def test_there_is_no_cycle_not_even_a_lazy_one():
    graph = {name: ours(m) - {name} for name, m in modules().items()}
    done: set[str] = set()
    for start in graph:
        assert not (found := _cycle(graph, start, [], done)), " -> ".join(found)


def _cycle(graph, name, path, done):
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done or name not in graph:
        return []
    for target in graph[name]:
        if found := _cycle(graph, target, [*path, name], done):
            return found
    done.add(name)
    return []


@pytest.mark.requirement("R55")
@pytest.mark.parametrize("room", ["gate", "executor"])
def test_gate_and_executor_stand_on_the_base_alone(room):
    wrong = [
        f"{m.name} -> {target}"
        for m in modules().values() if m.room == room
        for target in ours(m) if not inside(target, BASE | {room})
    ]  # fmt: skip
    assert not wrong


@pytest.mark.requirement("R2")
def test_the_stdio_client_knows_words_and_bytes_only():
    wrong = [
        f"{m.name} -> {target}"
        for m in modules().values() if inside(m.name, {"entrypoints.mcp"})
        for target in ours(m) if not inside(target, {"wire", "domain", "errors", "entrypoints.mcp"})
    ]  # fmt: skip
    assert not wrong


@pytest.mark.requirement("R2")
@pytest.mark.parametrize("start", ["bootstrap.front", "entrypoints.front"])
def test_front_never_reaches_a_decision_a_store_or_hands(start):
    starts = [name for name in modules() if inside(name, {start})]
    reached = set().union(*(reachable(name) for name in starts)) if starts else set()
    assert not {name for name in reached if inside(name, FRONT_NEVER)}
    libraries = set().union(*(outside(modules()[name]) for name in reached)) if reached else set()
    assert not libraries & FRONT_NEVER_OUTSIDE


def test_only_the_executors_root_knows_brokers_and_actions():
    # `executor_systems` is a part of that root of its own: what a person asks of a system, by `magistrate entitlements` and
    # `leases --roots`, needs the system's own broker and must not load the whole executor. `executor_targets` is another, for
    # the same reason: `config check` and `leases --roots --probe` look at a target's settings and try its CA key. And
    # `executor_standing`, for `leases --systems` and `leases --scan`.
    roots = {"bootstrap.executor", *(f"bootstrap.executor_{part}" for part in ("systems", "targets", "standing"))}
    shelves = {"executor.credentials", "executor.actions"}
    wrong = [
        f"{m.name} -> {target}"
        for m in modules().values() if m.name not in roots
        for target in ours(m) if inside(target, shelves) and not _same_shelf(m.name, target, shelves)
    ]  # fmt: skip
    assert not wrong


def test_only_assess_knows_provers_sensors_and_measures():
    wrong = [
        f"{m.name} -> {target}"
        for m in modules().values() if m.name != "impact.assess"
        for target in ours(m) if inside(target, set(SHELVES)) and target not in SHELVES and target != m.name
    ]  # fmt: skip
    assert not wrong


def _same_shelf(name, target, shelves):
    return any(inside(name, {shelf}) and inside(target, {shelf}) for shelf in shelves)


def test_only_the_transition_writer_is_told_to_write_state():
    callers = [
        m.name for m in modules().values() if m.room == "usecases" and _writes(m) and m.name != "usecases.transition"
    ]
    assert not callers


def _writes(module):
    names = {n.attr for n in module.nodes if isinstance(n, ast.Attribute)}
    return names & {"append_transition", "write_state", "set_state"}


def test_pure_rooms_touch_no_io_no_clock_no_chance():
    wrong = [f"{m.name} imports {found}" for m in _pure() for found in sorted(_impure(m))]
    wrong += [f"{m.name}:{line} calls {call}" for m in _pure() for call, line in _calls(m) if call in IMPURE_CALLS]
    assert not wrong


def _impure(module):
    """Modules of the world that it imports, but for the parts of them that are arithmetic on text."""
    found = set()
    for node in module.nodes:
        if isinstance(node, ast.Import):
            found |= {
                alias.name for alias in node.names if _attributes(module, alias.name) - HARMLESS.get(alias.name, set())
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            harmless = HARMLESS.get(node.module, set())
            found |= {node.module} if {alias.name for alias in node.names} - harmless else set()
    return {name for name in found if name.split(".")[0] in IMPURE_MODULES}


def _attributes(module, name):
    """What a module takes from another that it imported whole; its name itself when it takes nothing."""
    taken = {node.attr for node in module.nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == name}
    return taken or {name}


def _pure():
    return [m for m in modules().values() if m.room in PURE]


def _calls(module):
    for node in module.nodes:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node.lineno
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                owner = node.func.value.id
                if owner in {"datetime", "date", "os", "builtins", "time"}:
                    yield node.func.attr, node.lineno


def test_the_domain_uses_the_standard_library_only():
    third = {"msgspec", "cryptography", "pydantic", "attr", "attrs"}
    assert not [m.name for m in modules().values() if m.room == "domain" and outside(m) & third]


def test_a_model_sdk_lives_with_the_drafters_only():
    wrong = [
        m.name for m in modules().values() if outside(m) & MODEL_SDKS and not inside(m.name, {"adapters.drafters"})
    ]
    assert not wrong


ENVIRONMENT = {"environ", "getenv", "environb"}
SEARCH_PATH = {"os.environ.get('PATH', ", "os.environ['PATH']", "os.environ.get('PATH')"}


def test_one_module_reads_the_environment():
    # The stdio client knows no home; the demo plays the user's shell and starts programs as one would.
    # What a target runs knows no home either: sshd tells it by its environment what a caller asked for.
    # The search path is no setting: a closed environment for a child still says where programs are.
    # The gate's hook is told in its environment what was granted, as git hands things to hooks.
    allowed = {
        "environment",
        "entrypoints.mcp",
        "entrypoints.cli.demo",
        "gate.new_tag",
        "executor.credentials.ssh_target",
    }
    wrong = [
        f"{m.name}: {count} reads"
        for m in modules().values() if not inside(m.name, allowed)
        for count in [_environment_reads(m)] if count
    ]  # fmt: skip
    assert not wrong


def _environment_reads(module):
    reads = sum(isinstance(n, ast.Attribute) and n.attr in ENVIRONMENT for n in module.nodes)
    text = ast.unparse(module.tree)
    return reads - sum(text.count(form) for form in SEARCH_PATH)
