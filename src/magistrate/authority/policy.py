"""The policy bundle as a signed document, and what it says of one repository."""

from __future__ import annotations

from dataclasses import dataclass

from magistrate.authority.estate import verify_estate
from magistrate.authority.roster import TrustedRoster
from magistrate.authority.stages import staged, verify_stages
from magistrate.authority.windows import verify_windows
from magistrate.authority.workload import verify_workloads
from magistrate.domain.principal import Role
from magistrate.domain.tags import PREFIX
from magistrate.errors import Refused
from magistrate.wire.document import Document, open_envelope
from magistrate.wire.effect import GitEffect, StageEffect
from magistrate.wire.envelope import Envelope
from magistrate.wire.policy_bundle import PolicyBundle, RepositoryPolicy, StagePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedPolicy:
    """A policy bundle whose signatures were verified."""

    document: Document[PolicyBundle]
    digest: str

    @property
    def body(self) -> PolicyBundle:
        """The bundle itself."""
        return self.document.body

    def repository(self, name: str) -> RepositoryPolicy:
        """What policy says of one repository.

        Raises:
            Refused: MAG-E124 when policy does not name it.
        """
        for repository in self.body.repositories:
            if repository.repository == name:
                return repository
        raise Refused("MAG-E124", f"policy names no repository `{name[:60]}`")

    def stage(self, repository: str, name: str) -> StagePolicy:
        """What policy says of one stage of a repository.

        Raises:
            Refused: MAG-E124 when policy does not name it.
        """
        for stage in self.body.stages:
            if (stage.repository, stage.stage) == (repository, name):
                return stage
        raise Refused("MAG-E124", f"policy names no stage `{name[:60]}` of `{repository[:60]}`")

    def place(self, effect: GitEffect) -> RepositoryPolicy:
        """Where an effect lands: the repository itself, or for a deployment the repository as it is in that stage.

        Raises:
            Refused: MAG-E124 when policy names no such place.
        """
        ruled = self.repository(effect.repository)
        if not isinstance(effect, StageEffect):
            return ruled
        return staged(ruled, self.stage(effect.repository, effect.stage))

    def environments(self, repository: str) -> tuple[str, ...]:
        """Where a repository goes: the environment of its branch, then those of its stages (raises Refused MAG-E124)."""
        own = self.repository(repository).environment
        staged = (stage.environment for stage in self.body.stages if stage.repository == repository)
        return tuple(dict.fromkeys((own, *staged)))


def trust_policy(envelope: Envelope, roster: TrustedRoster) -> TrustedPolicy:
    """Verify a policy bundle: a threshold of policy owners signed it.

    Raises:
        Refused: MAG-E121 when too few policy owners signed, MAG-E108 when it names a command or
            repository twice, a freeze window or workload that cannot be understood, an actor or principal of the estate twice, a check or scan it does not define, what begins no tag, or a stage that cannot be.
    """
    document = open_envelope(envelope, PolicyBundle, deployment=roster.deployment)
    signers = roster.signers(envelope).values()
    owners = [person for person in signers if Role.POLICY_OWNER in person.roles]
    if len(owners) < roster.body.thresholds.policy:
        raise Refused(
            "MAG-E121",
            f"policy version `{document.body.version}` is signed by {len(owners)} of"
            f" {roster.body.thresholds.policy} policy owners",
        )
    _verify_names(document.body)
    verify_stages(document.body.stages, document.body.repositories)
    verify_windows(document.body.windows)
    verify_workloads(document.body.workloads)
    if document.body.estate is not None:
        verify_estate(document.body.estate)
    return TrustedPolicy(document=document, digest=envelope.payload_digest())


def _verify_names(body: PolicyBundle) -> None:
    commands = [c.command for c in body.commands]
    repositories = [r.repository for r in body.repositories]
    if len(set(commands)) != len(commands) or len(set(repositories)) != len(repositories):
        raise Refused("MAG-E108", "policy names a command or a repository twice")
    for repository in body.repositories:
        named = {*repository.checks, *(() if repository.rescan is None else (repository.rescan,))}
        unknown = named - set(commands)
        if unknown:
            raise Refused("MAG-E108", f"policy defines no command `{min(unknown)}`")
        if repository.release_tags is not None and PREFIX.match(repository.release_tags) is None:
            raise Refused(
                "MAG-E108",
                f"`release_tags` of `{repository.repository}` cannot begin the name of a tag",
                hint="letters, digits, _ and -, then one of / @ - and `v`: `v`, `core/v`, `release-`",
            )
