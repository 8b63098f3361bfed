"""What a rendering is asked for, what answers it, and which templates are no function of the tree. No tool runs here."""

from __future__ import annotations

import dataclasses

import pytest
from world.rendering_cases import APPLICATION, BASE, CHART, KUSTOMIZE, NAMED, ONE_MORE, POD, PROD, RELEASE, ROLE, WIDER

from magistrate.domain.impact import Evidence, FileChange
from magistrate.impact.base import BaseTree
from magistrate.impact.measures.privilege import Privilege, privilege
from magistrate.impact.privilege.domains.ci_yaml import documents
from magistrate.impact.privilege.rendering.commands import commands_in
from magistrate.impact.privilege.rendering.plans import MAX_ROOTS, MAX_STATES, Plan, roots_of
from magistrate.impact.privilege.rendering.releases import as_flow, releases_of
from magistrate.impact.privilege.rendering.template_words import varying
from magistrate.impact.privilege.rendering.trees import State, states_of

pytestmark = pytest.mark.requirement("R28")
NOTHING = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def change(path: str, before: str | None, after: str | None, mode: str = "100644") -> FileChange:
    sides = [None if side is None else side.encode() for side in (before, after)]
    return FileChange(path=path, before=sides[0], after=sides[1], mode_after=mode)


def base(files: dict[str, str], **more) -> BaseTree:
    return BaseTree(files=files, known=True, **more)


def state(files: dict[str, str]) -> State:
    return State(texts=files, links={}, opaque=frozenset())


def answers(found: Privilege, *texts: str) -> list[Evidence]:
    """One answer to each request, in their order, by what stands in the inputs."""
    return [
        Evidence(tool=want.tool, tool_digest="sha256:0", path=want.path, inputs_digest=want.inputs_digest, output=text.encode())
        for want, text in zip(found.wanted, texts, strict=True)
    ]  # fmt: skip


PATCH = [[change("prod/patch.yaml", PROD["prod/patch.yaml"], ONE_MORE)]]


def of_states(first: str, last: str) -> list[Evidence]:
    """Answers for the tree before and after `PATCH`."""
    plans = roots_of(states_of(PATCH, base(PROD)), {"prod/patch.yaml"})[0].plans
    made = []
    for plan, text in zip(plans, (first, last), strict=True):
        assert isinstance(plan, Plan)
        want = plan.request
        made.append(Evidence(tool=want.tool, tool_digest="sha256:0", path=want.path, inputs_digest=want.inputs_digest, output=text.encode()))  # fmt: skip
    return made


def verdicts(found: Privilege) -> set[str]:
    return {str(row.verdict) for row in found.rows}


def test_without_an_answer_it_is_unknown_and_says_what_it_wants():
    found = privilege(PATCH, base(PROD))
    assert verdicts(found) == {"unknown"}
    assert [(want.tool, want.path) for want in found.wanted] == [("kustomize-render", "prod/kustomization.yaml")] * 2
    listed = {path for want in found.wanted for path, _ in want.inputs}
    assert listed == set(PROD)


def test_with_both_answers_the_manifests_decide():
    assert verdicts(privilege(PATCH, base(PROD), evidence=of_states(ROLE, WIDER))) == {"widened"}
    assert verdicts(privilege(PATCH, base(PROD), evidence=of_states(WIDER, ROLE))) == {"narrowed"}
    assert verdicts(privilege(PATCH, base(PROD), evidence=of_states(ROLE, ROLE))) == set()


def test_a_row_stands_at_the_kustomization():
    (row,) = privilege(PATCH, base(PROD), evidence=of_states(ROLE, WIDER)).rows
    assert (row.path, row.line) == ("prod/kustomization.yaml", 0)


