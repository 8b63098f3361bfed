"""What a resource of a template says of who gets to it, beside policies: networks, attributes that open it, code from elsewhere.

Rule kept: what is found is not evaluated. It counts as it stands, with what the template's settings make of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from magistrate.impact.compiled import rx

MAX_KEY: Final = 60
NETWORK: Final = rx(
    r"AWS::EC2::(?:SecurityGroup\w*|Route|NetworkAcl\w*|InternetGateway|EgressOnlyInternetGateway|VPCGatewayAttachment|VPCPeeringConnection|TransitGateway\w*|"
    r"ClientVpn\w*|VPNGateway\w*|PrefixList|VPCEndpointService\w*)|AWS::ElasticLoadBalancingV2::Listener\w*|AWS::(?:WAFv2|WAF|WAFRegional|NetworkFirewall|RAM)::\w+"
)
"""Kinds that decide who reaches what."""
EXPOSES: Final = rx(
    r"(?i)acl|accesscontrol|scheme|auth(?:orization|entication)?types?|\w*authorizer\w*|public\w*|\w*public|publicly\w*|\w*publicip\w*|internetfacing|"
    r"mapp?ublicipon\w*|httptokens|httpendpoint|httpputresponsehoplimit|unauthenticated\w*|allowunauthenticated\w*|privileged\w*|allow[a-z]*|allowed\w+|"
    r"ownershipcontrols|websiteconfiguration|corsconfiguration|securitygroup(?:ids|s)|vpcsecuritygroup(?:ids|s)|sourcesecuritygroup\w*|dbsecuritygroups|cidr\w*"
)
"""Attributes of any resource that say who gets to it, or in which network it stands."""


def openings(kind: str, resource: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What of a resource may open it or something else to others: why, and what stands there."""
    if NETWORK.fullmatch(kind):
        yield f"`{kind}` decides who reaches what and is not read", body
    else:
        for key, value in _exposing(body):
            yield f"`{key}` of `{kind}` may open it to others", {key: value}
    for holder in (resource, body):
        if "Fn::Transform" in holder:
            yield f"a part of `{kind}` comes from a macro or another file", holder["Fn::Transform"]


def _exposing(body: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in sorted(body.items(), key=lambda pair: str(pair[0])):
        name = str(key)
        if len(name) > MAX_KEY or EXPOSES.fullmatch(name):
            yield name[:MAX_KEY], value
        else:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Mapping):
                    yield from _exposing(one)
