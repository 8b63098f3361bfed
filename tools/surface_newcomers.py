"""Labels from sources and repositories that neither bench/surfaces nor its folders `fresh` and `unseen` name.

    tools/surface_newcomers.py MIRRORS      writes bench/surfaces/outside/<surface>.jsonl

They are there to be measured once and not to be tuned on: test cases of the OWASP benchmarks, lines that the analysers
of SonarSource must object to, templates of cfripper and kube-score, texts that DevSkim and CredSweeper must find,
leaky-repo, whispers, the PHP suite of progpilot, fixing commits that advisories name, and commits by what their titles say.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from surface_labels import FEEDS, OUT, Label, Mirror, capped, kind_of, label
from surface_sources import WORDS, neutral, unit_end
from surface_upstreams import ASIDE, TITLES, advisories

SURFACES = (
    "audit_config",
    "authentication",
    "cryptography",
    "injection",
    "limits_and_flags",
    "network",
    "permissions",
    "secrets",
)
PER_KIND = 45
PER_FILE = 3
PER_REPOSITORY = 8
SPREAD = {"title", "advisory"}
OWASP = {
    "injection": {
        "cmdi",
        "codeinj",
        "deserialization",
        "ldapi",
        "pathtraver",
        "redirect",
        "sqli",
        "xpathi",
        "xss",
        "xxe",
    },
    "cryptography": {"crypto", "hash", "weakrand"},
}
SONAR = {
    "secrets": r"(?i)hardcoded|credential|emptydatabasepassword|secret|longtermaccesskeys",
    "cryptography": r"(?i)cipher|hash(?:ing|ed|s)?(?:data|check|er)|cryptographic|clear_?text|encrypt(?!ion_?keys)|hostname|certificate(?!basedauth)|pseudorandom|salt|tls|(?<!wordpre)ssl|passwordencoder|initializationvector|S(?:4423|4426|4790|5527|5542|5547|4830|2245|5332|6308|6319|6327|6330|6332|6275|6245)/",
    "authentication": r"(?i)csrf|cookie|sessionfixation|authorizations(?:check|strong)|authenticat|anonymousaccess|jwt|opensaml|S(?:4502|2092|3330|5659|5876)/",
    "injection": r"(?i)xxe|sqlquery|queryusage|autoescap|deseriali|xmlexternal|dynamiccode|ldapdes|S(?:1523|2077|5247|4721|2755|5725|5728|5732|6299|4817|6268)/",
    "limits_and_flags": r"(?i)contentlength|excessivecontent|excessivefile|redos|regexstack|superlinear|expandingarchive|cpulimit|memorylimit|storagelimit|S(?:5042|5693|5852)/",
    "network": r"(?i)publicnetwork|iprestricted|publicapi|cors(?!middlewareordering)|unrestricted(?:admin|outbound)|S(?:5122|6321|6329|6333)/",
    "permissions": r"(?i)filepermission|publiclywritable|privilege|resourceaccesspolicy|publicaccess|grantedaccess|capabilities|S(?:6270|6302|6304|6317|2612|6265|6281)/",
    "audit_config": r"(?i)disabledlogging|shortlogretention|loggerclass|S(?:6258|6286)/",
}
PLACES = {
    "SonarSource/sonar-java": r"java-checks-test-sources/.*/checks/(?:security|regex)/.*\.java$",
    "SonarSource/sonar-python": r"python-checks/src/test/resources/checks/.*\.py$",
    "SonarSource/sonar-php": r"php-checks/src/test/resources/checks/.*\.php$",
    "SonarSource/SonarJS": r"jsts/rules/S\d+/.*fixture\.[jt]sx?$",
    "SonarSource/sonar-iac": r"src/test/resources/checks/.*\.(?:tf|ya?ml|json|bicep|properties)$",
}
DEVSKIM = {
    "cryptography": r"^Cryptography|TLS|RandomNumber|Certificate",
    "injection": r"DynamicExecution|SqlInjection|XML|Deserialization|Injection|ZipSlip|FormatString",
    "secrets": r"Secret|Token|Credential",
}
OTHER = r"(?i)wordpresslate|beautifulsoup|hostnamespace|hardcoded(?:uri|region|ip)|awshardcodedregion|emptydatabase"
"""Checks whose name has a word of a surface by accident, or that speak of no secret."""
RELEASES = r"(?i)^(?:prepare|bump|release|update changelog|version|v?\d+\.\d+)|changelog"
"""Titles of commits that an advisory names and that release a fix made elsewhere."""
MESSAGES = {
    **{name: TITLES[name] for name in ("limits_and_flags", "authentication", "audit_config", "network")},
    "injection": r"(?i)\b(?:xss|cross[- ]site scripting|sql injection|(?:path|directory) traversal|ssrf|open redirect|command injection|xxe|unsafe deseriali[sz]ation|html injection)\b",
    "cryptography": r"(?i)\b(?:min(?:imum)? tls|tls ?(?:version|1\.[0-3]|config\w*)|ciphers?|cipher ?suites?|certificate (?:verif\w+|validation|chain)|constant[- ]time|(?:verify|check|validate) (?:the )?signatures?|signature verif\w+|hmac|weak hash|insecureskipverify)\b",
    "secrets": r"(?i)\b(?:redact\w*|mask(?:ed|ing)? (?:the )?(?:password|token|secret|credential)s?|leak(?:s|ed|ing)? (?:the )?(?:password|token|secret|credential)s?|(?:password|token|secret|credential)s? (?:leak\w*|in (?:the )?logs?)|(?:do not|don't|never|avoid) log(?:ging)? .*(?:password|token|secret|credential)s?)\b",
}
Mirrors = dict[str, Mirror]


def benchmarks(mirrors: Mirrors) -> Iterator[Label]:
    """Test cases that OWASP's own table of expected results calls vulnerable."""
    for repo, table, suffix in (
        ("OWASP-Benchmark/BenchmarkJava", "expectedresults-1.2.csv", ".java"),
        ("OWASP-Benchmark/BenchmarkPython", "expectedresults-0.1.csv", ".py"),
    ):
        mirror = mirrors[repo]
        places = {path.rsplit("/", 1)[-1]: path for path in mirror.paths if path.endswith(suffix)}
        for row in csv.reader(io.StringIO(mirror.git("show", f"HEAD:{table}").decode())):
            place = places.get(row[0] + suffix)
            for surface, kinds in OWASP.items():
                if place and row[2] == "true" and row[1] in kinds:
                    source = f"owasp{suffix}: {row[1]}"
                    yield label(mirror, surface, source, path=place, form="file", **{"as": neutral(place)})


