"""The code that a workload with power runs as its manifest says it: commands, arguments, hooks and probes that run commands.

Rule kept: other words there are other code, and the engine never takes other code for less.
"""

from __future__ import annotations

import hashlib

from magistrate.impact.privilege.domains.ci_code import DOMAIN
from magistrate.impact.privilege.domains.ci_yaml import mapping, shown
from magistrate.impact.privilege.domains.k8s_containers import containers
from magistrate.impact.privilege.domains.k8s_workloads import Workload, folder
from magistrate.impact.privilege.model import Holder, Layer, Statement, literals

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def code_of(workload: Workload) -> Holder | None:
    """The code that stands in the manifest of a workload; None: there is none, its images bring it."""
    statements: list[Statement] = []
    for container in containers(workload):
        said: dict[str, object] = {key: container.body[key] for key in ("command", "args") if key in container.body}
        said |= {key: container.body[key] for key in _PROBES if "exec" in mapping(container.body.get(key))}
        said |= {
            key: value for key, value in mapping(container.body.get("lifecycle")).items() if "exec" in mapping(value)
        }
        if said:
            text = shown({str(key): value for key, value in said.items()})
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            where = (folder(workload.origin.path), literals("code", f"{container.name}@sha256:{digest}"))
            place = workload.origin.at(container.body)
            statements.append(Statement(where=where, place=place, says=f"commands of container {container.name}"))
    if not statements:
        return None
    return Holder(name=f"code:{workload.holder}", domain=DOMAIN, layers=(Layer(statements=tuple(statements)),))
