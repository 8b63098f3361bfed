"""Expressions of Terraform as one line of text that reads the same again, whatever their layout and comments.

Rule kept: a text that is written so means what it meant; where two expressions are written alike they are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import tree_sitter
import tree_sitter_hcl

from magistrate.impact.compiled import rx

LANGUAGE: Final = tree_sitter.Language(tree_sitter_hcl.language())
MAX_EXPRESSION: Final = 60_000
"""Letters of an expression that is looked into."""
_LAYOUT: Final = rx(r"[\n\r\t#]|  | ,|//|/\*")
"""Signs without which a text is written as it stands."""
_QUOTED: Final = frozenset({"quoted_template", "string_lit"})


def raw(node: tree_sitter.Node) -> str:
    """The text of a node as it stands."""
    return (node.text or b"").decode("utf-8", "replace")


def written(node: tree_sitter.Node) -> str:
    """An expression on one line: no comments, one blank where there were any, texts as they are, commas between entries."""
    plain = raw(node)
    if _LAYOUT.search(plain) is None:
        return plain
    parts: list[str] = []
    end = -1
    for text, start, stop in _leaves(node):
        if end >= 0 and start > end and text != ",":
            parts.append(" ")
        parts.append(text)
        end = stop
    return "".join(parts).strip()


def _leaves(node: tree_sitter.Node) -> Iterator[tuple[str, int, int]]:
    if node.type == "comment":
        return
    if node.type in _QUOTED:
        yield raw(node), node.start_byte, node.end_byte
    elif node.type == "heredoc_template":
        yield quoted(node), node.start_byte, node.end_byte
    elif not node.children:
        yield " ".join(raw(node).split()), node.start_byte, node.end_byte
    else:
        elements = [child for child in node.children if child.type == "object_elem"] if node.type == "object" else []
        for child in node.children:
            yield from _leaves(child)
            following = child.next_sibling
            while following is not None and following.type == "comment":
                following = following.next_sibling
            if child in elements[:-1] and (following is None or following.type != ","):
                yield ",", child.end_byte, child.end_byte


def quoted(node: tree_sitter.Node) -> str:
    """A heredoc as a text in quotes, as far as it needs no blanks to be taken away; else as it stands, which reads as nothing."""
    names = [child for child in node.children if child.type == "heredoc_identifier"]
    if raw(node.children[0]).endswith("-"):
        return raw(node)
    whole, base = node.text or b"", node.start_byte
    start, parts = names[0].end_byte, list[str]()
    for child in node.named_children:
        if child.type in {"template_interpolation", "template_directive"}:
            parts += (_escaped(whole[start - base : child.start_byte - base]), raw(child))
            start = child.end_byte
    parts.append(_escaped(whole[start - base : names[-1].start_byte - base]))
    return '"' + "".join(parts).removeprefix("\\r").removeprefix("\\n") + '"'


def _escaped(content: bytes) -> str:
    text = content.decode("utf-8", "replace").replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


@lru_cache(maxsize=4096)
def parsed_expression(text: str) -> tree_sitter.Node | None:
    """The tree of one expression; None for what is none."""
    if len(text) > MAX_EXPRESSION:
        return None
    root = tree_sitter.Parser(LANGUAGE).parse(f"x = {text}\n".encode()).root_node
    bodies = [child for child in root.named_children if child.type == "body"]
    if root.has_error or len(bodies) != 1 or len(bodies[0].named_children) != 1:
        return None
    attribute = bodies[0].named_children[0]
    return attribute.named_children[-1] if attribute.type == "attribute" else None


def parsed_template(text: str) -> tree_sitter.Node | None:
    """The tree of a template that is a file of its own, as a heredoc whose last line end is not of the text."""
    mark = "END_OF_THE_TEMPLATE"
    if mark in text or len(text) > MAX_EXPRESSION:
        return None
    node = parsed_expression(f"<<{mark}\n{text}\n{mark}")
    while node is not None and node.type != "heredoc_template":
        node = node.named_children[0] if len(node.named_children) == 1 else None
    return node
