"""Small trees with a kustomization or a chart, a change of each, and what it gives: told by hand.

`turn` is the strictest verdict that the change must have: `widened`, `incomparable`, `unknown`, `narrowed`, or `quiet`: no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLE = """apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
- apiGroups: [""]
  resources: [secrets]
  verbs: [list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: prod}]
"""
WIDER = ROLE.replace("verbs: [get]", "verbs: [get, delete]")
SWAPPED = ROLE.replace("resources: [pods]\n  verbs: [get]", "@").replace("resources: [secrets]\n  verbs: [list]", "resources: [pods]\n  verbs: [get]").replace("@", "resources: [secrets]\n  verbs: [list]")  # fmt: skip
POD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "registry.example/web:1"}
"""
PRIVILEGED = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: web
        securityContext: {privileged: %s}
"""
BASE = {"base/kustomization.yaml": "resources: [role.yaml, pod.yaml]\n", "base/role.yaml": ROLE, "base/pod.yaml": POD}
ONE_MORE = "- {op: add, path: /rules/0/verbs/-, value: delete}\n"
PATCHED = "resources: [../base]\nnamespace: prod\npatches:\n- path: patch.yaml\n  target: {kind: Role, name: reader}\n"
PROD = {
    **BASE,
    "prod/kustomization.yaml": PATCHED,
    "prod/patch.yaml": "- {op: replace, path: /rules/0/verbs, value: [get]}\n",
}
FILLED = """resources: [role.yaml, pod.yaml]
configMapGenerator:
- name: params
  envs: [params.env]
vars:
- name: KIND
  objref: {kind: ConfigMap, name: params, apiVersion: v1}
  fieldref: {fieldpath: data.command}
"""
REPLACED = """resources: [role.yaml]
configMapGenerator:
- name: params
  envs: [params.env]
replacements:
- source: {kind: ConfigMap, name: params, fieldPath: data.verb}
  targets:
  - select: {kind: Role, name: reader}
    fieldPaths: [rules.0.verbs.0]
"""
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- path: p.yaml\n"
CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\n"
TEMPLATE = """apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: {{ .Release.Name }}-reader, labels: {version: {{ .Chart.Version | quote }}}}
rules:
- apiGroups: [""]
  resources: {{ toYaml .Values.resources | nindent 4 }}
  verbs: {{ include "app.verbs" . }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: {{ .Release.Name }}-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}-reader}
subjects: [{kind: ServiceAccount, name: web, namespace: prod}]
"""
NAMED = '{{- define "app.verbs" -}}\n[get]\n{{- end -}}\n'
INSTALL = "upgrade:\n\thelm upgrade --install app ./charts/app --namespace prod -f deploy/prod.yaml\n"
RELEASE = {
    "charts/app/Chart.yaml": CHART,
    "charts/app/values.yaml": "resources: [pods]\n",
    "charts/app/templates/role.yaml": TEMPLATE,
    "charts/app/templates/_helpers.tpl": NAMED,
    "deploy/prod.yaml": "resources: [pods]\n",
    "Makefile": INSTALL,
}
APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  destination: {namespace: prod, server: "https://kubernetes.default.svc"}
  source:
    repoURL: https://git.example/acme/app
    path: charts/app
    helm:
      valueFiles: [../../deploy/prod.yaml]
"""
HELM_RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: prod}
spec:
  chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: flux-system}}}
  values: {resources: [pods], note: "yes"}
"""
ARGO = {path: text for path, text in RELEASE.items() if path != "Makefile"} | {"argo/app.yaml": APPLICATION}
FLUX = {path: text for path, text in RELEASE.items() if path != "Makefile"} | {"flux/app.yaml": HELM_RELEASE}
SUBCHART = {
    "charts/app/Chart.yaml": CHART + "dependencies:\n- {name: sub, version: 1.0.0}\n",
    "charts/app/charts/sub/Chart.yaml": CHART.replace("app", "sub"),
    "charts/app/charts/sub/templates/role.yaml": TEMPLATE.replace("app.verbs", "sub.verbs"),
    "charts/app/charts/sub/templates/_helpers.tpl": NAMED.replace("app.verbs", "sub.verbs"),
    "charts/app/charts/sub/values.yaml": "resources: [pods]\n",
}
HOOK = """apiVersion: v1
kind: Pod
metadata: {name: hook, annotations: {helm.sh/hook: pre-install}}
spec:
  containers: [{name: a, image: "a:1", securityContext: {privileged: {{ .Values.strong | default false }}}}]
