"""Who could make something of the types of a TypeScript program that runs: packages and settings of the base.

Rule kept: a repository that names a compiler of another kind, a generator from types, a framework of
decorators or a program that reads TypeScript by itself has a reader. The names are a list, with the limits of one.
"""

from __future__ import annotations

from typing import Final

from magistrate.impact.base import BaseTree
from magistrate.impact.compiled import rx

SETTINGS: Final = rx(
    r"(?:^|/)(?:package\.json|[^/]*[jt]sconfig[^/]*\.json|deno\.jsonc?|nx\.json|project\.json|\.swcrc|\.?babel(?:rc|\.config)[^/]*|"
    r"[^/]*\.config\.[cm]?[jt]s|[^/]*\.config\.json|gulpfile\.[cm]?[jt]s|metro\.config\.js)\Z"
)
PROGRAMS: Final = rx(r"\.(?:[cm]?[jt]sx?|vue|svelte|astro)\Z")
PACKAGES: Final = rx(
    r"(?i)typia|@?nestia|ts-runtime|typescript-is\b|typescript-rtti|tst-reflect|ts-reflect|ts-nameof|ts-interface-|ts-auto-mock|ts-transform|"
    r"transformer-|class-validator|class-transformer|reflect-metadata|tsoa|routing-controllers|@nestjs|nestjs|type-graphql|typeorm|mikro-orm|"
    r"sequelize-typescript|inversify|tsyringe|typedi|@angular|@tsed|@foal|@midwayjs|@loopback|@deepkit|deepkit|assemblyscript|typescript-to-lua|"
    r"json-schema-generator|typescript-json-schema|ts-to-zod|typebox-codegen|typeconv|quicktype|ts-morph|io-ts-transformer|ts-patch|ttypescript|"
    r"\bttsc\b|\btspc\b|react-docgen|@storybook|storybook|@oclif|@stencil|react-native|codegenConfig|telefunc|grats\b|encore\.dev|@swc/plugin|"
    r"proptypes|@builder\.io/mitosis|marko\b|swagger|openapi|@samchon|zenstack|typechain|restate|convex|@vue/compiler|macro|genversion|"
    r"\btypedoc\b|emitDecoratorMetadata|experimentalDecorators|\"(?:transform|afterDeclarations)\"|compilerPlugins|isolatedDeclarations"
)
"""What makes values out of types, or is made to; found anywhere in settings."""
READS: Final = rx(
    r"""(?:from|require\s*\(|import\s*\(|import)\s*["'](?:typescript|ts-morph|@typescript/[\w-]+|@babel/parser|oxc-parser|@swc/core)["'/]|"""
    r"""\bcreateProgram\s*\(|\bdefine(?:Props|Emits|Slots|Model|Options|Expose)\s*<"""
)
"""Programs that read TypeScript, and macros of components that take types for values."""


def reader_of_types(base: BaseTree) -> str | None:
    """Why something in the base may read types for more than checking, or None; found once per base."""
    key = "readers of types"
    if key not in base.looked_up:
        base.looked_up[key] = _reader(base)
    found = base.looked_up[key]
    return None if found is None else str(found)


def _reader(base: BaseTree) -> str | None:
    for path, text in sorted(base.files.items()):
        named = PACKAGES.search(text) if SETTINGS.search(path) else None
        if named is not None:
            return f"`{path}` names `{named[0]}`, which may make values of types"
        read = READS.search(text) if PROGRAMS.search(path) else None
        if read is not None:
            return f"`{path}` has `{read[0].strip()[:60]}`, which may read types"
    return None
