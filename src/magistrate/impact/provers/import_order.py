"""Claim: imports of a Python module are sorted, split, joined or, unused, taken away; nothing else is done (R17).

What runs is the same but for the order in which modules are loaded that do nothing when they are
loaded. Rules kept, at the level of the module and in one block of imports at a time:

- every line outside the blocks of imports is the same, byte for byte, in the same order;
- the names that are bound, and what each is bound to, are equal; no name is bound twice;
- only modules of the standard library of an allow-list move (`impact/python_imports.py`), and only
  where no file of the base could be loaded in their stead;
- every other module is loaded in the same order, and gives its names in the same order, for a name
  may be a submodule; one that is a single file of the base gives its names without loading more;
- past such a module (which may patch others when it is loaded) only what nobody patches may move.

A name may go only where it is of the allow-list and nothing in the file says its name (a use, a
string, a comment), nothing in the base takes it from this module, and the file is no package,
`conftest` or settings of a framework.

Refused: `__future__` that moves, stars, imports in `try` or functions, comments at the end of an
import, conditional imports. Limits: equal up to source positions, the time a start takes, and
programs that look at `sys.modules`, trace imports or list the names of a module.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from magistrate.domain.impact import ChangeClass, Evidence, EvidenceRequest, Proof, ProofStatus
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.compiled import rx
from magistrate.impact.computed_names import asks_computed_names
from magistrate.impact.equality import proof, read_as_bytes
from magistrate.impact.languages.python import head_of, looks_like_template, read_tree, same_tree
from magistrate.impact.languages.reading import UnreadableError
from magistrate.impact.python_imports import INERT, STARTED, Atom, atoms_in, is_inert, is_quiet, shadowed
from magistrate.impact.python_unused import taken_by, why_missed
from magistrate.impact.text_readers import read_by_line

HEADING: Final = rx(r"[ \t]*(?:#(?: [A-Za-z][A-Za-z -]*)?)?\Z")
"""Lines that may stand among imports: blank ones, and headings of a few plain words."""
HOOKS: Final = rx(
    r"meta_path|path_hooks|path_importer_cache|\b(?:__builtins__|builtins)\b[^\n]*__import__|install_aliases|"
    r"\bsys\s*\.\s*modules\s*(?:\[\s*(?P<set>[^\]\n]*)\]\s*=(?!=)|,\s*(?P<item>[^,\n]*)|\.\s*(?:update|setdefault)\b)"
)
DIRECTIVE: Final = rx(r"(?i)\b(?:isort|noqa|type|ruff|pylint|pyright|mypy|flake8|fmt|yapf|nosec|pragma|skip|off|on)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The imports between two other statements: their names in order, and the lines from the first to the last."""

    atoms: tuple[Atom, ...]
    lines: range


