"""A change that rotates a secret lists every consumer of it, whatever name the consumer knows it by (R36)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.domain.impact import FileChange, SecretReach
from magistrate.impact.base import BaseTree, ChangedFile
from magistrate.impact.measures.secret_reach import MAX_ROWS, secret_reach
from magistrate.impact.reach.consumers import MAX_CONSUMERS, MAX_TEXT, Texts

OLD, NEW = "ORDERS_TOKEN_V1", "ORDERS_TOKEN_V2"
JOBS = ".github/workflows/"
DEPLOY = "on: push\njobs:\n  ship:\n    runs-on: x\n    steps:\n    - run: ./ship\n      env:\n        GH: ${{ secrets.ORDERS_TOKEN_V1 }}\n"
CALLS = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n    secrets:\n      gate: ${{ secrets.ORDERS_TOKEN_V1 }}\n"
CALLED = "on:\n  workflow_call:\n    secrets:\n      gate: {required: true}\njobs:\n  go:\n    runs-on: x\n    steps:\n    - uses: ./.github/actions/put\n      with:\n        way: ${{ secrets.gate }}\n"
PUT = "runs:\n  using: composite\n  steps:\n  - run: put '${{ inputs.way }}'\n"
INHERITS = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n"
TOP = "on: push\nenv:\n  TOP: ${{ secrets.ORDERS_TOKEN_V1 }}\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: ./a.sh\n"
COMPOSE = "services:\n  web:\n    image: x\n    environment:\n      WEBPW: ${ORDERS_TOKEN_V1}\n"
STORED = (
    "services:\n  api:\n    image: x\n    secrets: [apitok]\nsecrets:\n  apitok:\n    environment: ORDERS_TOKEN_V1\n"
)
POD = "kind: Deployment\nmetadata: {name: pod}\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        env:\n        - name: PODPW\n          valueFrom:\n            secretKeyRef:\n              name: orders-kube\n              key: k\n"
KUBE = "kind: ExternalSecret\nmetadata:\n  name: orders-kube\nspec:\n  data:\n  - secretKey: k\n    remoteRef:\n      key: ORDERS_TOKEN_V1\n"
GITLAB = "variables:\n  PUSH: $ORDERS_TOKEN_V1\npush:\n  script:\n  - ./push.sh\n"

TREE = {
    f"{JOBS}deploy.yml": DEPLOY,
    f"{JOBS}calls.yml": CALLS,
    f"{JOBS}called.yml": CALLED,
    f"{JOBS}inherits.yml": INHERITS,
    f"{JOBS}top.yml": TOP,
    ".github/actions/put/action.yml": PUT,
    "ship": "#!/bin/sh\ncurl -u $GH https://example.org\n",
    "a.sh": 'exec b --with "${TOP}"\n',
    "compose.yaml": COMPOSE,
    "web/app.py": "import os\npw = os.environ['WEBPW']\n",
    "stored/compose.yaml": STORED,
    "api/main.go": 'b, err := os.ReadFile("/run/secrets/apitok")\n',
    "pod.yaml": POD,
    "kube.yaml": KUBE,
    "pod/index.js": "connect(process.env.PODPW)\n",
    ".gitlab-ci.yml": GITLAB,
    "push.sh": "push --with $PUSH\n",
    "src/App.java": '@Value("${ORDERS_TOKEN_V1}") String token;\n',
    "settings.py": "class Settings(BaseSettings):\n    orders_token_v1: str\n",
    "deploy.rb": 'ENV.fetch("ORDERS_TOKEN_V1")\n',
    "any.py": "import os\nvalue = os.environ[name]\n",
    "quiet.py": "import os\nhome = os.environ['HOME']\n",
    "quiet.sh": "echo $HOME\n",
    "docs/a.md": "ORDERS_TOKEN_V1 is rotated each month\n",
}
QUIET = {"quiet.py", "quiet.sh", "docs/a.md"}


def rotated(tree: dict[str, str], *paths: str) -> dict[str, SecretReach]:
    """What a change of the secret's name in some files lists, by the name of each secret."""
    step = [
        ChangedFile(
            change=FileChange(path=path, before=tree[path].encode(), after=tree[path].replace(OLD, NEW).encode())
        )
        for path in paths
    ]
    return {row.name: row for row in secret_reach((), [step], BaseTree(files=tree, known=True))}