@pytest.mark.parametrize("broken", ["one", "other inputs", "other tool", "other path", "torn", "bytes"])
def test_half_an_answer_or_another_is_none(broken: str):
    first, last = of_states(ROLE, ROLE)
    given = {
        "one": [first],
        "other inputs": [first, dataclasses.replace(last, inputs_digest=first.inputs_digest)],
        "other tool": [first, dataclasses.replace(last, tool="helm-render")],
        "other path": [first, dataclasses.replace(last, path="base/kustomization.yaml")],
        "torn": [first, last, dataclasses.replace(last, output=WIDER.encode())],
        "bytes": [first, dataclasses.replace(last, output=b"\xff")],
    }[broken]
    assert verdicts(privilege(PATCH, base(PROD), evidence=given)) == {"unknown"}


def test_what_is_rendered_and_cannot_be_read_is_unknown():
    assert "unknown" in verdicts(privilege(PATCH, base(PROD), evidence=of_states(ROLE, ROLE + "---\n{a: [")))


def test_an_answer_binds_every_byte_and_the_call():
    one = roots_of(states_of(PATCH, base(PROD)), {"prod/patch.yaml"})[0].plans
    other = roots_of(states_of(PATCH, base({**PROD, "base/pod.yaml": NOTHING})), {"prod/patch.yaml"})[0].plans
    digests = {plan.request.inputs_digest for plan in (*one, *other) if isinstance(plan, Plan)}
    assert len(digests) == 4
    plan = one[0]
    assert isinstance(plan, Plan)
    assert dataclasses.replace(plan, words=("a", "b")).request.inputs_digest != plan.request.inputs_digest
    assert dataclasses.replace(plan, values=(("text", "a"),)).request.inputs_digest != plan.request.inputs_digest


def test_all_that_reach_a_file_are_rendered():
    files = {**PROD, "dev/kustomization.yaml": PROD["prod/kustomization.yaml"], "dev/patch.yaml": ONE_MORE}
    found = privilege([[change("base/role.yaml", ROLE, WIDER)]], base(files))
    assert {want.path for want in found.wanted} == {f"{name}/kustomization.yaml" for name in ("base", "dev", "prod")}


def test_more_than_a_few_and_longer_chains_stay_unknown():
    many = {f"o{n:02}/kustomization.yaml": PROD["prod/kustomization.yaml"] for n in range(MAX_ROOTS + 3)}
    patches = {f"o{n:02}/patch.yaml": ONE_MORE for n in range(MAX_ROOTS + 3)}
    found = privilege([[change("base/role.yaml", ROLE, WIDER)]], base({**BASE, **many, **patches}))
    assert len({want.path for want in found.wanted}) == MAX_ROOTS
    steps = [[change("prod/patch.yaml", f"# {n}\n", f"# {n + 1}\n")] for n in range(MAX_STATES)]
    long = privilege(steps, base({**PROD, "prod/patch.yaml": "# 0\n"}))
    assert long.wanted == ()
    assert any("too many steps" in row.witness for row in long.rows)


def test_nothing_is_asked_without_the_tree():
    assert privilege(PATCH, BaseTree(files=PROD)).wanted == ()
    assert privilege([[change("k/params.env", "a=1\n", "a=2\n")]], BaseTree()).asks_base


def test_a_chain_is_compared_step_by_step_and_as_a_whole():
    steps = [*PATCH, [change("prod/patch.yaml", ONE_MORE, PROD["prod/patch.yaml"])]]
    found = privilege(steps, base(PROD), evidence=of_states(ROLE, WIDER))
    assert verdicts(found) == {"widened", "narrowed"}


def test_what_stands_beside_a_rendering_counts_with_it():
    """An overlay gives a workload an account whose rights stand elsewhere: only both together show it."""
    pod = POD.replace("{name: web}", "{name: web, namespace: prod}", 1)
    pod = pod.replace("    spec:\n", "    spec:\n      serviceAccountName: %s\n", 1)
    role = ROLE.replace("{name: reader}", "{name: reader, namespace: prod}").replace("name: web,", "name: admin,")
    files = {**PROD, "plain/role.yaml": role}
    found = privilege(PATCH, base(files), evidence=_evidence(files, pod % "web", pod % "admin"))
    assert {(str(row.verdict), row.gains) for row in found.rows} == {
        ("widened", "get pods"),
        ("widened", "list secrets"),
    }