class _Refused(Exception):
    """Why the change is more than imports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """Both sides bind the same names to the same things, and load what has effects in the same order."""

    name: str = "import-order/1"
    change_class: ChangeClass = ChangeClass.LINT

    def applies(self, file: ChangedFile) -> bool:
        """Python source, by name."""
        return file.name.endswith(".py")

    def needs_base(self) -> bool:
        """Yes: only the repository says whether a module of the library is its own file."""
        return True

    def wants(self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[EvidenceRequest, ...]:
        """Nothing: the proof is static."""
        del file, step, base
        return ()

    def prove(
        self, file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree, evidence: Sequence[Evidence]
    ) -> Proof:
        """Proven when only imports differ, and the difference has no effect."""
        del evidence
        try:
            moved, gone = _judge(file, step, base)
        except (_Refused, UnreadableError) as error:
            return proof(self.name, self.change_class, file, str(error), ProofStatus.REFUTED)
        computed = asks_computed_names(file, base)
        if computed is not None:
            why = f"`{computed}` asks for names that are put together when it runs, and names this module"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        if not base.known:
            why = "without the repository a module of the library may be another file"
            return proof(self.name, self.change_class, file, why, ProofStatus.UNKNOWN)
        said = [f"{len(gone)} unused names go"] if gone else []
        said += ["imports are arranged anew"] if moved else []
        why = f"{' and '.join(said)}: what is bound is the same, and only modules that do nothing when loaded moved"
        return proof(self.name, self.change_class, file, why, ProofStatus.PROVEN)


def _judge(file: ChangedFile, step: Sequence[ChangedFile], base: BaseTree) -> tuple[bool, frozenset[Atom]]:
    """Whether imports moved, and which went; raises _Refused, UnreadableError."""
    before, after = file.change.before, file.change.after
    if before is None or after is None:
        raise _Refused("the file is added or deleted as a whole")
    if head_of(before) != head_of(after) or looks_like_template(before) or looks_like_template(after):
        raise _Refused("the interpreter line changes, or it may be a template")
    old, new = _Module(before), _Module(after)
    _same_outside(old, new)
    gone: set[Atom] = set()
    moved = False
    for one, other in zip(old.blocks, new.blocks, strict=True):
        if one.atoms != other.atoms:
            gone |= set(one.atoms) - set(other.atoms)
            _same_names(one, other, file, base)
            moved = moved or tuple(a for a in one.atoms if a in other.atoms) != other.atoms
    twice = {atom for block in new.blocks for atom in block.atoms} & gone
    if twice:
        raise _Refused(f"`{min(twice).bound}` moves from one block of imports to another")
    missed = why_missed(frozenset(gone), file.path, "\n".join(new.outside()), _atoms(new), base) if gone else None
    if missed is not None:
        raise _Refused(missed)
    _own_modules(old, new, step, base)
    same = all(one.atoms == other.atoms for one, other in zip(old.blocks, new.blocks, strict=True))
    hooks = None if same else _hooks(base)
    if hooks is not None:
        raise _Refused(f"`{hooks}` decides what an import gives")
    as_bytes, reader = read_as_bytes(file, base), read_by_line(file.name, base)
    if as_bytes is not None or reader is not None:
        raise _Refused(as_bytes.why if as_bytes is not None else f"`{reader}` reads a file of this name line by line")
    return moved or not gone, frozenset(gone)


def _atoms(side: _Module) -> frozenset[Atom]:
    return frozenset(atom for block in side.blocks for atom in block.atoms)


class _Module:
    """One side: its statements, its blocks of imports, the text outside of them."""

    def __init__(self, content: bytes) -> None:
        self.text = content.decode("utf-8")
        if "\f" in self.text or "\v" in self.text:
            raise _Refused("a control character is a line end for some readers")
        self.tree = read_tree(content)
        self.rows = self.text.replace("\r\n", "\n").split("\n")
        self.others: list[ast.stmt] = []
        self.blocks: list[Block] = []
        run: list[ast.stmt] = []
        for statement in self.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                run.append(statement)
                continue
            self.blocks.append(_block(run))
            self.others.append(statement)
            run = []
        self.blocks.append(_block(run))

    def outside(self, marked: frozenset[int] = frozenset()) -> list[str]:
        """Rows of no block that are not blank; of the marked blocks, by number, a mark."""
        inside = {row: at for at, block in enumerate(self.blocks) for row in block.lines}
        kept: list[str] = []
        for number, row in enumerate(self.rows, start=1):
            at = inside.get(number)
            if at is None and row.strip():
                kept.append(row)
            elif at in marked and number == self.blocks[at].lines.start:
                kept.append("\0 imports")
        return kept

    def inside(self, block: Block) -> list[str]:
        """The rows of a block."""
        return self.rows[block.lines.start - 1 : block.lines.stop - 1] if block.lines else []


def _block(run: Sequence[ast.stmt]) -> Block:
    atoms = tuple(atom for statement in run for atom in atoms_in(statement))
    lines = range(run[0].lineno, (run[-1].end_lineno or run[-1].lineno) + 1) if run else range(0)
    return Block(atoms=atoms, lines=lines)


def _same_outside(old: _Module, new: _Module) -> None:
    if len(old.others) != len(new.others) or not all(map(same_tree, old.others, new.others)):
        raise _Refused("more than imports changes")
    pairs = list(zip(old.blocks, new.blocks, strict=True))
    both = frozenset(at for at, (one, other) in enumerate(pairs) if one.lines and other.lines)
    if all(old.inside(one) == new.inside(other) for one, other in pairs):
        raise _Refused("no import changes")
    if old.outside(both) != new.outside(both):
        raise _Refused("a line outside the blocks of imports changes")
    for one, other in pairs:
        rows = old.inside(one), new.inside(other)
        if rows[0] == rows[1]:
            continue
        _plain(old, one)
        _plain(new, other)
        first, second = (Counter(row.strip() for row in side if row.lstrip().startswith("#")) for side in rows)
        if first != second:
            raise _Refused("a comment among the imports changes")


def _plain(side: _Module, block: Block) -> None:
    """A block has imports, blank lines and plain headings in it; no other statement on its lines."""
    imports = [one for one in side.tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    covered = {row for one in imports for row in range(one.lineno, (one.end_lineno or one.lineno) + 1)}
    others = {row for one in side.others for row in (one.lineno, one.end_lineno)}
    for number in block.lines:
        row = side.rows[number - 1]
        if number in others or (number in covered and re.search(r"[#;\\]", row)):
            raise _Refused(f"line {number} has more than an import")
        if number not in covered and (HEADING.match(row) is None or DIRECTIVE.search(row)):
            raise _Refused(f"line {number} among the imports is no plain heading")


def _bound_once(block: Block) -> None:
    bound = Counter(atom.bound for atom in set(block.atoms) if atom.name or atom.alias)
    bound.update({atom.bound for atom in block.atoms if not atom.name and not atom.alias})
    if any(count > 1 for count in bound.values()) or len(set(block.atoms)) != len(block.atoms):
        raise _Refused("a name is bound twice by the imports")
    if any(atom.name == "*" for atom in block.atoms):
        raise _Refused("an import takes every name of a module")


def _same_names(old: Block, new: Block, file: ChangedFile, base: BaseTree) -> None:
    _bound_once(old)
    _bound_once(new)
    added = set(new.atoms) - set(old.atoms)
    if added:
        raise _Refused(f"`{min(added).bound}` is a new name, or is bound to something else")
    futures = [tuple(a for a in block.atoms if a.module == "__future__") for block in (old, new)]
    if futures[0] != futures[1] or any(block.atoms[: len(futures[0])] != futures[0] for block in (old, new)):
        raise _Refused("an import from `__future__` moves")
    loads = [_with_effects(block, base) for block in (old, new)]
    if loads[0] != loads[1]:
        raise _Refused("modules that may do something when they are loaded change their order")
    places = [_places(block) for block in (old, new)]
    for atom in new.atoms:
        if not is_inert(atom.module) or places[0][atom] == places[1][atom]:
            continue
        if not _may_pass(atom, base):
            raise _Refused(f"`{atom.module}` moves past a module that may change it")
        reader = taken_by(file.path, atom.bound, base)
        if reader is not None:
            raise _Refused(f"`{reader}` may take `{atom.bound}` from this file while it is loaded")


def _with_effects(block: Block, base: BaseTree) -> list[object]:
    """What is loaded in order, beside the allow-list: modules, each with its names in order unless it is one file."""
    found: list[object] = []
    for atom in block.atoms:
        if is_inert(atom.module) or atom.module == "__future__":
            continue
        if atom.name and not atom.module.startswith(".") and _one_file(atom.module, base):
            entry: object = atom.module
        else:
            entry = atom
        if not found or found[-1] != entry:
            found.append(entry)
    return found


def _one_file(module: str, base: BaseTree) -> bool:
    """Whether a module is exactly one file of the base, without submodules and without names made on demand."""
    tail = module.replace(".", "/")
    files = [path for path in (f"{tail}.py", f"src/{tail}.py") if path in base.files]
    if len(files) != 1 or re.search(r"__getattr__|__path__|sys\.modules", base.files[files[0]]):
        return False
    others = [f"/{path}" for path in base.files if path != files[0]]
    return not any(f"/{tail}/" in path or f"/{tail}." in path for path in others)


def _places(block: Block) -> dict[Atom, int]:
    """How many names of modules with effects stand before each."""
    places, passed = {}, 0
    for atom in block.atoms:
        places[atom] = passed
        passed += not is_inert(atom.module)
    return places


def _may_pass(atom: Atom, base: BaseTree) -> bool:
    """Whether loading and reading it earlier or later is one, whatever another module does when it is loaded."""
    if not atom.name:
        return atom.module in STARTED or is_quiet(atom.module)
    if not is_quiet(atom.module):
        return False
    module, word = re.escape(atom.module.rsplit(".", 1)[-1]), re.escape(atom.name)
    assigned = re.compile(rf"\.\s*{word}\s*=(?!=)|\b(?:setattr|patch\w*|__dict__)\b[^\n]*[\"']{word}[\"']")
    key = f"assigned {atom.module}.{atom.name}"
    if key not in base.looked_up:
        texts = (text for text in base.files.values() if atom.name in text and re.search(rf"\b{module}\b", text))
        base.looked_up[key] = any(assigned.search(text) for text in texts)
    return not base.looked_up[key]


def _hooks(base: BaseTree) -> str | None:
    """A program of the base that decides what an import gives; found once per base."""
    if "import hooks" not in base.looked_up:
        programs = ((path, text) for path, text in sorted(base.files.items()) if path.endswith((".py", ".pth")))
        base.looked_up["import hooks"] = next((path for path, text in programs if _is_hook(text)), None)
    found = base.looked_up["import hooks"]
    return None if found is None else str(found)


def _is_hook(text: str) -> bool:
    """Whether a text changes what an import gives; setting a module of its own, or of no library, does not."""
    for found in HOOKS.finditer(text):
        key = (found["set"] or found["item"] or "").strip()
        literal = re.fullmatch(r"[\"']([\w.]+)[\"']", key)
        if key != "__name__" and (literal is None or literal[1].split(".", 1)[0] in INERT):
            return True
    return False


def _own_modules(old: _Module, new: _Module, step: Sequence[ChangedFile], base: BaseTree) -> None:
    """No module that moves or goes, nor a name of it, may be a file of the repository or of this step."""
    pairs = zip(old.blocks, new.blocks, strict=True)
    atoms = {atom for one, other in pairs if one.atoms != other.atoms for atom in one.atoms if is_inert(atom.module)}
    for word in sorted({atom.module.split(".", 1)[0] for atom in atoms} | {atom.bound for atom in atoms}):
        own = shadowed(word, base) or next((f.path for f in step if word in re.split(r"[/.]", f.path)), None)
        if own is not None:
            raise _Refused(f"`{own}` may be loaded instead of `{word}` of the library")


PROVER: Final = ImportOrder()
