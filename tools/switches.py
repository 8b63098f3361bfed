"""Read tests/sabotage/switches.toml: which control is switched off by which patch, and who must notice.

```toml
[[switch]]
name = "any-signature"                   # unique, one line
requirement = "R44"                      # one id, or a list of them
file = "src/magistrate/wire/envelope.py" # from the project's root, under src/
find = "..."                             # occurs exactly once in the file
replace = "..."
tests = ["tests/unit/wire/test_signatures.py::test_refuses_a_wrong_signature"]
```
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SWITCHES = ROOT / "tests/sabotage/switches.toml"
FIELDS = {"name", "requirement", "file", "find", "replace", "tests"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One control switched off."""

    name: str
    requirements: tuple[str, ...]
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def doctored(self, source: str) -> str:
        """The source with the control off; raises ValueError unless `find` occurs exactly once."""
        count = source.count(self.find)
        if count != 1:
            raise ValueError(f"`find` occurs {count} times in {self.file}, not once")
        return source.replace(self.find, self.replace)


def read_switches(path: Path = SWITCHES) -> list[Switch]:
    """Every switch of the file, checked for its shape; raises ValueError."""
    found = [_switch(entry) for entry in tomllib.loads(path.read_text()).get("switch", [])]
    names = [switch.name for switch in found]
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise ValueError(f"switches of the same name: {sorted(double)}")
    return found


def _switch(entry: dict[str, object]) -> Switch:
    name = str(entry.get("name", "?"))
    if set(entry) != FIELDS:
        raise ValueError(f"{name}: needs exactly {sorted(FIELDS)}, has {sorted(entry)}")
    asked, tests = entry["requirement"], entry["tests"]
    requirements = tuple(map(str, asked)) if isinstance(asked, list) else (str(asked),)
    if not re.fullmatch(r"[ -~]{3,60}", name):
        raise ValueError(f"{name}: a name is one line of at most 60 plain characters")
    if not isinstance(tests, list) or not tests:
        raise ValueError(f"{name}: names no test")
    if entry["find"] == entry["replace"] or not entry["find"]:
        raise ValueError(f"{name}: changes nothing")
    return Switch(
        name=name,
        requirements=requirements,
        file=str(entry["file"]),
        find=str(entry["find"]),
        replace=str(entry["replace"]),
        tests=tuple(map(str, tests)),
    )
