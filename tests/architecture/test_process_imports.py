"""What a running process really has in memory: the walls between rooms hold at run time too."""

from __future__ import annotations

import json
import subprocess

import pytest
from paths import PACKAGE, PYTHON

DECIDING = ["magistrate.usecases." + verb for verb in ("review", "decide", "warrant", "settle", "learn", "transition")]
HANDS = ["magistrate.executor", "magistrate.gate"]
STORE = ["sqlalchemy", "alembic", "sqlite3", "cedarpy"]
ABOVE_THE_BASE = [
    "magistrate." + room for room in ("adapters", "usecases", "impact", "policy", "context", "entrypoints")
]
BROKERS = ["magistrate.executor.credentials", "magistrate.executor.actions"]
HEAVY = ["sqlalchemy", "httpx", "mcp", "rich", "alembic", "starlette", "cedarpy", "cryptography", "msgspec", "uvicorn"]
NEVER = {
    "bootstrap/front.py": [*DECIDING, *HANDS, *STORE],
    "bootstrap/control.py": [*BROKERS, *HANDS],
    "bootstrap/gate.py": [*DECIDING, "magistrate.executor", "magistrate.impact", "magistrate.policy", "cedarpy", "mcp"],
    "bootstrap/executor.py": [*DECIDING, "magistrate.gate", "magistrate.impact", "magistrate.policy", "cedarpy", "mcp"],
    "bootstrap/witness.py": [*DECIDING, *HANDS, "magistrate.impact", "magistrate.policy", "cedarpy", "mcp", "sqlalchemy"],
    "judge.py": [
        *STORE, *HANDS, "magistrate.usecases", "magistrate.bootstrap", "magistrate.entrypoints", "magistrate.authority",
        "socket", "httpx", "mcp",
    ],
    "executor/__init__.py": ABOVE_THE_BASE,
    "gate/__init__.py": ABOVE_THE_BASE,
}  # fmt: skip
EXISTING = {name: never for name, never in NEVER.items() if (PACKAGE / name).exists()}


def loaded_by(statement):
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def dotted(name):
    return "magistrate." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@pytest.mark.requirement("R2")
@pytest.mark.parametrize("name", EXISTING)
def test_a_process_loads_nothing_it_must_not_have(name):
    found = loaded_by(f"import {dotted(name)}")
    forbidden = EXISTING[name]
    assert not {m for m in found if any(m == f or m.startswith(f + ".") for f in forbidden)}


def test_every_module_of_gate_and_executor_stands_on_the_base_alone():
    shelves = ("gate", "executor")
    names = [
        "magistrate." + ".".join(p.relative_to(PACKAGE).with_suffix("").parts)
        for room in shelves for p in sorted((PACKAGE / room).rglob("*.py")) if p.name != "__init__.py"
    ]  # fmt: skip
    found = loaded_by("\n".join(f"import {name}" for name in names))
    assert not {m for m in found if m.startswith((*ABOVE_THE_BASE, "magistrate.bootstrap"))}


def test_help_loads_nothing_heavy():
    if not (PACKAGE / "entrypoints/cli/main.py").exists():
        return
    code = (
        "import sys\nfrom magistrate.entrypoints.cli.main import main\n"
        "sys.argv = ['magistrate', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    found = loaded_by(code)
    assert not found & set(HEAVY)