def _evidence(files: dict[str, str], *texts: str) -> list[Evidence]:
    plans = roots_of(states_of(PATCH, base(files)), {"prod/patch.yaml"})[0].plans
    wants = [plan.request for plan in plans if isinstance(plan, Plan)]
    return [Evidence(tool=w.tool, tool_digest="sha256:0", path=w.path, inputs_digest=w.inputs_digest, output=text.encode()) for w, text in zip(wants, texts, strict=True)]  # fmt: skip


WORDS = {
    "lookup": '{{ (lookup "v1" "Secret" "a" "b").data }}',
    "a capability": "{{ .Capabilities.KubeVersion }}",
    "chance": "{{ randAlphaNum 8 }}",
    "a certificate": '{{ $ca := genCA "a" 1 }}',
    "the time": '{{ now | date "2006" }}',
    "the time by a default": '{{ date "2006" .Values.a }}',
    "an upgrade": "{{ if .Release.IsUpgrade }}a{{ end }}",
    "a name server": '{{ getHostByName "a" }}',
    "the whole as a text": '{{ if contains "x" (toJson .) }}a{{ end }}',
    "the whole by another name": "{{ $all := . }}{{ $all.a }}",
    "the whole by the dollar": "{{ toYaml $ }}",
    "every part of the whole": "{{ range $k, $v := . }}{{ $v }}{{ end }}",
    "the whole in a block of it": "{{ with . }}{{ toJson . }}{{ end }}",
    "the whole after a block": "{{ with .Values.a }}{{ else }}{{ toJson . }}{{ end }}",
    "the whole packed": '{{ include "a" (dict "all" .) }}{{ define "a" }}{{ toJson .all }}{{ end }}',
    "a key put together": '{{ index .x (print "Capa" "bilities") }}',
    "a key in a variable": '{{ $k := "a" }}{{ get .x $k }}',
    "a template put together": '{{ tpl (printf "{{ %s }}" "a") . }}',
    "a template of a file": '{{ tpl (.Files.Get "a") . }}',
    "values changed and rendered": '{{ $_ := set .Values "a" "b" }}{{ tpl .Values.a . }}',
    "an end in a string": '{{ "}}" }}{{ toJson . }}',
    "an end in a raw string": "{{ `}}` }}",
    "a block in a comment": "{{/* }}{{ with .a }} */}}{{ toJson . }}",
    "an action that does not end": "{{ .Values.a ",
}
PLAIN_WORDS = {
    "values": "{{ .Values.a }}",
    "the release": "{{ .Release.Name }}-{{ .Release.Namespace }}",
    "an include": '{{ include "a.b" . | nindent 4 }}',
    "a packed include": '{{ include "a.b" (dict "root" $ "name" "c") }}',
    "the dot in a block": "{{ with .Values.a }}{{ toYaml . | nindent 2 }}{{ end }}",
    "the dot in a range": "{{ range .Values.a }}- {{ . | quote }}{{ end }}",
    "a template of values": "{{ tpl .Values.a . }}{{ tpl (toYaml .Values.b) $ }}",
    "a key of values": "{{ index .Values.a $k }}",
    "a comment": "{{- /* It's a \"comment */ -}}",
    "a condition": '{{ if and .Values.a (eq .Values.b "x") }}a{{ else if .Values.c }}b{{ end }}',
}


@pytest.mark.parametrize("name", WORDS)
def test_templates_that_are_no_function_of_the_tree(name: str):
    assert list(varying({"c/templates/a.yaml": WORDS[name]}, {})) != []


@pytest.mark.parametrize("name", PLAIN_WORDS)
def test_templates_that_are_one(name: str):
    assert list(varying({"c/templates/a.yaml": PLAIN_WORDS[name]}, {})) == []