def sonar(mirrors: Mirrors) -> Iterator[Label]:
    """Lines that an analyser of SonarSource must object to, by the name of the check; the marks are cut out."""
    for repo, places in PLACES.items():
        mirror = mirrors[repo]
        for path, text in mirror.texts(places):
            name = "/".join(path.split("/")[-2:])
            if re.search(r"/(?:its|custom)/|ToDo", path) or re.search(OTHER, name):
                continue
            for surface, words in SONAR.items():
                if re.search(words, name):
                    yield from _objected(mirror, surface, path, text.split("\n"))


def _objected(mirror: Mirror, surface: str, path: str, lines: list[str]) -> Iterator[Label]:
    for at, line in enumerate(lines):
        found = re.search(r"(?://|#)\s*Noncompliant(?:@([+-]\d+))?", line)
        if found is None:
            continue
        first = at + int(found[1] or 0)
        told = re.sub(r"\s*(?://|#).*$", "", lines[first]).strip() if 0 <= first < len(lines) else ""
        if told and told not in {"{", "}", "(", ")"}:
            spot = {"first": first + 1, "last": unit_end(lines, first) + 1, "as": neutral(path), "cut": True}
            yield label(
                mirror, surface, f"{mirror.repo.split('/')[1]}: must be objected to", path=path, form="lines", **spot
            )


