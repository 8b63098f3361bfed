"""Labels from the examples of scanners, and from advisories and titles of repositories, that no earlier label names.

See surface_labels.py: `tools/surface_labels.py MIRRORS --unseen SURFACE...` collects these alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from surface_sources import CWES, ONLY_DECLARED, WORDS, neutral, unit_end
from surface_upstreams import advisories, titled

Mirrors = dict[str, Any]
Label = dict[str, Any]

EXPECTED = re.compile(r"bearer:expected\s+([\w-]+)")
NJS_TOPICS = {
    "crypto": "cryptography",
    "database": "injection",
    "dos": "limits_and_flags",
    "eval": "injection",
    "exec": "injection",
    "jwt": "authentication",
    "redirect": "injection",
    "ssrf": "injection",
    "traversal": "injection",
    "xml": "injection",
}
FSB_TOPICS = {
    "injection": r"/(?:sqli|xpath|xxe|ldap|command|xss|serial|pathtraversal|ognl|template|groovy|script|xmlinputfactory)/|Injection",
    "cryptography": r"/(?:crypto|iv|ssldisabler)/",
    "secrets": r"/password/",
    "authentication": r"/(?:cookie|sessionfilter)/",
}
KUBEAUDIT = {
    "permissions": r"/(?:apparmor|asat|capabilities|hostns|mounts|nonroot|privesc|privileged|rootfs|seccomp)/",
    "network": r"/netpols/",
    "limits_and_flags": r"/limits/",
}
BRAKEMAN = {
    "injection": r"SQL Injection|Command Injection|Cross-Site Scripting|Redirect|File Access|Dangerous Eval|Remote Code|Dynamic Render|Mass Assignment|Dangerous Send|Deserialization|Template Injection|Attribute Restriction",
    "authentication": r"Session Setting|Authentication|Basic Auth|Cross-Site Request Forgery|Session Manipulation|Unscoped Find|Cross Site Request",
    "limits_and_flags": r"Denial of Service",
    "cryptography": r"SSL Verification|Weak Hash|Weak Cryptography|Unsupported Cipher",
}
EXAMPLES = (
    "Bearer/bearer-rules",
    "securego/gosec",
    "ajinabraham/njsscan",
    "find-sec-bugs/find-sec-bugs",
    "presidentbeef/brakeman",
    "stelligent/cfn_nag",
    "kubescape/regolibrary",
    "Shopify/kubeaudit",
    "zegl/kube-score",
    "aws-cloudformation/aws-guard-rules-registry",
    "praetorian-inc/noseyparker",
    "mongodb/kingfisher",
    "secretlint/secretlint",
    "tenable/terrascan",
    "OWASP-Benchmark/BenchmarkJava",
)


def _lines(path: str, lines: list[str], first: int) -> Label:
    return {"path": path, "form": "lines", "first": first + 1, "last": unit_end(lines, first) + 1, "as": neutral(path)}


def _surfaces(numbers: set[int]) -> Iterator[str]:
    """Surfaces of program text that a weakness belongs to."""
    for surface, known in CWES.items():
        if surface not in ONLY_DECLARED and numbers & known:
            yield surface


def bearer(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Lines after `bearer:expected`, by the CWE of the rule."""
    mirror = mirrors["Bearer/bearer-rules"]
    rules: dict[str, set[int]] = {}
    for _, text in mirror.texts(r"^rules/.*\.ya?ml$"):
        found = yaml.safe_load(text)
        meta = found.get("metadata") or {} if isinstance(found, dict) else {}
        if isinstance(meta.get("id"), str):
            rules[meta["id"]] = {int(n) for n in meta.get("cwe_id") or []}
    for path, text in mirror.texts(r"^tests/.*/testdata/"):
        lines = text.split("\n")
        for at, line in enumerate(lines):
            marked = EXPECTED.search(line)
            if marked is None or marked[1] not in rules:
                continue
            first = at + 1
            while first < len(lines) and EXPECTED.search(lines[first]):
                first += 1
            if first < len(lines) and lines[first].strip():
                for surface in _surfaces(rules[marked[1]]):
                    yield label(mirror, surface, f"bearer: {marked[1]}", **_lines(path, lines, first))


