"""What nodes of the grammars are: functions, classes, fields, settings, ways out; and which grammar reads a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from magistrate.impact.compiled import rx

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS: Final = frozenset(
    {
        "function_declaration", "generator_function_declaration", "method_definition", "method_declaration", "function_item",
        "constructor_declaration", "function_signature_item", "method_signature", "method_elem", "abstract_method_signature",
        "compact_constructor_declaration", "function_signature",
    }
)  # fmt: skip
CLOSURES: Final = frozenset(
    {
        "arrow_function",
        "function_expression",
        "generator_function",
        "func_literal",
        "lambda_expression",
        "closure_expression",
    }
)
CLASSES: Final = frozenset(
    {
        "class_declaration", "abstract_class_declaration", "interface_declaration", "type_alias_declaration", "enum_declaration",
        "record_declaration", "annotation_type_declaration", "type_spec", "struct_item", "enum_item", "trait_item", "impl_item",
        "mod_item", "union_item", "internal_module",
    }
)  # fmt: skip
UNNAMED_SCOPES: Final = frozenset({"impl_item", "mod_item", "internal_module"})
FIELDS: Final = frozenset(
    {"property_signature", "field_declaration", "enum_variant", "enum_constant", "enum_assignment"}
)
SETTINGS: Final = {
    "variable_declarator": ("name", "value"), "const_spec": ("name", "value"), "var_spec": ("name", "value"),
    "const_item": ("name", "value"), "static_item": ("name", "value"), "let_declaration": ("pattern", "value"),
    "short_var_declaration": ("left", "right"), "assignment_statement": ("left", "right"),
    "assignment_expression": ("left", "right"), "pair": ("key", "value"), "keyed_element": ("key", "value"),
    "field_initializer": ("field", "value"), "public_field_definition": ("name", "value"), "field_definition": ("property", "value"),
    "element_value_pair": ("key", "value"), "enum_assignment": ("name", "value"),
}  # fmt: skip
"""Nodes that give something a value, with the fields of both."""
AROUND: Final = frozenset(
    {
        "expression_list", "literal_element", "unary_expression", "reference_expression", "await_expression", "as_expression",
        "parenthesized_expression", "satisfies_expression", "non_null_expression",
    }
)  # fmt: skip
"""Nodes around a value that leave it what it is to a reader."""
ENTRIES: Final = frozenset({"pair", "keyed_element", "field_initializer", "element_value_pair"})
PARAMETERS: Final = {
    "required_parameter": ("pattern", "value"), "optional_parameter": ("pattern", "value"),
    "assignment_pattern": ("left", "right"), "object_assignment_pattern": ("left", "right"),
}  # fmt: skip
BRANCHES: Final = frozenset({"if_statement", "if_expression", "while_statement", "while_expression"})
MARKS: Final = frozenset({"annotation", "marker_annotation", "decorator", "attribute_item"})
QUIET_MARKS: Final = rx(
    r"@?(?:#\[)?(?:Override|(?:Parameterized)?Test|BeforeEach|AfterEach|Nested|SuppressWarnings|FunctionalInterface|Nullable|NonNull|NotNull|Deprecated|inline|must_use|allow|doc|cfg_attr|"
    r"derive\((?!.*(?:Serialize|Deserialize)))"
)
STORED: Final = rx(r"@(?:Json|Column|Table|Entity|Serialized|Xml|Field|Id\b|Prop)|#\[(?:serde|sqlx|diesel|derive)")
"""Marks that say how something is stored or sent."""
BLOCKS: Final = frozenset({"block", "statement_block", "statement_list", "constructor_body", "expression_statement"})
CALLS: Final = frozenset(
    {"call_expression", "method_invocation", "macro_invocation", "new_expression", "object_creation_expression"}
)
HOLDERS: Final = frozenset({"object", "composite_literal", "struct_expression", "array", "object_expression"})
ENDS: Final = rx(
    r"(?:process\.exit|process\.abort|os\.Exit|panic|log\.(?:Fatal\w*|Panic\w*)|System\.exit|Runtime\.\w+\.halt|"
    r"(?:std\.)?process\.(?:exit|abort)|(?:panic|unreachable|todo|unimplemented|bail|ensure|assert\w*|anyhow)!|Deno\.exit|"
    r"(?:\w+\.)*(?:unwrap|expect)|http\.Error|(?:\w+\.)*WriteHeader|(?:\w+\.)*(?:AbortWithStatus\w*|sendStatus|sendError|setStatus)|"
    r"res(?:ponse)?\.(?:status|writeHead|code)|reply\.(?:status|code)|ResponseEntity\.\w+|c\.(?:JSON|String|HTML|Status)|"
    r"(?:\w+\.)?(?:NewError|HttpError|HttpException))\Z"
)
"""Names of calls, with dots between parts, that end a program or a request, or name its status."""
SPRING: Final = rx(
    r"@(Get|Post|Put|Delete|Patch|Request|Head|Options)Mapping\b|@(Path|Controller|Get|Post|Put|Delete|Patch)\("
)
RUST_ROUTE: Final = rx(r"#\[(?:\w+::)?(get|post|put|delete|patch|head|options|route)\s*\(\s*\"([^\"]*)\"")
NAMED: Final = rx(r"\b(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS)\b")
STRING: Final = rx(r"[\"'`]([^\"'`\n]*)[\"'`]")
SWITCH: Final = rx(
    r"(?i)(?:\.|\b)(?:is_?(?:feature_?)?enabled|feature_?enabled|has_?feature|bool_?variation|variation|is_?on|use_?feature_?flag)\Z"
)
DEFAULTING: Final = rx(
    r"(?:\?\?|\|\|\s*(?=['\"\d])|unwrap_or\(|getOrDefault|GetEnvOr\w*|getProperty\(|Optional|orElse\()[^\n]{0,80}"
)


def grammar_of(name: str) -> Callable[[], object] | None:
    """The grammar for a file by its last component in lower case; None: no grammar reads it."""
    # native code is loaded only where a file asks for it
    if name.endswith((".js", ".jsx", ".mjs", ".cjs")):
        import tree_sitter_javascript  # noqa: PLC0415

        return tree_sitter_javascript.language
    if name.endswith((".ts", ".mts", ".cts", ".tsx")):
        import tree_sitter_typescript  # noqa: PLC0415

        return tree_sitter_typescript.language_tsx if name.endswith("x") else tree_sitter_typescript.language_typescript
    if name.endswith(".go"):
        import tree_sitter_go  # noqa: PLC0415

        return tree_sitter_go.language
    if name.endswith(".java"):
        import tree_sitter_java  # noqa: PLC0415

        return tree_sitter_java.language
    if name.endswith(".rs"):
        import tree_sitter_rust  # noqa: PLC0415

        return tree_sitter_rust.language
    return None


def text(node: Node | None) -> str:
    """The text of a node, blanks as one."""
    if node is None or node.text is None:
        return ""
    return " ".join(node.text[:4_000].decode("utf-8", "replace").split())


def first_line(node: Node) -> int:
    """1-based."""
    return int(node.start_point[0]) + 1


def last_line(node: Node) -> int:
    """1-based."""
    return int(node.end_point[0]) + 1


def callee(node: Node) -> str:
    """What is called, with dots between its parts; of a chain only its last name."""
    if node.type == "method_invocation":
        target, name = node.child_by_field_name("object"), text(node.child_by_field_name("name"))
        return f"{_short(target)}.{name}" if target is not None else name
    if node.type == "macro_invocation":
        return text(node.child_by_field_name("macro")).replace("::", ".") + "!"
    function = next(
        (found for field in ("function", "constructor", "type") if (found := node.child_by_field_name(field))), None
    )
    if function is None:
        return ""
    for whole, part in (("object", "property"), ("operand", "field"), ("value", "field")):
        target, name = function.child_by_field_name(whole), text(function.child_by_field_name(part))
        if target is not None and name:
            return f"{_short(target)}.{name}"
    return text(function).replace("::", ".")


def _short(node: Node | None) -> str:
    found = text(node).replace("::", ".")
    return found if re.fullmatch(r"[\w.$]{1,60}", found) else "…"


def arguments(node: Node) -> list[Node]:
    """The arguments of a call."""
    holder = node.child_by_field_name("arguments")
    return [one for one in holder.named_children if "comment" not in one.type] if holder is not None else []


def string(node: Node | None) -> str | None:
    """The content of a text literal without escapes; None for anything else."""
    if node is None or "string" not in node.type:
        return None
    found = text(node)
    inner = found[1:-1] if len(found) > 1 and found[0] in "\"'`" and found[-1] == found[0] else None
    return None if inner is None or "\\" in inner or "${" in inner else inner


def public(node: Node, name: str, *, exported: bool, inside_interface: bool) -> bool:
    """Whether others can use a function or class, by the rules of its language."""
    kind = node.type
    if kind in {
        "function_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "union_item",
        "mod_item",
        "function_signature_item",
    }:
        return inside_interface or any(one.type == "visibility_modifier" for one in node.children)
    if kind in {"type_spec", "method_elem"} or (kind == "method_declaration" and node.child_by_field_name("receiver")):
        return name[:1].isupper()
    modifiers = next((text(one) for one in node.children if one.type == "modifiers"), None)
    if modifiers is not None and re.search(r"\b(?:public|protected)\b", modifiers):
        return True
    if kind in {"method_definition", "method_signature", "abstract_method_signature"}:
        hidden = name.startswith(("#", "_")) or any(
            one.type == "accessibility_modifier" and text(one) == "private" for one in node.children
        )
        return exported and not hidden
    return exported or inside_interface