def templates(mirrors: Mirrors) -> Iterator[Label]:
    """Templates that a rule of cfripper must refuse, and objects that kube-score must grade down."""
    mirror = mirrors["Skyscanner/cfripper"]
    for path in mirror.paths:
        found = re.search(r"^tests/test_templates/rules/(\w+)/([\w.-]+)$", path)
        if found is None or re.search(r"(?i)good|(?<!in)valid|private|neutral|basic|without", found[2]):
            continue
        for surface, words in WORDS.items():
            if surface in SURFACES and re.search(words, found[1]):
                yield label(
                    mirror, surface, "cfripper: must be refused", path=path, form="file", **{"as": neutral(path)}
                )
    mirror = mirrors["zegl/kube-score"]
    for path in mirror.paths:
        for surface, words in (
            ("network", r"/testdata/(?:networkpolicy|ingress|service-type)"),
            ("limits_and_flags", r"/testdata/pod-(?:test-resources|ephemeral-storage|container-memory)"),
            ("permissions", r"/testdata/pod-(?:security-context|seccomp)"),
        ):
            if re.search(words, path):
                yield label(
                    mirror, surface, "kube-score: test object", path=path, form="file", **{"as": "src/part.yaml"}
                )


def must_match(mirrors: Mirrors) -> Iterator[Label]:
    """Texts that a rule of DevSkim must match, by its tags."""
    mirror = mirrors["microsoft/DevSkim"]
    for path, text in mirror.texts(r"^rules/default/security/.*\.json$"):
        tags: list[str] = []
        kind = ""
        for at, line in enumerate(text.split("\n"), 1):
            opened = re.match(r'\s*"(tags|must-match|[\w-]+)"\s*:', line)
            kind = opened[1] if opened else kind
            tags = [] if opened and kind == "tags" else tags
            if kind == "tags":
                tags += re.findall(r'^\s*"([\w.]+)",?\s*$', line)
            if kind == "must-match" and re.match(r'\s*"(?!must-match").*"\s*,?\s*$', line):
                spot = {
                    "path": path,
                    "form": "excerpt",
                    "first": at,
                    "last": at,
                    "as": "src/part.txt",
                    "strip": r'^\s*"(.*)"\s*,?\s*$',
                }
                for surface, words in DEVSKIM.items():
                    if any(re.search(words, tag) for tag in tags):
                        yield label(mirror, surface, "DevSkim: must match", **spot)


def credentials(mirrors: Mirrors) -> Iterator[Label]:
    """Lines in which CredSweeper must find a credential; files of leaky-repo with one; lines of whispers' fixtures named so."""
    mirror = mirrors["Samsung/CredSweeper"]
    sizes = dict(mirror.texts(r"^tests/samples/"))
    for one in json.loads(mirror.git("show", "HEAD:tests/data/output.json")):
        spots = {(row["path"].removeprefix("./"), row["line_num"]) for row in one["line_data_list"]}
        path = min(spots)[0]
        first, last = min(spots)[1], max(spots)[1]
        lines = sizes.get(path, "").split("\n")
        if (
            last <= len(lines)
            and len({name for name, _ in spots}) == 1
            and all(row["line"].strip() in "\n".join(lines) for row in one["line_data_list"])
        ):
            source = "CredSweeper: must be found"
            yield label(
                mirror, "secrets", source, path=path, form="excerpt", first=first, last=last, **{"as": "src/part.txt"}
            )
    mirror = mirrors["Plazmaz/leaky-repo"]
    for row in mirror.git("show", "HEAD:.leaky-meta/secrets.csv").decode().splitlines():
        parts = row.split(",")
        if len(parts) == 3 and parts[1].isdigit() and int(parts[1]) and parts[0] in mirror.paths:
            yield label(
                mirror, "secrets", "leaky-repo: has a secret", path=parts[0], form="file", **{"as": neutral(parts[0])}
            )
    mirror = mirrors["adeptex/whispers"]
    for path, text in mirror.texts(
        r"^tests/fixtures/(?:hardcoded|apikeys|passwords?|aws|jdbc|integration|privatekeys?|uri)[^/]*$"
    ):
        for at, line in enumerate(text.split("\n"), 1):
            if re.search(r"(?i)(?:pass|pwd|secret|key|token).*hardcoded|AKIA|PRIVATE KEY", line):
                source = "whispers: hardcoded"
                yield label(
                    mirror, "secrets", source, path=path, form="excerpt", first=at, last=at, **{"as": neutral(path)}
                )