@pytest.mark.parametrize("values", ['a: "{{ lookup }}"', 'a: "\\x7b\\x7b lookup"', 'a: "{{ toJson . }}"'])
def test_values_that_are_rendered_as_templates_are_looked_at_too(values: str):
    templates = {"c/templates/a.yaml": "{{ tpl .Values.a . }}"}
    assert list(varying(templates, {"c/values.yaml": values})) != []
    assert list(varying({"c/templates/a.yaml": "{{ .Values.a }}"}, {"c/values.yaml": values})) == []


COMMANDS = {
    "helm upgrade --install app ./charts/app -n prod -f a.yaml --values=b.yaml,c.yaml": ("app", "prod", ("a.yaml", "b.yaml", "c.yaml")),
    "  - run: helm install app charts/app": ("app", "default", ()),
    "helm upgrade app \\\n  charts/app --wait --timeout 5m": ("app", "default", ()),
    "helm template app charts/app | kubectl apply -f -": ("app", "default", ()),
}  # fmt: skip
UNREAD = [
    "helm upgrade app charts/app --set a=b",
    "helm upgrade app charts/app --set-file=a=b",
    "helm upgrade app $CHART",
    "helm upgrade $(NAME) charts/app",
    "helm upgrade app charts/app -f $ENV.yaml",
    "helm upgrade app charts/app --post-renderer ./x",
    "helm upgrade app ../app",
    "helm upgrade app .",
    "helm push app.tgz oci://registry.example/charts",
    'helm upgrade app "charts/app',
    "cd charts && helm upgrade app app",
    "helm install charts/app --generate-name",
]
NOT_ONE = ["# helm upgrade app charts/app", "helm lint charts/app", "helm template charts/app > /dev/null", "helm repo add a https://b.example"]  # fmt: skip


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_that_are_read(text: str):
    (found,) = commands_in("Makefile", text)
    assert (found.chart, found.problem) == ("charts/app", "")
    assert (found.name, found.namespace, found.values) == COMMANDS[text]


@pytest.mark.parametrize("text", UNREAD)
def test_commands_that_cannot_be_read_leave_the_chart_open(text: str):
    assert releases_of(state({**RELEASE, "Makefile": text}), "charts/app").problems != ()


@pytest.mark.parametrize("text", NOT_ONE)
def test_commands_that_install_nothing_say_nothing(text: str):
    assert list(commands_in("Makefile", text)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("valueFiles: [../../deploy/prod.yaml]", "parameters: [{name: a, value: b}]"),
        ("valueFiles: [../../deploy/prod.yaml]", "valueFiles: ['https://values.example/a.yaml']"),
        ("valueFiles: [../../deploy/prod.yaml]", "valueFiles: [../../../a.yaml]"),
        ("valueFiles: [../../deploy/prod.yaml]", "valueFiles: [$ref/a.yaml]"),
        ("name: app}", 'name: "{{ name }}"}'),
        ("prod,", "'${NS}',"),
        ("kind: Application", "kind: ApplicationSet"),
    ],
)
def test_applications_that_cannot_be_read_leave_the_chart_open(old: str, new: str):
    files = {**RELEASE, "Makefile": "", "argo/app.yaml": APPLICATION.replace(old, new)}
    assert releases_of(state(files), "charts/app").problems != ()


def test_values_in_an_object_keep_what_they_are():
    (read,) = documents('a: "yes"\nb: true\nc: 0755\nd: [1.5, "x, y", null]\ne: {"f g": plain text}\nh:\n')
    assert (
        as_flow(read)
        == '{"a": "yes", "b": true, "c": 0755, "d": [1.5, "x, y", null], "e": {"f g": "plain text"}, "h": null}'
    )


def test_links_are_followed_to_where_they_lead_and_no_further():
    tree = State(texts={"b/a": ""}, links={"a": "b", "c": "a", "d": "../out", "e": "e"}, opaque=frozenset())
    assert [tree.real(path) for path in ("b/a", "a/a", "c/a", "d/a", "e/a")] == ["b/a", "b/a", "b/a", None, None]


def test_bytes_that_are_no_text_are_never_laid_out():
    steps = [[FileChange(path="prod/patch.yaml", before=PROD["prod/patch.yaml"].encode(), after=b"\xff\xfe")]]
    found = privilege(steps, base(PROD))
    assert found.wanted == ()
    assert any("is no text of the tree" in row.witness for row in found.rows)
    assert "unknown" in verdicts(found)


