"""Load pairs of modules and tell what each bound and what was loaded in which order. JSON lines on stdin.

Written apart from the product: CPython itself says what the imports do.
"""

import json
import sys
from pathlib import Path

WORLD = {
    "side_a": "import builtins\nbuiltins.LOG.append('side_a')\nx = 'ax'\ny = 'ay'\n",
    "side_b": "import builtins\nbuiltins.LOG.append('side_b')\nx = 'bx'\n",
    "one_file": "first = 'first'\nsecond = 'second'\nthird = 'third'\n",
    "patcher": "import builtins, random, json\nbuiltins.LOG.append('patcher')\nrandom.random = 'patched'\njson.dumps = 'patched'\n",
    "pack/__init__": "import builtins\nbuiltins.LOG.append('pack')\n",
    "pack/inner": "import builtins\nbuiltins.LOG.append('pack.inner')\n",
    "pack/other": "import builtins\nbuiltins.LOG.append('pack.other')\n",
}


def told(text: str) -> dict[str, object]:
    """What a module bound, what was loaded, and how it ended."""
    import builtins
    import json as own_json
    import random

    builtins.LOG = []  # type: ignore[attr-defined]
    for name in [name for name in sys.modules if name.split(".")[0] in {key.split("/")[0] for key in WORLD}]:
        del sys.modules[name]
    random.random, own_json.dumps = RANDOM, DUMPS
    space: dict[str, object] = {"__name__": "subject"}
    try:
        exec(compile(text, "subject", "exec"), space)  # noqa: S102 - that is what the oracle is for
        end = "ok"
    except Exception as error:  # noqa: BLE001 - how it ended is what is compared
        end = repr(error)
    bound = {key: repr(value).split(" at 0x")[0] for key, value in space.items() if not key.startswith("__")}
    return {"end": end, "log": builtins.LOG, "bound": bound}  # type: ignore[attr-defined]


if __name__ == "__main__":
    import json
    import random

    RANDOM, DUMPS = random.random, json.dumps
    folder = Path(sys.argv[1])
    for name, source in WORLD.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / f"{name}.py").write_text(source)
    sys.path.insert(0, str(folder))
    lines = [json.loads(line) for line in sys.stdin]
    answers = [[told(text) for text in pair] for pair in lines]
    json.dumps = DUMPS
    for answer in answers:
        sys.stdout.write(json.dumps(answer) + "\n")
