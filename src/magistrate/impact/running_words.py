"""Words of lines that may run, load or decode something else, and where tests are."""

from __future__ import annotations

from typing import Final

from magistrate.impact.compiled import rx

RUNS_MORE: Final = rx(
    r"(?i)\b(?:(?:eval|exec\w*|compile|system|fork|execute\w*|cursor|raw|shell)\s*\(|exec\.\w|os\.(?:system|exec\w*|popen|spawn\w*|fork\w*)|__import__|"
    r"importlib|import_module|getattr|setattr|globals|ctypes|cffi|subprocess|popen|pickle\w*|marshal|shelve|dill|yaml\.(?:unsafe_)?load|"
    r"child_process|new function|vm\b|wasm|webassembly|reflect\w*|unsafe|runtime\.exec|processbuilder|process::command|classloader|loadlibrary|"
    r"objectinputstream|scriptengine|jndi|os/exec|plugin\.open|syscall|libloading|transmute|extern|atob|fromcharcode|b64decode|base64|"
    r"unhexlify|codecs|zlib|shell\s*=|innerhtml|dangerouslysetinnerhtml|document\.write|template_string|mark_safe|rawquery)"
)
STARTS_PROCESS: Final = rx(r"(?i)\bspawn\w*")
"""A process in most languages; in Rust usually a task or a thread, where `process::Command` starts one."""
RUNS_MORE_EXACTLY: Final = rx(
    r"\bFunction\b|\bimport\s*\(|\brequire\s*\((?!\s*(['\"])[\w@./-]+\1\s*\))|\bset(?:Timeout|Interval|Immediate)\s*\(\s*['\"`]|\bglobalThis\b|\.constructor\b|"
    r"\bprocess\.|\bwindow\s*\[|javascript:|\bsrcdoc\b|\b(?:outerHTML|insertAdjacentHTML|createContextualFragment)\b|\bimportScripts\b|"
    r"\bnew\s+(?:Worker|SharedWorker)\b|\bProxy\b|__proto__|\bwith\s*\("
)
"""The same in the spelling of ECMAScript, where case and brackets tell a name from an ordinary word."""
TEST_PLACE: Final = rx(
    r"(?i)(?:^|/)(?:tests?|specs?|__tests__|testing)/|(?:^|/)(?:test_|conftest)[^/]*$|[_.-](?:test|tests|spec)\.[a-z]+$|Tests?\.java$"
)
