"""Mutants of a source text: most keep it readable, many move line ends, comments and quotes."""

from __future__ import annotations

import random

PIECES = (
    " ", "  ", "\n", "\n\n", "\t", "\r\n", "\r", "\\\n", "/*", "*/", "/* a */", "/* a\n*/", "// a row\n", "//", "#", "# a row\n",
    '"', "'", "`", ";", ",", "(", ")", "{", "}", "{{", "<", ">", "-", "+", "=", "!", "&", "x", "1", "0x", ".", "_", "\f", "\v", "\u00a0",
)  # fmt: skip


def mutant(text: str, dice: random.Random, pieces: tuple[str, ...] = PIECES) -> str:
    """One to three small changes at random places, most of them at blanks and between tokens."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text))
        if dice.random() < 0.7:
            spots = [n for n in range(max(0, at - 40), min(len(text), at + 40)) if text[n] in " \n\t(){};,"]
            at = dice.choice(spots) if spots else at
        how = dice.random()
        if how < 0.45:
            text = text[:at] + dice.choice(pieces) + text[at:]
        elif how < 0.75:
            text = text[:at] + text[at + dice.randint(1, 3) :]
        elif how < 0.9:
            text = text[:at] + dice.choice(pieces) + text[at + 1 :]
        else:
            end = min(len(text), at + dice.randint(2, 30))
            text = text[:at] + text[end : end + 20] + text[at:end] + text[end + 20 :]
        text = text or "\n"
    return text
