#!/bin/sh
# Make .venv from uv.lock, every package checked against its hash. Needs python3 >= 3.11 and git.
# Uses the uv on PATH; otherwise one of its own in .venv-tools, pinned in tools/uv.txt.
set -eu
cd "$(dirname "$0")/.."

stop() {
    printf '\n%s\n  mend it with:  %s\n\n' "$1" "$2" >&2
    exit 2
}

command -v git >/dev/null 2>&1 || stop "git is missing" "sudo apt-get install -y git"
if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    python=${PYTHON:-python3}
    command -v "$python" >/dev/null 2>&1 || stop "python3 is missing" "sudo apt-get install -y python3 python3-venv"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "$("$python" --version) is too old: Python 3.11 or newer is needed" "make PYTHON=python3.12 ${GOAL:-demo}"
    uv=.venv-tools/bin/uv
    if ! [ -x "$uv" ] || ! [ .venv-tools/.ready -nt tools/uv.txt ]; then
        echo "setting up: uv" >&2
        rm -rf .venv-tools
        "$python" -m venv .venv-tools >/dev/null 2>&1 || stop "python3 cannot make a virtual environment" "sudo apt-get install -y python3-venv"
        .venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/uv.txt ||
            stop "the package index could not be reached" "PIP_INDEX_URL=<your index> make ${GOAL:-demo}"
        touch .venv-tools/.ready
    fi
    export UV_PYTHON="${UV_PYTHON:-$python}"
fi
echo "setting up: the locked packages" >&2
"$uv" sync --frozen --quiet ||
    stop "the locked packages could not be installed" "UV_INDEX_URL=<your index> make ${GOAL:-demo}"
# The assessor runs in a sandbox that writes nothing: without this it would compile its own source at each start.
.venv/bin/python -m compileall -q src || true
touch .venv/.ready