def php_suite(mirrors: Mirrors) -> Iterator[Label]:
    """Unsafe programs of progpilot's PHP suite and the vulnerable examples of PyT."""
    mirror = mirrors["designsecurity/progpilot"]
    for path in mirror.paths:
        if re.search(r"/vulntestsuite/CWE_(?:78|79|89|90|91|95|98|601)__.*no_sanitizing.*\.php$", path):
            yield label(
                mirror, "injection", "progpilot: no sanitizing", path=path, form="file", **{"as": "src/part.php"}
            )
    mirror = mirrors["python-security/pyt"]
    for path in mirror.paths:
        if re.search(r"^examples/vulnerable_code/(?!.*(?:sanitised|no_|safe)).*\.py$", path):
            yield label(mirror, "injection", "pyt: vulnerable code", path=path, form="file", **{"as": "src/part.py"})


def commits(mirrors: Mirrors) -> Iterator[Label]:
    """Fixing commits that advisories name, and commits by their titles, of repositories no label has named."""
    feeds = {repo: Mirror(Path(sys.argv[1]) / repo.replace("/", "+") / "repo") for repo in FEEDS}
    for one in advisories({**mirrors, **feeds}, label):
        mirror = mirrors.get(one["repo"])
        if mirror is None or not mirror.has(one["commit"]):
            continue
        if not re.search(RELEASES, mirror.git("log", "-1", "--format=%s", one["commit"]).decode("utf-8", "replace")):
            yield one
    for repo, mirror in mirrors.items():
        if re.search(
            r"(?i)sonar|owasp|progpilot|pyt$|cfripper|kube-score|devskim|credsweeper|whispers|leaky|advisor|semgrep|phpcs|eslint|cdk-nag|tfsec|terrascan|ggshield|talisman|secrets|security-|pmd|kube-linter|synapse$",
            repo,
        ):
            continue
        log = mirror.git("log", "--no-merges", "-n", "12000", "--format=%H%x09%s").decode("utf-8", "replace")
        for row in log.splitlines():
            commit, _, title = row.partition("\t")
            for surface, words in MESSAGES.items():
                if re.search(words, title) and not re.search(ASIDE, title):
                    yield label(mirror, surface, "title: a commit says so", commit=commit, form="commit")


SOURCES = (benchmarks, sonar, templates, must_match, credentials, php_suite, commits)


def main(argv: list[str]) -> int:
    """Collect, cap a file, a repository and a kind, and write one file a surface."""
    named = [*OUT.glob("*.jsonl"), *(OUT / "fresh").glob("*.jsonl"), *(OUT / "unseen").glob("*.jsonl")]
    named += (OUT.parent / "harmless").glob("*.jsonl")
    used = {json.loads(line)["repo"] for one in named for line in one.read_text().splitlines()} | FEEDS
    mirrors = {
        m.repo: m for m in (Mirror(place) for place in sorted(Path(argv[1]).glob("*+*/repo"))) if m.repo not in used
    }
    every: dict[str, dict[tuple[object, ...], Label]] = {}
    for collect in SOURCES:
        for one in collect(mirrors):
            key = (one["repo"], one["commit"], one.get("path"), one.get("first"))
            every.setdefault(one["surface"], {}).setdefault(key, one)
    (OUT / "outside").mkdir(exist_ok=True)
    for surface in SURFACES:
        found = every.get(surface, {}).values()
        spread = capped(found, PER_FILE, lambda one: f"{one['repo']} {one.get('path') or one['id']}")
        wide = capped(spread, PER_REPOSITORY, lambda one: one["repo"] if kind_of(one) in SPREAD else str(one["id"]))
        kept = capped(wide, PER_KIND, kind_of)
        (OUT / f"outside/{surface}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in kept))
        print(f"{surface}: {len(kept)} of {len(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