"""


@dataclass(frozen=True)
class Case:
    """A tree, what becomes of some files (None: gone), the verdict, and a word of why something is not rendered."""

    before: Mapping[str, str]
    after: Mapping[str, str | None]
    turn: str
    why: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    opaque: tuple[str, ...] = ()


KUSTOMIZE = {
    "a_patch_alone_widens": Case(PROD, {"prod/patch.yaml": ONE_MORE}, "widened"),
    "a_patch_alone_narrows": Case(PROD, {"prod/patch.yaml": "- {op: remove, path: /rules/1}\n"}, "narrowed"),
    "a_patch_that_changes_nothing": Case(PROD, {"prod/patch.yaml": "- {op: test, path: /rules/0/verbs/0, value: get}\n"}, "quiet"),
    "a_base_masks_no_overlay": Case(
        {**PROD, "base/role.yaml": WIDER}, {"prod/patch.yaml": "- {op: test, path: /rules/0/verbs/0, value: get}\n"}, "widened"
    ),
    "another_overlay_masks_none": Case(
        {**PROD, "dev/kustomization.yaml": PATCHED, "dev/patch.yaml": ONE_MORE}, {"prod/patch.yaml": ONE_MORE}, "widened"
    ),
    "an_order_of_rules_under_a_patch_by_number": Case({**PROD, "prod/patch.yaml": ONE_MORE}, {"base/role.yaml": SWAPPED}, "incomparable"),
    "a_strategic_merge_makes_a_pod_strong": Case(
        {**PROD, "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: pod.yaml}]\n", "prod/pod.yaml": PRIVILEGED % "false"},
        {"prod/pod.yaml": PRIVILEGED % "true"},
        "widened",
    ),
    "a_generator_file_alone_goes_into_a_subject": Case(
        {"k/kustomization.yaml": REPLACED.replace("Role,", "RoleBinding,").replace("rules.0.verbs.0", "subjects.0.name").replace("data.verb", "data.account"), "k/role.yaml": ROLE, "k/params.env": "account=web\n"},
        {"k/params.env": "account=default\n"},
        "incomparable",
    ),
    "a_replacement_brings_a_verb": Case(
        {"k/kustomization.yaml": REPLACED, "k/role.yaml": ROLE, "k/params.env": "verb=get\n"}, {"k/params.env": "verb=delete\n"}, "incomparable"
    ),
    "a_variable_from_a_file_that_gives_nobody_anything": Case(
        {"k/kustomization.yaml": FILLED, "k/role.yaml": ROLE, "k/pod.yaml": POD.replace("{name: web, image", "{name: web, command: [$(KIND)], image"), "k/params.env": "command=a\n"},
        {"k/params.env": "command=b\n"},
        "quiet",
    ),
    "a_config_map_from_a_file_gives_nobody_anything": Case(
        {"k/kustomization.yaml": "resources: [role.yaml]\nconfigMapGenerator: [{name: c, files: [a.conf]}]\n", "k/role.yaml": ROLE, "k/a.conf": "a=1\n"},
        {"k/a.conf": "a=2\n"},
        "quiet",
    ),
    "a_component_patches": Case(
        {**BASE, "prod/kustomization.yaml": "resources: [../base]\ncomponents: [../c]\n", "c/kustomization.yaml": COMPONENT, "c/p.yaml": PRIVILEGED % "false"},
        {"c/p.yaml": PRIVILEGED % "true"},
        "widened",
    ),
    "a_namespace_alone": Case(PROD, {"prod/kustomization.yaml": PATCHED.replace("prod", "web")}, "incomparable"),
    "an_image_tag_moves": Case(
        {**BASE, "prod/kustomization.yaml": "resources: [../base]\nimages: [{name: registry.example/web, newTag: '1'}]\n"},
        {"prod/kustomization.yaml": "resources: [../base]\nimages: [{name: registry.example/web, newTag: '2'}]\n"},
        "quiet",
    ),
    "a_new_overlay": Case(BASE, {"prod/kustomization.yaml": PATCHED, "prod/patch.yaml": ONE_MORE}, "widened"),
    "a_remote_base": Case(
        {**PROD, "prod/kustomization.yaml": PATCHED.replace("../base", "../base, 'https://git.example/a//b?ref=v1'")},
        {"prod/patch.yaml": ONE_MORE}, "unknown", "elsewhere",
    ),
    "a_base_outside_of_the_tree": Case(
        {**PROD, "prod/kustomization.yaml": PATCHED.replace("../base", "../../../base")}, {"prod/patch.yaml": ONE_MORE}, "unknown", "outside"
    ),
    "a_plugin": Case({**PROD, "prod/kustomization.yaml": PATCHED + "transformers: [t.yaml]\n"}, {"prod/patch.yaml": ONE_MORE}, "unknown", "transformers"),
    "a_function": Case({**PROD, "prod/kustomization.yaml": PATCHED + "generators: [g.yaml]\n", "prod/g.yaml": "a: b\n"}, {"prod/g.yaml": "a: c\n"}, "unknown", "generators"),
    "an_inflated_chart": Case(
        {**PROD, "prod/kustomization.yaml": PATCHED + "helmCharts: [{name: a, repo: 'https://charts.example', valuesFile: v.yaml}]\n", "prod/v.yaml": "a: 1\n"},
        {"prod/v.yaml": "a: 2\n"}, "unknown", "helmCharts",
    ),
    "a_symbolic_link_to_the_base": Case(
        {**{p: t for p, t in PROD.items() if p.startswith("prod")}, "other/role.yaml": ROLE, "other/kustomization.yaml": "resources: [role.yaml]\n"},
        {"other/role.yaml": SWAPPED}, "unknown", "symbolic link", links={"base": "other"},
    ),
    "a_file_that_becomes_a_link": Case(PROD, {"prod/patch.yaml": "LINK:/etc/passwd"}, "unknown", "patch.yaml"),
    "it_includes_itself": Case(
        {**PROD, "base/kustomization.yaml": "resources: [role.yaml, ../prod]\n"}, {"prod/patch.yaml": ONE_MORE}, "unknown", "itself"
    ),
    "a_name_with_escapes": Case(
        {**PROD, "prod/kustomization.yaml": PATCHED.replace("patch.yaml", '"\\x70atch.txt"'), "prod/patch.txt": PROD["prod/patch.yaml"]},
        {"prod/patch.txt": ONE_MORE}, "widened",
    ),
    "it_does_not_render": Case(PROD, {"prod/patch.yaml": "- {op: replace, path: /nothing/0, value: a}\n"}, "unknown"),
    "a_patch_leaves_the_root": Case(
        {**PROD, "prod/kustomization.yaml": PATCHED.replace("patch.yaml", "../patch.yaml"), "patch.yaml": PROD["prod/patch.yaml"]},
        {"patch.yaml": ONE_MORE}, "unknown",
    ),
    "two_kustomizations_in_a_folder": Case({**PROD, "prod/Kustomization": "resources: [../base]\n"}, {"prod/patch.yaml": ONE_MORE}, "unknown", "two"),
    "a_field_twice": Case({**PROD, "prod/kustomization.yaml": PATCHED + "namespace: b\n"}, {"prod/patch.yaml": ONE_MORE}, "unknown"),
}  # fmt: skip
WIDE_VALUES = "resources: [pods, secrets]\n"
HELM = {
    "a_values_file_alone": Case(RELEASE, {"deploy/prod.yaml": WIDE_VALUES}, "widened"),
    "values_of_the_chart_that_a_release_overrides": Case(RELEASE, {"charts/app/values.yaml": WIDE_VALUES}, "quiet"),
    "a_named_template_alone": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", "[get, delete]")}, "widened"),
    "a_new_version_only": Case(RELEASE, {"charts/app/Chart.yaml": CHART.replace("1.0.0", "1.0.1")}, "quiet"),
    "less": Case({**RELEASE, "deploy/prod.yaml": WIDE_VALUES}, {"deploy/prod.yaml": "resources: [pods]\n"}, "narrowed"),
    "a_hook": Case({**RELEASE, "charts/app/templates/hook.yaml": HOOK}, {"deploy/prod.yaml": "resources: [pods]\nstrong: true\n"}, "widened"),
    "a_subchart": Case({**RELEASE, **SUBCHART}, {"charts/app/charts/sub/templates/_helpers.tpl": NAMED.replace("app.", "sub.").replace("[get]", "['*']")}, "widened"),
    "values_of_a_subchart": Case({**RELEASE, **SUBCHART}, {"deploy/prod.yaml": "resources: [pods]\nsub: {resources: [secrets]}\n"}, "widened"),
    "an_application_names_the_values": Case(ARGO, {"deploy/prod.yaml": WIDE_VALUES}, "widened"),
    "a_helm_release_has_the_values": Case(FLUX, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", "[delete]")}, "incomparable"),
    "another_values_file_is_named": Case({**RELEASE, "deploy/dev.yaml": WIDE_VALUES}, {"Makefile": INSTALL.replace("prod.yaml", "dev.yaml")}, "widened"),
    "nothing_installs_it": Case({p: t for p, t in RELEASE.items() if p != "Makefile"}, {"charts/app/templates/_helpers.tpl": "{{/* a */}}\n" + NAMED}, "unknown"),
    "set_by_the_command": Case({**RELEASE, "Makefile": INSTALL.strip() + " --set a=b\n"}, {"deploy/prod.yaml": WIDE_VALUES}, "unknown", "--set"),
    "a_variable_in_the_command": Case({**RELEASE, "Makefile": INSTALL.replace("prod.yaml", "$(ENV).yaml")}, {"charts/app/values.yaml": WIDE_VALUES}, "unknown"),
    "a_second_command_elsewhere": Case({**RELEASE, "ci/run.sh": "cd charts && helm upgrade app ./app --set x=1\n"}, {"deploy/prod.yaml": WIDE_VALUES}, "unknown", "--set"),
    "a_helmfile": Case({**RELEASE, "helmfile.yaml": "releases: []\n"}, {"charts/app/values.yaml": WIDE_VALUES}, "unknown"),
    "a_dependency_from_elsewhere": Case(
        {**RELEASE, "charts/app/Chart.yaml": CHART + "dependencies: [{name: redis, version: 1.0.0, repository: 'https://charts.example'}]\n"},
        {"deploy/prod.yaml": WIDE_VALUES}, "unknown", "redis",
    ),
    "a_packed_dependency": Case(RELEASE, {"deploy/prod.yaml": WIDE_VALUES}, "unknown", "packed", opaque=("charts/app/charts/a-1.0.0.tgz",)),
    "a_link_in_the_chart": Case(RELEASE, {"deploy/prod.yaml": WIDE_VALUES}, "unknown", "symbolic link", links={"charts/app/files": "../../deploy"}),
    "a_look_into_the_cluster": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED + '{{ lookup "v1" "Pod" "" "" }}\n'}, "unknown"),
    "an_ability_of_the_cluster": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", '{{ if .Capabilities.APIVersions.Has "a/v1" }}["*"]{{ else }}[get]{{ end }}')}, "unknown"),
    "an_ability_by_a_key_put_together": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", '{{ $c := index . (print "Capa" "bilities") }}[get]')}, "unknown"),
    "chance": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", "[{{ randAlpha 3 }}]")}, "unknown"),
    "the_time": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", '[{{ date "2006" 0 }}]')}, "unknown"),
    "a_text_put_together_is_a_template": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", '{{ tpl (printf "{{ loo%s }}" "kup") . }}')}, "unknown"),
    "it_fails": Case(RELEASE, {"charts/app/templates/_helpers.tpl": NAMED.replace("[get]", '{{ fail "no" }}')}, "unknown"),
    "values_that_are_gone": Case(RELEASE, {"deploy/prod.yaml": None}, "unknown", "deploy/prod.yaml"),
    "a_readme": Case({**RELEASE, "charts/app/README.md": "a\n"}, {"charts/app/README.md": "b\n"}, "quiet"),
}  # fmt: skip
