"""The links that a repository declares: `links` in `.magistrate.yml`, from a repository that it uses to kinds and names.

    links:
      base-images: {image: [registry.example/acme/runtime]}
      infra: {module: [modules/vpc], deploy_target: [payments]}

Rule kept (R34, R39): a link only raises. A part of another shape, and nobody can say what is linked (raises).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from magistrate.domain.links import Declared, LinkKind
from magistrate.impact.compiled import rx
from magistrate.impact.configuration.declared import SETTINGS
from magistrate.impact.configuration.leaves import leaves_of
from magistrate.impact.configuration.scalars import Kind
from magistrate.impact.languages import yaml_text
from magistrate.impact.languages.reading import UnreadableError

REPOSITORY: Final = rx(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
NAME: Final = rx(r"\S{1,200}\Z")
KINDS: Final = frozenset(set(LinkKind) - {LinkKind.UNKNOWN})
MAX_NAMES: Final = 2_000


class UnclearLinksError(ValueError):
    """The part is of another shape, so nobody can say what is linked."""


def links_in(files: Mapping[str, str]) -> frozenset[Declared]:
    """What a tree declares; empty where it declares nothing.

    Raises:
        UnclearLinksError: it declares something that is not of this shape.
    """
    text = files.get(SETTINGS)
    return frozenset() if text is None or "links" not in text else _read(text)


@lru_cache(maxsize=64)
def _read(text: str) -> frozenset[Declared]:
    try:
        leaves = leaves_of(yaml_text.LANGUAGE, text.encode())
    except (UnreadableError, UnicodeEncodeError) as error:
        raise UnclearLinksError(str(error)) from error
    found: set[Declared] = set()
    for path, value in leaves:
        match path:
            case ("links", str() as repository, str() as kind, int()) if value.kind is not Kind.HOLDER:
                if not (REPOSITORY.match(repository) and kind in KINDS and NAME.match(value.text)):
                    raise UnclearLinksError(f"`{repository[:60]}`, `{kind[:60]}` is no link")
                found.add((repository, LinkKind(kind), value.text))
            case ("links", *rest) if value.kind is Kind.HOLDER:
                if value.text != ("SequenceStart" if len(rest) == 2 else "MappingStart"):  # noqa: PLR2004
                    raise UnclearLinksError("`links` is a map of repositories, of kinds, of lists of names")
            case ("links", *_):
                raise UnclearLinksError("`links` is a map of repositories, of kinds, of lists of names")
            case _:
                pass
    if len(found) > MAX_NAMES:
        raise UnclearLinksError(f"{len(found)} names are more than {MAX_NAMES}")
    return frozenset(found)