def told(row: SecretReach) -> set[str]:
    """Paths of the consumers, of holders the file they are in."""
    return {one.partition(":")[2].rpartition("#")[0] or one for one in row.consumers if "k8s:" not in one}


@pytest.mark.requirement("R36")
def test_a_rotation_lists_every_consumer_also_those_that_it_leaves_behind() -> None:
    rows = rotated(TREE, f"{JOBS}deploy.yml", "compose.yaml")
    assert set(rows) == {OLD, NEW}
    missed = (set(TREE) - QUIET) - told(rows[OLD])
    assert not missed
    assert not told(rows[OLD]) & QUIET


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a/action.yml", "runs:\n  steps:\n  - run: x\n    env: {A: '${{ secrets.ORDERS_TOKEN_V1 }}'}\n"),
        ("a/w.yml", "env:\n  URL: https://${{ secrets.USER_NAME }}:${{ secrets.ORDERS_TOKEN_V1 }}@x\n"),
        ("a/w.yml", "steps:\n- run: |\n    set -e\n    login ${{ secrets['ORDERS_TOKEN_V1'] }}\n"),
        ("a/w.yml", "jobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n    secrets: inherit\n"),
        ("a/w.yml", "a: ${{ secrets[format('{0}_V1', 'ORDERS_TOKEN')] }}\n"),
        ("a/w.yml", "a: ${{ toJSON(secrets) }}\n"),
        ("chart/templates/d.yaml", "env:\n- name: A\n  valueFrom:\n    secretKeyRef:\n      name: {{ .Values.x }}\n"),
        ("chart/values.yaml", "existingSecret: ORDERS_TOKEN_V1\n"),
        ("pod.yaml", "imagePullSecrets:\n- name: ORDERS_TOKEN_V1\n"),
        ("sa.yaml", "kind: ServiceAccount\nsecrets:\n- name: ORDERS_TOKEN_V1\n"),
        ("pod.yaml", "volumes:\n- name: v\n  projected:\n    sources:\n    - secret:\n        name: ORDERS_TOKEN_V1\n"),
        ("pod.yaml", "volumes:\n- csi:\n    nodePublishSecretRef:\n      name: ORDERS_TOKEN_V1\n"),
        ("issuer.yaml", "privateKeySecretRef: {name: ORDERS_TOKEN_V1}\n"),
        ("Dockerfile", "RUN --mount=type=secret,id=ORDERS_TOKEN_V1 ./a\n"),
        ("Jenkinsfile", "withCredentials([string(credentialsId: 'ORDERS_TOKEN_V1', variable: 'T')]) {}\n"),
        (".circleci/config.yml", "jobs:\n  a:\n    steps:\n    - run: push $ORDERS_TOKEN_V1\n"),
        ("app.properties", "token=${ORDERS_TOKEN_V1}\n"),
        ("main.tf", 'data "x" "y" {\n  secret_id = "ORDERS_TOKEN_V1"\n}\n'),
        ("a.cs", 'Environment.GetEnvironmentVariable("ORDERS_TOKEN_V1");\n'),
        ("a.php", "getenv('ORDERS_TOKEN_V1');\n"),
        ("a.rs", 'let t = std::env::var("ORDERS_TOKEN_V1");\n'),
        ("a.go", 'Token string `env:"ORDERS_TOKEN_V1"`\n'),
        ("a.py", "client.get_secret_value(SecretId='ORDERS_TOKEN_V1')\n"),
        ("a.py", "name = 'projects/p/secrets/ORDERS_TOKEN_V1/versions/3'\n"),
        ("a.sh", "gcloud secrets versions access 3 --secret=ORDERS_TOKEN_V1\n"),
        ("a.sh", "aws secretsmanager get-secret-value --secret-id ORDERS_TOKEN_V1\n"),
        ("a.json", '{"valueFrom": "arn:aws:secretsmanager:eu-1:123:secret:ORDERS_TOKEN_V1-AbC1x2:key::"}\n'),
        ("site.yml", "password: '{{ ORDERS_TOKEN_V1 }}'\n"),
        ("azure-pipelines.yml", "steps:\n- script: push $(ORDERS_TOKEN_V1)\n"),
        ("a.kt", 'config.property("ORDERS_TOKEN_V1")\n'),
        ("Makefile", "push:\n\tpush $(ORDERS_TOKEN_V1)\n"),
    ],
)  # fmt: skip
def test_each_way_of_using_a_secret_by_its_name_is_listed(path: str, names: str) -> None:
    tree = {f"{JOBS}deploy.yml": DEPLOY, path: names}
    assert path in told(rotated(tree, f"{JOBS}deploy.yml")[OLD])


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        ("a: 1\nenv: {GH: '${{ secrets.ORDERS_TOKEN_V1 }}'}\n", "a.py", "os.environ['GH']\n"),
        ("env:\n  GH: >-\n    ${{ secrets.ORDERS_TOKEN_V1 }}\n", "a.py", "os.getenv('GH')\n"),
        ("env:\n  ONE: ${{ secrets.ORDERS_TOKEN_V1 }}\n  TWO: ${{ env.ONE }}\n", "a.js", "process.env.TWO;\n"),
        ('- run: echo "GH=${{ secrets.ORDERS_TOKEN_V1 }}" >> $GITHUB_ENV\n', "a.sh", "login $GH\n"),
        ("- run: docker run -e GH=$ORDERS_TOKEN_V1 x\n", "a.sh", "login ${GH}\n"),
        ("- run: docker build --build-arg GH=${{ secrets.ORDERS_TOKEN_V1 }} .\n", "Dockerfile", "ARG GH\nRUN login $GH\n"),
        ("env:\n  URL: https://${{ secrets.A_B }}:${{ secrets.ORDERS_TOKEN_V1 }}@x\n", "a.py", "os.environ['URL']\n"),
        ("env:\n- valueFrom:\n    secretKeyRef:\n      key: k\n      name: ORDERS_TOKEN_V1\n  name: GH\n", "a.py", "os.environ['GH']\n"),
        ("env: [{name: GH, valueFrom: {secretKeyRef: {name: ORDERS_TOKEN_V1, key: k}}}]\n", "a.py", "os.environ['GH']\n"),
        ("env: [{valueFrom: {secretKeyRef: {name: ORDERS_TOKEN_V1, key: k}}, name: GH}]\n", "a.py", "os.environ['GH']\n"),
        ("kind: Secret\nmetadata:\n  name: ORDERS_TOKEN_V1\nstringData:\n  GH: x\n", "a.py", "os.environ['GH']\n"),
        ("kind: Secret\nmetadata: {name: ORDERS_TOKEN_V1}\nstringData: {HO: y, GH: x}\n", "a.py", "os.environ['GH']\n"),
        ("env: {A: 1, GH: '${{ secrets.ORDERS_TOKEN_V1 }}', B: 2}\n", "a.py", "os.environ['GH']\n"),
        ("kind: SecretProviderClass\nsecretObjects:\n- secretName: app\nparameters:\n  objects: |\n    - objectName: ORDERS_TOKEN_V1\n", "pod.yaml", "envFrom:\n- secretRef: {name: app}\n"),
        ('services:\n  a:\n    environment: ["GH=${ORDERS_TOKEN_V1}"]\n', "a.py", "os.environ['GH']\n"),
        ("secrets:\n  tok:\n    external: true\n    name: ORDERS_TOKEN_V1\n", "b/compose.yaml", "services:\n  s:\n    image: x\n    secrets:\n    - source: tok\n      target: t\n"),
        ("services:\n  s:\n    secrets:\n    - source: ORDERS_TOKEN_V1\n      target: app\n", "a.py", "open('/run/secrets/app')\n"),
        ("services:\n  s:\n    environment:\n      GH_FILE: /run/secrets/ORDERS_TOKEN_V1\n", "a.sh", "cat $GH_FILE\n"),
        ("vars:\n  pw: '{{ ORDERS_TOKEN_V1 }}'\n", "a.j2", "password {{ pw }}\n"),
        ("RUN --mount=type=secret,id=ORDERS_TOKEN_V1,env=GH login\n", "a.sh", "login $GH\n"),
        ("withCredentials([string(credentialsId: 'ORDERS_TOKEN_V1', variable: 'GH')]) {}\n", "a.sh", "login $GH\n"),
        ("environment { GH = credentials('ORDERS_TOKEN_V1') }\n", "a.sh", "login $GH\n"),
        ("job:\n  secrets:\n    GH:\n      vault: ORDERS_TOKEN_V1\n", "a.sh", "login $GH\n"),
    ],
)  # fmt: skip
def test_who_knows_it_by_another_name_is_listed(given: str, path: str, text: str) -> None:
    tree = {"given.yml": given, path: text, "quiet.py": "os.environ['HOME']\n"}
    row = rotated(tree, "given.yml")[OLD]
    assert path in told(row)
    assert "quiet.py" not in row.consumers