def gosec(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Sample programs that gosec must find something in, by the CWE of its rule."""
    mirror = mirrors["securego/gosec"]
    known = next(text for _, text in mirror.texts(r"^issue/issue\.go$"))
    weakness = {name: int(number) for name, number in re.findall(r'"(G\d+)":\s*"(\d+)"', known)}
    for path, text in mirror.texts(r"^testutils/g\d+_samples\.go$"):
        number = weakness.get("G" + re.findall(r"g(\d+)_samples", path)[0], 0)
        lines = text.split("\n")
        begun = None
        for at, line in enumerate(lines):
            if re.search(r"\{\[\]string\{`", line):
                begun = at
            ended = re.match(r"`[^`]*\}, (\d+), ", line)
            if ended and begun is not None:
                spot = {"path": path, "form": "excerpt", "first": begun + 2, "last": at, "as": "src/part.go"}
                if ended[1] != "0":
                    for surface in (*_surfaces({number}), *(["permissions"] if number == 276 else [])):
                        yield label(mirror, surface, "gosec: a sample that must be found", **spot)
                begun = None


def njsscan(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """`ruleid:` lines of njsscan's true positives, by their folder."""
    mirror = mirrors["ajinabraham/njsscan"]
    for path, text in mirror.texts(r"/true_positives/semantic_grep/.*\.js$"):
        surface = NJS_TOPICS.get(path.split("/")[-2])
        lines = text.split("\n")
        for at, line in enumerate(lines[:-1]):
            if surface and re.search(r"ruleid\s*:", line) and lines[at + 1].strip():
                yield label(mirror, surface, "njsscan: must be found", **_lines(path, lines, at + 1))


def brakeman(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """The lines of brakeman's test applications at which it must warn."""
    mirror = mirrors["presidentbeef/brakeman"]
    sources = dict(mirror.texts(r"^test/apps/.*\.(?:rb|erb|haml|slim)$"))
    for _, text in mirror.texts(r"^test/tests/rails\w*\.rb$"):
        found = re.search(r"BrakemanTester\.run_scan\(?\s*\"([\w.]+)\"", text)
        for block in re.findall(r"(?s)\n    assert_warning (.*?)\n\s*(?:end|assert)\b", text) if found else []:
            kind = re.search(r":?warning_type(?: =>|:) \"([^\"]+)\"", block)
            line = re.search(r":?\bline(?: =>|:) (\d+)", block)
            file = re.search(r":?relative_path(?: =>|:) \"([^\"]+)\"", block)
            if not (found and kind and line and file):
                continue
            place = f"test/apps/{found[1]}/{file[1]}"
            lines = sources.get(place, "").split("\n")
            first = int(line[1]) - 1
            told = lines[first].strip() if 0 <= first < len(lines) else ""
            if told and not re.search(r"(?i)gemfile|gems\.rb|\.gemspec", place) and not told.startswith("class "):
                for surface, words in BRAKEMAN.items():
                    if re.search(words, kind[1]):
                        yield label(mirror, surface, "brakeman: must be warned of", **_lines(place, lines, first))


def java_samples(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Samples of find-sec-bugs, by their folder."""
    mirror = mirrors["find-sec-bugs/find-sec-bugs"]
    for path, _ in mirror.texts(r"samples-java/.*testcode/.*\.java$"):
        if re.search(r"(?i)safe|nofalse|falsepositive", path):
            continue
        for surface, words in FSB_TOPICS.items():
            if re.search(words, path):
                yield label(mirror, surface, "find-sec-bugs: sample", path=path, form="file", **{"as": "src/Part.java"})


def _worded(mirror: Any, label: Any, source: str, name: str, spot: Label) -> Iterator[Label]:
    yield label(mirror, "infrastructure", source, **spot)
    for surface, words in WORDS.items():
        if re.search(words, name):
            yield label(mirror, surface, source, **spot)


def templates(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Templates and manifests of cfn_nag, regolibrary and kubeaudit, by folder and name."""
    for repo, pattern in (
        ("stelligent/cfn_nag", r"^spec/test_templates/(?:yaml|json)/.*\.(?:ya?ml|json)$"),
        ("kubescape/regolibrary", r"^rules/.*/test/.*/input/.*\.(?:ya?ml|json)$"),
    ):
        mirror = mirrors[repo]
        for path, _ in mirror.texts(pattern):
            spot = {"path": path, "form": "file", "as": neutral(path)}
            name = path.removeprefix("spec/test_templates/").removeprefix("rules/")
            if not re.search(r"(?i)pass|good|valid|success|secured|parameters?_no|/input/(?:node|user)", name):
                yield from _worded(mirror, label, f"{repo.split('/')[1]}: test of a rule", name, spot)
    mirror = mirrors["Shopify/kubeaudit"]
    for path, _ in mirror.texts(r"^auditors/.*/fixtures/.*\.ya?ml$"):
        for surface, words in KUBEAUDIT.items():
            if re.search(words, path):
                yield label(mirror, surface, "kubeaudit: fixture", path=path, form="file", **{"as": "src/part.yml"})


def guard_rules(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Inputs that a rule of the AWS Guard registry must fail."""
    mirror = mirrors["aws-cloudformation/aws-guard-rules-registry"]
    for path, text in mirror.texts(r"/tests/.*\.ya?ml$"):
        try:
            found = yaml.compose(text)
        except yaml.YAMLError:
            continue
        for item in found.value if isinstance(found, yaml.SequenceNode) else []:
            parts = {key.value: node for key, node in item.value} if isinstance(item, yaml.MappingNode) else {}
            told = parts.get("expectations")
            if "input" not in parts or told is None or "FAIL" not in text[told.start_mark.index : told.end_mark.index]:
                continue
            node = parts["input"]
            last = len(text[: node.end_mark.index].rstrip().split("\n"))
            spot = {"path": path, "form": "excerpt", "first": node.start_mark.line + 1, "last": last}
            yield from _worded(mirror, label, "guard registry: must fail", path, {**spot, "as": "src/part.yml"})


def token_examples(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Examples that secret scanners must find: noseyparker, kingfisher, secretlint."""
    for repo in ("praetorian-inc/noseyparker", "mongodb/kingfisher"):
        mirror = mirrors[repo]
        for path, text in mirror.texts(r"/rules/.*\.ya?ml$"):
            try:
                found = yaml.compose(text)
            except yaml.YAMLError:
                continue
            for node in _examples(found):
                first, last = node.start_mark.line, node.end_mark.line
                literal = node.style in {"|", ">"}
                first += literal
                last = last if literal else last + 1
                spot = {"path": path, "form": "excerpt", "first": first + 1, "last": last, "as": "src/part.txt"}
                more = {} if literal else {"strip": r"""-\s+["']?(.*?)["']?\s*$"""}
                yield label(mirror, "secrets", f"{repo.split('/')[1]}: example of a rule", **spot, **more)
    mirror = mirrors["secretlint/secretlint"]
    for path, _ in mirror.texts(r"secretlint-rule.*/snapshots/ng[^/]*/input[^/]*$"):
        yield label(mirror, "secrets", "secretlint: must be found", path=path, form="file", **{"as": neutral(path)})


def _examples(found: Any) -> Iterator[Any]:
    """Entries below every `examples` key, but for rules that say that what they find is no secret."""
    if isinstance(found, yaml.MappingNode):
        kinds = next((node for key, node in found.value if key.value == "categories"), None)
        if kinds is not None and "secret" not in {one.value for one in kinds.value}:
            return
        for key, node in found.value:
            if key.value == "examples" and isinstance(node, yaml.SequenceNode):
                yield from (one for one in node.value if isinstance(one, yaml.ScalarNode))
            else:
                yield from _examples(node)
    elif isinstance(found, yaml.SequenceNode):
        for one in found.value:
            yield from _examples(one)


def commits(mirrors: Mirrors, label: Any) -> Iterator[Label]:
    """Commits that advisories name, and commits by their titles, of repositories that are no scanner."""
    feeds = {"pypa/advisory-database", "golang/vulndb", "rubysec/ruby-advisory-db"}
    wanted = {repo: mirror for repo, mirror in mirrors.items() if repo not in EXAMPLES}
    for one in advisories(wanted, label):
        if wanted[one["repo"]].has(one["commit"]):
            yield one
    yield from titled({repo: mirror for repo, mirror in wanted.items() if repo not in feeds}, label)


UNSEEN = (bearer, gosec, njsscan, brakeman, java_samples, templates, guard_rules, token_examples, commits)
