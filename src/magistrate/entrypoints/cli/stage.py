"""`magistrate stage add|list`: where a repository runs, and what runs there."""

from __future__ import annotations

import click

from magistrate.adapters.git.reader import RepositoryReader
from magistrate.adapters.git.stage_plan import document_in, secret_use_in
from magistrate.domain.principal import Role
from magistrate.domain.stages import STAGE, stage_ref
from magistrate.entrypoints.cli.clone import begin_branch, git
from magistrate.entrypoints.cli.frame import Frame, home_option, output_option, pass_frame, person_options
from magistrate.entrypoints.cli.papers import publish_policy, say_policy
from magistrate.entrypoints.cli.people import own_roster, signers_at_hand
from magistrate.entrypoints.cli.policy_files import append_source, forget_source, read_source
from magistrate.entrypoints.cli.screen import show_list
from magistrate.errors import NotFound, Refused, Usage
from magistrate.settings import Settings


@click.group()
def stage() -> None:
    """Add and list the stages that repositories are deployed to."""


@stage.command()
@click.argument("name")
@click.option("--repository", required=True, metavar="NAME", help="What runs there.")
@click.option("--environment", required=True, metavar="NAME", help="The environment of policy.toml that it is.")
@click.option("--runs", metavar="COMMIT", help="What runs there now (else the tip of the guarded branch).")
@click.option("--probe", metavar="URL", help="Where a deployment must answer 200 afterwards.")
@click.option("--contains", default="", metavar="TEXT", help="What its answer must hold; `{source}` is the commit.")
@click.option("--soak", type=click.IntRange(0, 300), default=0, metavar="SECONDS", help="How long it must go on so.")
@click.option(
    "--target", metavar="NAME", help="The target of the executor that runs it (else: whatever watches its branch)."
)
@click.option("--system", metavar="NAME", help="Runs nothing: what this system of the executor gives away.")
@click.option("--document", metavar="PATH", help="With --system: the file that says it, in the repository.")
@click.option(
    "--secret", metavar="NAME", help="With both: the secret of the system that is rotated; PATH says for whom."
)
@click.option(
    "--with", "others", multiple=True, metavar="NAME=KEYFILE", help="Another policy owner who signs at the same time."
)
@home_option
@person_options
@pass_frame
def add(  # noqa: PLR0913  the options of the command
    frame: Frame, *, name: str, repository: str, environment: str, runs: str | None, probe: str | None, contains: str,
    soak: int, system: str | None, document: str | None, secret: str | None, target: str | None, others: tuple[str, ...],
) -> None:  # fmt: skip
    """Say what runs in the stage NAME now, and write it into a new signed policy version.

    From then on its branch `stages/NAME` at the gate records each deployment. With --system it records each change of the
    entitlements of that system, which must be those of the document now; with --secret too, each rotation.
    """
    settings = frame.settings()
    roster, caller = own_roster(settings), frame.caller()
    if Role.POLICY_OWNER not in roster.person(caller.name).roles:
        raise Refused("MAG-E122", f"`{caller.name}` is no policy owner, and a stage is part of policy")
    signers = [caller, *(s for s in signers_at_hand(others, roster) if s.name != caller.name)]
    _verify_new(settings, name, repository)
    mirror = settings.repositories / f"{repository}.git"
    branch = next(one.ref for one in read_source(settings.policies).repository if one.name == repository)
    commit = git(
        mirror, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{runs or branch}^{{commit}}", check=False
    )
    if not commit or git(mirror, "rev-list", "--max-count=1", commit, f"^{branch}"):
        raise NotFound("MAG-E606", f"`{branch}` of `{repository}` holds no `{(runs or branch)[:60]}`")
    written = {"name": name, "repository": repository, "environment": environment, "soak_seconds": soak}
    written |= {} if target is None else {"target": target}
    if (system is None) is not (document is None):
        raise Usage("MAG-E601", "--system and --document are named together")
    if secret is not None and system is None:
        raise Usage("MAG-E601", "--secret is named with --system and --document")
    has = ""
    if system is not None and document is not None:
        has = _has(RepositoryReader(mirror), commit, document, secret)
        written |= {"system": system, "document": document} | ({} if secret is None else {"secret": secret})
    append_source(settings.policies, "stage", written, more=_probe(probe, contains))
    begun = False
    try:
        what = f"What runs in {name} now" if system is None else f"What {system} gives away now"
        what = what if secret is None else f"Who uses {secret} of {system} now"
        begin_branch(mirror, stage_ref(name), commit, f"{what}: {commit}\n\nSaid by {caller.name}\n")
        begun = True
        bundle, missing = publish_policy(settings, roster, signers)
    except BaseException:
        forget_source(settings.policies, "stage", name)
        if begun:
            git(mirror, "update-ref", "-d", stage_ref(name), check=False)
        raise
    if system is None:
        click.echo(f"{name}: {repository} runs in `{environment}` at {commit[:12]}, recorded on `{stage_ref(name)}`")
    else:
        click.echo(
            f"{name}: `{system}` in `{environment}` has {has} of {document} at {commit[:12]}, recorded on `{stage_ref(name)}`"
        )
    say_policy(settings, bundle.version, missing)
    click.echo(f"  next     magistrate drill {repository} --environment {environment}")


