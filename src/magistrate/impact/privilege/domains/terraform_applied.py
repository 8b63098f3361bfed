"""What runs and which ways are opened when Terraform's files are applied, beside policies and attributes that open things.

Commands of provisioners, programs that data sources start, charts and manifests that are handed on. Routes and links
between networks: see `terraform_facts`. As whom a provider acts and where the state is kept: see `terraform_code`.

Rule kept: none of it is evaluated. It counts as it stands, without names and tags that say nothing of rights.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx
from magistrate.impact.privilege.domains.terraform import Block, is_terraform

HANDED_ON: Final = rx(
    r"helm_release|kubectl_manifest|kubernetes_manifest|kustomization_resource|aws_cloudformation_stack\w*|aws_ssm_(?:document|association|maintenance\w*)|"
    r"shell_script|azurerm_resource_group_template_deployment|azurerm_template_deployment|google_deployment_manager_deployment"
)
"""Resources that give something else to be carried out, which may give rights."""
WAYS: Final = rx(
    r"aws_(?:route(?!53)\w*|default_route_table|main_route_table_association|internet_gateway\w*|egress_only_internet_gateway|vpc_peering\w*|ec2_transit_gateway\w*|vpn_\w+|customer_gateway|"
    r"dx_\w+|networkfirewall_\w+|vpc_endpoint_service\w*|ec2_client_vpn\w*)|google_compute_(?:route|network_peering\w*|vpn\w*|router\w*|forwarding_rule)|"
    r"azurerm_(?:route\w*|subnet_route_table_association|virtual_network_peering|virtual_network_gateway\w*|private_endpoint|public_ip\w*)"
)
"""Resources that decide which network reaches which."""
QUIET: Final = frozenset({"tags", "tags_all", "default_tags", "description", "name", "depends_on", "lifecycle", "timeouts", "region", "version", "alias", "features", "ignore_tags"})  # fmt: skip
"""Attributes that give nothing."""
RUNS: Final = ("provisioner", "connection")
SCRIPTS: Final = rx(r"(?i)\.(?:py|js|mjs|cjs|ts|rb|pl|php|lua|sh|bash|zsh|ps1|bat|cmd)\Z")
"""Files that a command may run."""
COMMON: Final = frozenset(
    {"aws", "google", "google-beta", "azurerm", "azuread", "kubernetes", "helm", "github", "vault"}
)
"""Providers that modules from elsewhere may use."""
_WORD: Final = rx(r"[\w.@+-]+")
_MAKES: Final = {"make": "Makefile", "npm": "package.json", "yarn": "package.json", "pnpm": "package.json"}


def applied(block: Block) -> Iterator[tuple[str, object]]:
    """What of one resource is handed on unread: why, and what stands there."""
    if block.kind != "resource":
        return
    if HANDED_ON.fullmatch(block.type):
        yield f"what `{block.type}` carries out is not read", {block.name: said_of(block.body)}


def runs(block: Block) -> Iterator[tuple[str, object]]:
    """The programs and commands of one block: in words, and as they stand."""
    if block.kind == "data" and block.type == "external":
        yield "a program runs when it is planned", {block.name: said_of(block.body)}
    if block.kind in {"resource", "data"}:
        found = {key: block.body[key] for key in RUNS if key in block.body}
        if found:
            yield f"a command runs when `{block.type}` is applied", {block.name: found}


def said_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """A block without what gives nothing."""
    return {key: value for key, value in body.items() if key not in QUIET}


def named_files(said: object, path: str, files: Mapping[str, str]) -> dict[str, str]:
    """The files that a command may run: those whose name it says, and of programs those beside them of the same kind."""
    words = set(_WORD.findall(json.dumps(said, default=str)))
    words |= {_MAKES[one] for one in words & set(_MAKES)}
    named = {one for one in files if posixpath.basename(one) in words and not is_terraform(one)}
    beside = {(posixpath.dirname(one), posixpath.splitext(one)[1]) for one in named if SCRIPTS.search(one)}
    also = {
        one
        for one in files
        if SCRIPTS.search(one) and (posixpath.dirname(one), posixpath.splitext(one)[1]) in beside and one != path
    }
    return {one: files[one] for one in sorted(named | also)}
