"""What runs, as whom, and which ways are opened when Terraform's files are applied, beside policies and attributes that open things.

Commands of provisioners, programs that data sources start, charts and manifests that are handed on, the identity of a
provider, where the state is kept, routes and links between networks.

Rule kept: none of it is evaluated. It counts as it stands, without names and tags that say nothing of rights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.privilege.domains.terraform import Block

HANDED_ON: Final = re.compile(
    r"helm_release|kubectl_manifest|kubernetes_manifest|kustomization_resource|aws_cloudformation_stack\w*|aws_ssm_(?:document|association|maintenance\w*)|"
    r"shell_script|azurerm_resource_group_template_deployment|azurerm_template_deployment|google_deployment_manager_deployment"
)
"""Resources that give something else to be carried out, which may give rights."""
WAYS: Final = re.compile(
    r"aws_(?:route(?!53)\w*|default_route_table|main_route_table_association|internet_gateway\w*|egress_only_internet_gateway|vpc_peering\w*|ec2_transit_gateway\w*|vpn_\w+|customer_gateway|"
    r"dx_\w+|networkfirewall_\w+|vpc_endpoint_service\w*|ec2_client_vpn\w*)|google_compute_(?:route|network_peering\w*|vpn\w*|router\w*|forwarding_rule)|"
    r"azurerm_(?:route\w*|subnet_route_table_association|virtual_network_peering|virtual_network_gateway\w*|private_endpoint|public_ip\w*)"
)
"""Resources that decide which network reaches which."""
QUIET: Final = frozenset({"tags", "tags_all", "default_tags", "description", "name", "depends_on", "lifecycle", "timeouts", "region", "version", "alias", "features", "ignore_tags"})  # fmt: skip
"""Attributes that give nothing."""
RUNS: Final = ("provisioner", "connection")


def applied(block: Block) -> Iterator[tuple[str, object]]:
    """What of one block runs, decides as whom, or opens a way: why, and what stands there."""
    kind, body = block.kind, block.body
    if kind == "provider":
        said = _said(body)
        if said:
            yield f"as whom the provider `{block.name}` acts", said
    elif kind == "terraform":
        for key in ("backend", "cloud", "required_providers"):
            if key in body:
                yield f"`{key}` says where the state is, or whose code applies it", {key: body[key]}
    elif kind == "data" and block.type == "external":
        yield "a program runs when it is planned", {block.name: _said(body)}
    elif kind == "resource":
        yield from _of_resource(block)


def _of_resource(block: Block) -> Iterator[tuple[str, object]]:
    runs = {key: block.body[key] for key in RUNS if key in block.body}
    if runs:
        yield f"a command runs when `{block.type}` is applied", {block.name: runs}
    if HANDED_ON.fullmatch(block.type):
        yield f"what `{block.type}` carries out is not read", {block.name: _said(block.body)}
    elif WAYS.fullmatch(block.type):
        yield f"`{block.type}` decides which network reaches which, and is not read", {block.name: _said(block.body)}


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in QUIET}