def _has(reader: RepositoryReader, commit: str, document: str, secret: str | None) -> str:
    """What the system has by the document, in words (raises Refused MAG-E315, MAG-E316 when it cannot be read)."""
    tree = reader.tree_of(commit)
    if secret is None:
        return f"the {len(document_in(reader, tree, document))} entitlements"
    use = secret_use_in(reader, tree, document)
    return f"the secret `{secret}` for {', '.join(use.consumers)}"


def _probe(url: str | None, contains: str) -> str:
    if url is None:
        return ""
    text = f"url = {_quoted(url)}" + (f", body_contains = {_quoted(contains)}" if contains else "")
    return f"verification = [{{{text}}}]\n"


def _quoted(text: str) -> str:
    if any(not one.isprintable() for one in text):
        raise Usage("MAG-E601", "control characters in a probe")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _verify_new(settings: Settings, name: str, repository: str) -> None:
    source = read_source(settings.policies)
    if STAGE.fullmatch(name) is None:
        raise Usage(
            "MAG-E601", f"`{name[:60]}` cannot be the name of a stage", hint="lower-case letters, digits, dashes"
        )
    if repository not in {one.name for one in source.repository}:
        raise NotFound("MAG-E606", f"policy names no repository `{repository[:60]}`", hint="magistrate repository list")
    if any((one.name, one.repository) == (name, repository) for one in source.stage):
        raise Usage("MAG-E600", f"`{repository}` has a stage `{name}`", hint="magistrate stage list")
    mirror = settings.repositories / f"{repository}.git"
    if git(mirror, "rev-parse", "--verify", "--quiet", stage_ref(name), check=False):
        raise Usage(
            "MAG-E600", f"the gate's `{repository}` has a branch `{stage_ref(name)}`, with the history of an earlier stage",
            hint="to go on with it, write its `[[stage]]` into policy.toml: magistrate policy publish",
        )  # fmt: skip


@stage.command(name="list")
@output_option
@home_option
@pass_frame
def list_(frame: Frame, *, output: str) -> None:
    """List stages, and the deployment that each records last."""
    settings = frame.settings()
    source = read_source(settings.policies)
    places = {one.name: one.production for one in source.environment}
    rows = [
        {
            "stage": one.name, "repository": one.repository, "environment": one.environment,
            "production": places[one.environment], "soak_seconds": one.soak_seconds,
            "verified_live": [probe.url for probe in one.verification], "system": one.system, "document": one.document,
            "secret": one.secret, "target": one.target,
            "stands": _stands(settings, one.repository, one.name),
        }
        for one in source.stage
    ]  # fmt: skip
    show_list(
        output, rows, ("stage", "repository", "environment", "production", "stands"),
        wide=("soak seconds", "verified live", "system", "document", "secret", "target"), empty="no stage yet; `magistrate stage add NAME` adds one",
    )  # fmt: skip


def _stands(settings: Settings, repository: str, name: str) -> str:
    """The last deployment in words, from the branch of the stage."""
    mirror = settings.repositories / f"{repository}.git"
    return git(mirror, "log", "-1", "--format=%h %cs %s", stage_ref(name), "--", check=False) or "nothing"
