"""What is found and declared of links between repositories, and what changes at both ends say of each other."""

import pytest

from magistrate.domain.links import Ends, LinkKind, acts, leads_to, links_between
from magistrate.impact.links.declared import UnclearLinksError, links_in
from magistrate.impact.links.found import privileged_in, references_in

K = LinkKind
FOUND = [
    (K.WORKFLOW, ".github/workflows/a.yml", "jobs:\n  d:\n    uses: acme/infra/.github/workflows/ship.yml@main\n"),
    (
        K.WORKFLOW,
        ".github/workflows/a.yml",
        "jobs:\n  d:\n    uses: >-\n      acme/infra/.github/workflows/ship.yml@v1\n",
    ),
    (K.ACTION, ".github/workflows/a.yml", "steps:\n  - {'uses': 'acme/infra@v1'}\n"),
    (K.MODULE, "main.tf", 'module "vpc" {\n  source = "git::https://github.com/acme/infra.git//vpc?ref=v1"\n}\n'),
    (K.MODULE, "main.tf", 'module "vpc" {\n  source = "app.terraform.io/acme/infra/aws"\n}\n'),
    (K.IMAGE, "Dockerfile", "FROM --platform=linux/amd64 ghcr.io/acme/infra:1 AS base\n"),
    (K.IMAGE, "Dockerfile", "FROM scratch\nCOPY --from=acme/infra /bin/x /x\n"),
    (K.IMAGE, "compose.yaml", "services:\n  web:\n    image: acme/infra\n"),
    (K.IMAGE, "deploy/web.yml", "containers: [{image: 'ghcr.io/acme/infra@sha256:00'}]\n"),
    (K.INCLUDE, ".gitlab-ci.yml", "include:\n  - project: acme/infra\n    file: /ci.yml\n"),
    (K.INCLUDE, "argo/app.yaml", "source:\n  repoURL: https://git.example/acme/Infra.git\n"),
    (K.SUBMODULE, ".gitmodules", '[submodule "x"]\n\turl = ../infra.git\n'),
    (K.PACKAGE, "go.mod", "module x\n\nrequire (\n\tgithub.com/acme/infra v1.2.3\n)\n"),
    (K.PACKAGE, "package.json", '{"dependencies": {"x": "github:acme/infra#main"}}\n'),
]


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(("kind", "path", "text"), FOUND)
def test_a_reference_leads_to_the_repository_that_it_names_and_to_no_other(kind, path, text):
    found = {one for one in references_in({path: text}) if leads_to(one, "infra")}
    assert kind in {one.kind for one in found}
    assert not any(leads_to(one, "infra") for one in references_in({path: text.replace("nfra", "ntra")}))


@pytest.mark.requirement("R34")
def test_what_stays_in_the_repository_leads_nowhere():
    text = "jobs:\n  a:\n    uses: ./.github/workflows/infra\n"
    assert not any(leads_to(one, "infra") for one in references_in({".github/workflows/a.yml": text}))
    assert references_in({"notes.txt": "uses: acme/infra@v1\n"}) == frozenset()


@pytest.mark.requirement("R34")
def test_secrets_and_deploy_targets_of_the_same_name_link_and_the_token_that_each_has_does_not():
    def ends(*names):
        text = "".join(f"      K: ${{{{ secrets.{name} }}}}\n" for name in names)
        return Ends(references=references_in({".github/workflows/a.yml": f"jobs:\n  a:\n    env:\n{text}"}))

    (link,) = links_between("a", ends("ORDERS_KEY", "GITHUB_TOKEN"), "b", ends("ORDERS_KEY", "GITHUB_TOKEN"))
    assert (link.kind, link.name) == (K.SECRET, "ORDERS_KEY")
    assert not list(links_between("a", ends("GITHUB_TOKEN"), "b", ends("GITHUB_TOKEN")))
    both, names = (ends("ORDERS_KEY"), ends("ORDERS_KEY")), frozenset({".github/workflows/a.yml"})
    assert acts(link, names, names, both, production=False)
    assert not acts(link, frozenset({"b.py"}), names, both, production=False)


@pytest.mark.requirement("R34")
def test_what_is_declared_links_whatever_is_found():
    text = "links:\n  infra: {module: [vpc], deploy_target: [payments]}\n"
    said = Ends(declared=links_in({".magistrate.yml": text}))
    links = list(links_between("shop", said, "infra", Ends()))
    assert {(one.kind, one.name, one.user) for one in links} == {
        (K.MODULE, "vpc", "shop"), (K.DEPLOY_TARGET, "payments", "shop"),
    }  # fmt: skip
    assert not list(links_between("shop", said, "other", Ends()))
    touched = frozenset({"a"})
    assert acts(links[0], touched, touched, (said, Ends()), production=False)
    assert not acts(links[0], touched, frozenset(), (said, Ends()), production=False)


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(
    "text", ["links: []\n", "links:\n", "links:\n  a: {image: x}\n", "links:\n  a: {picture: [x]}\n", "links: {a: [x\n"]
)
def test_a_map_of_another_shape_is_no_empty_map(text):
    with pytest.raises(UnclearLinksError):
        links_in({".magistrate.yml": text})


@pytest.mark.requirement("R34")
def test_who_uses_what_changes_is_acted_on_where_the_file_changes_or_the_job_is_privileged_or_in_production():
    path, files = ".github/workflows/a.yml", {".github/workflows/a.yml": "steps:\n  - uses: acme/infra@v1\n"}
    more = {path: files[path] + "permissions:\n  id-token: write\n"}
    plain = Ends(references=references_in(files), privileged=privileged_in(files))
    strong = Ends(references=references_in(more), privileged=privileged_in(more))
    (link,) = links_between("shop", plain, "infra", Ends())
    used, using = frozenset({"index.js"}), frozenset({"src/a.py"})
    assert acts(link, used, using, (plain, Ends()), production=False) == ""
    assert "production" in acts(link, used, using, (plain, Ends()), production=True)
    assert "privileged" in acts(link, used, using, (strong, Ends()), production=False)
    assert "the file that uses it" in acts(link, used, frozenset({path}), (plain, Ends()), production=False)


@pytest.mark.requirement("R34")
def test_of_a_repository_of_workflows_only_what_a_workflow_may_call_is_used():
    files = {".github/workflows/a.yml": "jobs:\n  d:\n    uses: acme/infra/.github/workflows/ship.yml@main\n"}
    ends = Ends(references=references_in(files))
    (link,) = links_between("shop", ends, "infra", Ends())
    for path, acted in ((".github/workflows/other.yml", True), ("src/a.py", False)):
        assert bool(acts(link, frozenset({path}), frozenset({"b"}), (ends, Ends()), production=True)) is acted