@pytest.mark.requirement("R36")
def test_a_secret_of_terraform_is_followed_through_locals_variables_and_outputs() -> None:
    before = 'resource "random_password" "db" {\n  length = 20\n}\nlocals {\n  pw = random_password.db.result\n}\noutput "handed" {\n  value = local.pw\n}\n'
    tree = {
        "a/main.tf": before,
        "a/use.tf": 'resource "x" "y" {\n  secret = local.pw\n}\n',
        "b/main.tf": "x = module.a.outputs.handed\n",
        "b/other.tf": 'resource "x" "z" {\n  name = local.name\n}\n',
    }  # fmt: skip
    change = FileChange(path="a/main.tf", before=before.encode(), after=before.replace("20", "40").encode())
    (row,) = secret_reach((), [[ChangedFile(change=change)]], BaseTree(files=tree, known=True))
    assert row.consumers == ("a/main.tf", "a/use.tf", "b/main.tf")


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("settings.py", "DB_PASS = os.environ['ORDERS_TOKEN_V1']\n"),
        ("settings.py", "class S:\n    DB_PASS: str = os.getenv('ORDERS_TOKEN_V1')\n"),
        ("settings.ts", "export const DB_PASS: string = process.env.ORDERS_TOKEN_V1;\n"),
        ("settings.go", 'var DB_PASS = os.Getenv("ORDERS_TOKEN_V1")\n'),
        ("settings.py", "DB_PASS = client.get_secret_value(SecretId='ORDERS_TOKEN_V1')\n"),
    ],
)
def test_a_name_of_a_program_that_is_given_the_secret_is_followed(path: str, text: str) -> None:
    tree = {
        "a.yml": "a: ${{ secrets.ORDERS_TOKEN_V1 }}\n",
        path: text,
        "use.x": "connect(settings.DB_PASS)\n",
        "q.x": "DB_PASSED\n",
    }
    assert told(rotated(tree, "a.yml")[OLD]) == {"a.yml", path, "use.x"}