def test_kinds_of_case_are_balanced():
    """At least as many that are refused or widen as those that say nothing."""
    quiet = [name for name, case in KUSTOMIZE.items() if case.turn == "quiet"]
    assert len(quiet) * 2 <= len(KUSTOMIZE)


def test_a_library_renders_nothing():
    files = {**RELEASE, "charts/app/Chart.yaml": CHART + "type: library\n"}
    found = privilege([[change("charts/app/templates/_helpers.tpl", NAMED, NAMED.replace("get", "list"))]], base(files))
    assert found.wanted == ()
    assert "unknown" in verdicts(found)


REFUSED = sorted(name for name, case in KUSTOMIZE.items() if case.turn == "unknown" and case.why)


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_kustomization_is_refused_for(name: str):
    case = KUSTOMIZE[name]
    files = [
        change(path, case.before.get(path), after.removeprefix("LINK:"), "120000" if after.startswith("LINK:") else "100644")
        for path, after in case.after.items()
        if after is not None
    ]  # fmt: skip
    tree = base(dict(case.before), links=case.links, opaque=frozenset(case.opaque))
    found = privilege([files], tree)
    refused = [row.witness for row in found.rows if "is not rendered: " in row.witness]
    assert any(case.why in witness.partition("is not rendered: ")[2] for witness in refused), found.rows


def test_a_chart_that_nothing_installs_is_not_rendered():
    files = {path: text for path, text in RELEASE.items() if path != "Makefile"}
    (why,) = releases_of(state(files), "charts/app").problems
    assert "nothing in the tree says" in why


LISTING = "resources: [role.yaml]\npatches: [{patch: '[{op: test, path: /kind, value: Role}]', target: {kind: Role}}]\n"
GONE: dict[str, dict[str, tuple[str, str | None]]] = {
    "the kustomization goes": {"k/kustomization.yaml": (LISTING, None)},
    "the kustomization lets go of it": {"k/kustomization.yaml": (LISTING, "resources: [other.yaml]\n")},
    "it lets go of it, and it grows": {
        "k/kustomization.yaml": (LISTING, "resources: [other.yaml]\n"),
        "k/role.yaml": (WIDER, WIDER.replace("get, delete", "get, delete, create")),
    },
}


@pytest.mark.parametrize("name", GONE)
def test_a_source_that_nothing_renders_any_more_stands_for_itself(name: str):
    """An overlay that gave less than its source hides nothing when it goes."""
    step = [change(path, *sides) for path, sides in GONE[name].items()]
    tree = base({"k/kustomization.yaml": LISTING, "k/role.yaml": WIDER, "k/other.yaml": NOTHING})
    plans = roots_of(states_of([step], tree), {one.path for one in step})[0].plans
    texts = (ROLE, NOTHING)
    given = [
        Evidence(tool=p.tool, tool_digest="sha256:0", path=p.root, inputs_digest=p.request.inputs_digest, output=text.encode())
        for p, text in zip(plans, texts, strict=True)
        if isinstance(p, Plan)
    ]  # fmt: skip
    assert "widened" in verdicts(privilege([step], tree, evidence=given))


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: ./prod, patches: [{patch: a}]}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: prod, kustomize: {images: [a]}}}\n",
    ],
)
def test_what_is_laid_over_it_on_the_way_to_the_cluster_leaves_it_open(text: str):
    found = privilege(PATCH, base({**PROD, "clusters/prod.yaml": text}), evidence=of_states(ROLE, ROLE))
    assert any("`clusters/prod.yaml` changes what comes of it" in row.witness for row in found.rows)
    plain = text.replace("patches: [{patch: a}]", "prune: true").replace("kustomize: {images: [a]}", "ref: a")
    tree = base({**PROD, "clusters/prod.yaml": plain})
    assert privilege(PATCH, tree, evidence=of_states(ROLE, ROLE)).rows == ()
