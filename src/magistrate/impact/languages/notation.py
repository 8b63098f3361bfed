"""What all data formats share: the text of a file, marks of template languages, comments that tools read.

Rule kept: where some reader could see another text (a control character that ends a line, a
template mark, a signature over comments), there is no reading. Comments may only be prose in
ASCII, and never on a line whose value is a digest or is filled in by something else.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from magistrate.impact.compiled import rx
from magistrate.impact.languages.reading import Comment, Reading, UnreadableError
from magistrate.impact.prose import why_not_prose

ODD: Final = rx("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that end a line, or the text, for some readers only."""
MARKS: Final = rx(r"\{\{|\}\}|\{%|%\}|(?<!\$)\{#|#\}|<%|%>|<#|\[\[|\]\]|%\{|<\?|@@|\$\[\[")
"""What template languages begin and end with; a template fills in text before any reader sees it."""
NARROW_MARKS: Final = rx(r"\{\{|\}\}|\{%|<%|%>|(?<!\$)\{#|@@")
"""As `MARKS`, without what the shell and TOML themselves have (`[[`, `${x#}`)."""
PREPROCESSED: Final = rx(
    r"(?m)^[ \t]*#(?:if|ifdef|ifndef|else|elseif|elif|end|endif|foreach|set|macro|parse|include|define)\b"
)
DIGEST: Final = rx(r"[0-9A-Fa-f]{32}|\bsha(?:1|256|384|512)\b|\b(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b")
FILLED: Final = rx(r"[$@{}%<>`]|\b(?:uses|rev|ref)[\"']?[ \t]*[:=]")
"""A line whose trailing comment others read (a version beside a pinned commit), or that others fill in."""
BESIDE: Final = "comment beside a digest or a filled-in value"
SIGNED: Final = rx(r"(?m)ENC\[AES256_GCM|^[ \t]*[\"']?sops[\"']?[ \t]*:|^\[sops\]|\$ANSIBLE_VAULT")
LOCK_NAME: Final = rx(r"(?:^|[._-])(?:lock|lockfile|shrinkwrap)(?:[._-]|$)")
TEMPLATE_NAME: Final = rx(
    r"(?:^|[._-])(?:j2|jinja2?|tpl|tmpl|tftpl|ctmpl|gotmpl|gotpl|erb|mustache|hbs|handlebars|ejs|njk|liquid|vm|ftl|mako|in|snap|golden|"
    r"expected)(?:[._-]|$)"
)
TOOLS: Final = (
    r"kics|trivy|yaml-?lint|ansible|hadolint|shellcheck|prettier|eslint|dprint|biome|cspell|spell|vale|zizmor|actionlint|"
    r"kube\w*|conftest|terrascan|tflint|gitleaks|spectral|\w*ignor\w*|nofmt|suppress\w*|next|schema|snyk|grype|regula|datree|polaris|"
    r"taplo|tombi|codespell|typos|sonar\w*|reuse|flux|kpt|frozen|pin|pins|pinned|jscpd|megalinter|editorconfig|modeline|"
    r"local variables|directive"
)
PROSE: Final = rx(rf"[ \t]*(?:#|//|;)(?=[\x20-\x7e]*\Z)(?!.*(?<![a-z])(?i:{TOOLS})(?![a-z]))(?: |\Z)")
"""How a comment of any of these formats begins that may be prose; which marks begin one, its lexer says.

ASCII, no word of a tool that reads comments of data, a blank or the end behind the mark.
"""


def text_of(content: bytes, *, carriage: bool = False) -> str:
    """The text of a file; `carriage` says whether CRLF is a line end of the format.

    Raises:
        UnreadableError: not UTF-8, or a character that some readers take for the end of a line.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError("it is not UTF-8") from error
    if carriage:
        text = text.replace("\r\n", "\n")
    if "\r" in text:
        raise UnreadableError("a carriage return is part of a line for some readers")
    if "SignedSource" in text:
        raise UnreadableError("it names a digest of its own text")
    if ODD.search(text):
        raise UnreadableError("a control character ends a line, or the text, for some readers")
    return text


def verify_no_template(text: str, marks: re.Pattern[str] = MARKS) -> None:
    """No mark of a template language stands in a text that its format gives no other meaning.

    Raises:
        UnreadableError: it may be a template.
    """
    found = marks.search(text) or PREPROCESSED.search(text)
    if found is not None:
        raise UnreadableError(f"`{found[0].strip()}` may belong to a template of another language")


def has_own_text(name: str) -> bool:
    """Whether a name (lower case) is neither that of a lock file nor of a template or a stored result."""
    return not LOCK_NAME.search(name) and not TEMPLATE_NAME.search(name)


def is_prose(comment: str) -> bool:
    """Whether a comment begins and reads as prose."""
    start = PROSE.match(comment)
    return start is not None and why_not_prose(comment[start.end() :]) is None


def reading_of(
    text: str, code: Sequence[object], starts: Sequence[int], comments: Iterable[tuple[int, str]]
) -> Reading:
    """A reading of a text from its code, where each token of it starts, and its comments with their starts."""
    whole = list(code)
    said: list[Comment] = []
    numbers: list[int] = []
    at, number = 0, 1
    for start, comment in comments:
        line_start = text.rfind("\n", 0, start) + 1
        following = _line_below(text, start + len(comment))
        before = bisect_left(starts, start)
        if _is_beside(text[line_start:start], following):
            whole.append((BESIDE, before, comment))
        number += text.count("\n", at, start)
        at = start
        for row, part in enumerate(comment.split("\n")):
            said.append(
                Comment(
                    text=part,
                    tokens_before=before,
                    line_starts_at=bisect_left(starts, line_start),
                    alone=not following.strip(),
                    inside=row > 0,
                )
            )
            numbers.append(number + row)
    return Reading(code=tuple(whole), comments=tuple(said), comment_lines=tuple(numbers))


def _line_below(text: str, at: int) -> str:
    """The line behind the one that a place is in; empty behind the last."""
    begins = text.find("\n", at) + 1
    ends = text.find("\n", begins)
    return "" if begins == 0 else text[begins : len(text) if ends < 0 else ends]


def _is_beside(line: str, following: str) -> bool:
    """Whether a comment stands behind a digest or a filled-in value, or between a name and a digest below it."""
    if not line.strip():
        return False
    return FILLED.search(line) is not None or any(DIGEST.search(one) for one in (line, following))


def head_of(text: str) -> str | None:
    """The first line where something may read it by its place (`#!`, `#cloud-config`, a schema line)."""
    first = text.split("\n", 1)[0]
    return first if first.startswith(("#", "//", ";", "/*")) and not is_prose(first) else None


def bound_comments(sides: Iterable[tuple[bytes, Iterable[Comment]]]) -> str | None:
    """Why no comment of a file may change: something signs or publishes them, or None."""
    for content, comments in sides:
        if SIGNED.search(content.decode("utf-8", "replace")):
            return "the file is sealed by a tool (SOPS, Ansible Vault) whose seal may cover comments"
        for comment in comments:
            if re.match(r"[ \t]*(?:#|//)+[ \t]*(?:@|--(?:[ \t]|$))", comment.text):
                return f"`{comment.text.strip()[:60]}` is a line of a block that a documentation or settings tool reads"
    return None