@pytest.mark.requirement("R36")
def test_who_takes_in_a_file_of_variables_is_listed() -> None:
    tree = {
        ".env": "ORDERS_TOKEN_V1=\n", "prod.env": "GH=$ORDERS_TOKEN_V1\n", "quiet.env": "A=1\n",
        "compose.yaml": "services:\n  web:\n    image: x\n    env_file:\n    - .env\n",
        "run.sh": "docker run --env-file ./prod.env x\n", "Makefile": "include .env\n",
        ".gitignore": ".env\n", "quiet.sh": "docker run --env-file quiet.env x\n",
    }  # fmt: skip
    assert told(rotated(tree, ".env")[OLD]) == {".env", "prod.env", "compose.yaml", "run.sh", "Makefile"}


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("a.py", "client.get_secret_value(\n    SecretId='orders/db',\n    VersionId='3',\n)\n"),
        ("a.py", "client.access(name='projects/p/secrets/orders/versions/3')\n"),
        ("a.sh", "gcloud secrets versions access 3 --secret=orders\n"),
        ("a.tf", 'data "google_secret_manager_secret_version" "o" {\n  secret = "orders"\n  version = "3"\n}\n'),
        ("a.yaml", "env:\n- name: A\n  valueFrom:\n    secretKeyRef:\n      name: orders\n      key: '3'\n"),
        ("a.yaml", "password: '{{resolve:secretsmanager:orders:SecretString:pw:3}}'\n"),
    ],
)
def test_another_version_of_a_secret_touches_it(path: str, before: str) -> None:
    change = FileChange(path=path, before=before.encode(), after=before.replace("3", "4").encode())
    other = {"b.py": "client.get_secret_value(SecretId='orders/db')\nopen('/run/secrets/orders')\n"}
    rows = secret_reach((), [[ChangedFile(change=change)]], BaseTree(files={path: before, **other}, known=True))
    assert [row.opens for row in rows] == [("unknown",)]
    assert path in rows[0].consumers


