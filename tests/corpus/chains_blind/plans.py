"""What a plan is made of: repositories, steps that do the harm, and calm edits of the same files."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Edit:
    """One replacement in one file: `old` stands there once; no `old` makes the file, no `new` removes it."""

    repository: str
    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Step:
    """Edits that land together, and the names of the steps that must have landed before."""

    name: str
    edits: tuple[Edit, ...]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A change that is strict as a whole: `label` is how many persons it asks for by the surface that it touches."""

    family: str
    surface: str
    label: str
    why: str
    trees: dict[str, dict[str, str]]
    steps: tuple[Step, ...]
    calm: tuple[Edit, ...]
    environments: dict[str, str] = field(default_factory=dict)
    linked: str = "one repository"


def step(name: str, *edits: Edit, after: tuple[str, ...] = ()) -> Step:
    """A step, said shortly."""
    return Step(name, edits, after)


TEAMS = ("acme", "northwind", "kestrel", "bluefin", "orchard")
SERVICES = ("payments", "ledgerly", "catalog", "booking", "inbox")
SECRETS = ("PAYMENTS_TOKEN", "LEDGER_KEY", "CATALOG_DSN", "BOOKING_SIGNING_KEY", "INBOX_PASSWORD")
SHAS = tuple(format(0x9A1B2C3D4E5F60718293 + n * 0x1357, "040x") for n in range(5))
