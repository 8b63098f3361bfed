"""What is reachable and from where: listeners, origins, firewalls, outbound calls."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.sensing import RuleSensor, rule

SENSOR: Final = RuleSensor(
    name="network",
    kind=ChangeClass.NETWORK,
    rules=(
        rule(
            r"0\.0\.0\.0|::/0|cidr|NetworkPolicy|allow_?origins?|Access-Control-Allow|\bcors\b|security_?group|hostPort|nodePort|LoadBalancer|iptables|ufw ",
            "what may be reached, or from where",
        ),
        rule(
            r"\b(?:urlopen|requests\.(?:get|post|put)|httpx\.|fetch\(|socket\.|curl|wget|XMLHttpRequest|http\.client)",
            "calls out to the network",
        ),
    ),
)