@pytest.mark.requirement("R36")
def test_a_file_is_listed_though_the_path_of_another_ends_like_it() -> None:
    tree = {f"{JOBS}b.yml": DEPLOY, "b.yml": "a: $ORDERS_TOKEN_V1\n"}
    row = rotated(tree, f"{JOBS}b.yml")[OLD]
    assert row.consumers == ("b.yml", f"gha:{JOBS}b.yml#ship")


@pytest.mark.requirement("R36")
def test_what_a_consumer_was_before_and_is_after_the_change_both_count() -> None:
    tree = {"a.yml": "a: ${{ secrets.ORDERS_TOKEN_V1 }}\n"}
    step = [
        ChangedFile(change=FileChange(path="a.yml", before=tree["a.yml"].encode(), after=b"a: 1\n")),
        ChangedFile(change=FileChange(path="b.yml", before=None, after=b"a: ${{ secrets.ORDERS_TOKEN_V1 }}\n")),
    ]
    rows = secret_reach((), [step], BaseTree(files=tree, known=True))
    assert {one for row in rows for one in row.consumers} == {"a.yml", "b.yml"}


@pytest.mark.requirement("R36")
def test_more_consumers_than_can_be_told_and_texts_too_large_to_read_are_unknown_ones() -> None:
    many = {f"j{number:03}.yml": "a: ${{ secrets.ORDERS_TOKEN_V1 }}\n" for number in range(MAX_CONSUMERS + 1)}
    assert rotated(many, "j000.yml")[OLD].consumers[-1] == "unknown"
    large = {"a.yml": "a: ${{ secrets.ORDERS_TOKEN_V1 }}\n", "b.js": "ORDERS_TOKEN_V1 " + "x" * MAX_TEXT}
    assert rotated(large, "a.yml")[OLD].consumers == ("a.yml", "unknown")


@pytest.mark.slow
@pytest.mark.requirement("R36")
def test_more_names_than_can_be_followed_are_unknown_consumers() -> None:
    tree = {"a.yml": "a: ${{ secrets.ORDERS_TOKEN_V1 }}\n"}
    tree |= {f"{part}.env": "".join(f"A{part}{n}=$B{n}\n" for n in range(26_000)) for part in range(2)}
    assert rotated(tree, "a.yml")[OLD].consumers == ("a.yml", "unknown")


@pytest.mark.requirement("R36")
def test_more_secrets_than_can_be_told_are_one_that_may_be_any() -> None:
    after = "".join(f"a: ${{{{ secrets.ORDERS_TOKEN_{n} }}}}\n" for n in range(MAX_ROWS + 1))
    change = FileChange(path="a.yml", before=b"a: 1\n", after=after.encode())
    rows = secret_reach((), [[ChangedFile(change=change)]], BaseTree(files={}, known=True))
    assert len(rows) == MAX_ROWS + 1
    assert (rows[-1].name, rows[-1].consumers, rows[-1].opens) == ("*", ("unknown",), ("unknown",))


@pytest.mark.requirement("R36")
def test_an_alias_opens_what_the_secret_opens_and_is_unknown_itself() -> None:
    texts = Texts(states=[{"a.yml": "env:\n  ONE: ${{ secrets.DEEP }}\n  TWO: ${{ env.ONE }}\n"}], known=True)
    assert texts.opened_by("TWO", {"DEEP": ("cluster",)}) == ("cluster", "unknown")
    assert texts.opened_by("TWO", {"DEEP": ("cluster",), "TWO": ("db",)}) == ("cluster", "db")
    assert texts.opened_by("DEEP", {"DEEP": ()}) == ("unknown",)
    assert texts.opened_by("*", {"*": ("db",)}) == ("db", "unknown")


@pytest.mark.requirement("R36")
@settings(max_examples=40)
@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_chain_of_names_is_followed_to_its_end_in_any_order(length: int, random: object) -> None:
    steps = [f"N{n}: ${{{{ env.N{n - 1} }}}}\n" for n in range(1, length + 1)]
    random.shuffle(steps)  # type: ignore[attr-defined]
    tree = {"a.yml": "env:\n  N0: ${{ secrets.ORDERS_TOKEN_V1 }}\n"}
    tree |= {f"s{at}.yml": text for at, text in enumerate(steps)}
    tree["end.py"] = f"os.environ['N{length}']\n"
    assert set(rotated(tree, "a.yml")[OLD].consumers) == set(tree)
