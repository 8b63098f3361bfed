"""What is reachable and from where: listeners, origins, firewalls, proxies, outbound calls."""

from __future__ import annotations

from typing import Final

from magistrate.domain.impact import ChangeClass
from magistrate.impact.base import ChangedFile
from magistrate.impact.screening import may_match
from magistrate.impact.sensing import RESOURCE, RuleSensor, declares_resource, declares_running, rule
from magistrate.impact.vocabulary import vocabulary

WORDS: Final = vocabulary("""
    cidr cidrs cidrip cidripv6 cidrblock cidrblocks ipcidrrange sourceranges sourceaddressprefix ingress ingresses egress firewall firewalls firewallrule firewallrules securitygroup securitygroups securitylist networksecuritygroup
    networkacl nacl networkpolicy networkpolicies networkrule networkrules networkrulesets virtualnetwork vnet vpc vpcid vpcconfig subnet subnets subnetid subnetids subnetwork privatelink privateendpoint internetgateway natgateway
    publicip publicips publicipaddress publicaccess publicaccessblock publicnetwork publicnetworkaccess publicnetworkaccessenabled publiclyaccessible publicread publicreadwrite publicly blobpublicaccess allowblobpublicaccess endpointpublicaccess
    endpointconfiguration associatepublicip associatepublicipaddress assignpublicip accessconfig loadbalancer loadbalancers loadbalancertype nodeport hostport hostnetwork containerport targetport fromport toport destinationport sourceport exposedport
    portrange portranges destinationportrange expose exposed exposes listen listens listening listener listeners listenaddress listenaddr listenport listenandserve bindaddress bindaddr bindhost bindto bindport sock insecureport secureport serverport
    allowedhosts allowedorigins alloworigin alloworigins corsorigins origins cors corsmiddleware corsconfig corsorigin nocors accesscontrol crossorigin trustedproxy trustedproxies trustedhost trustedhosts proxy proxies proxied proxyprotocol proxypass httpproxy reverseproxy
    realip realipheader forwardedfor xforwardedfor xforwarded forwarded remoteaddr remoteip clientip ipallowlist ipwhitelist ipfilter ipfilters iprules iprestriction ipsecurityrestrictions authorizednetworks authorizedipranges wafacl waf webacl
    dnsrebinding unixsocket socketpath websocket websockets servesocket anonymousaccess anonymous iptables nftables ufw
    internet ipv4enabled ipv6enabled externalip externalips noexternalip publicendpoint apigateway restapi authorizationtype apikeyrequired
    spf13net httpserver tcpserver inetaddress serversocket hostname bind host hosts port ports socket sockets connection endpoint endpoints
""") - vocabulary("spf13net connection")
NEAR: Final = WORDS - vocabulary(
    "host hosts port ports hostname endpoint endpoints bind proxy proxies socket sockets listen listening listener listeners anonymous forwarded origins sock expose exposed exposes proxied"
)


DOORS: Final = vocabulary(
    "gateway gateways apigateway apigatewayv2 apigatewaymethod apigatewayroute endpoint endpoints route routes public"
)
"""Words of the settings around a line that say that it is about a door of a cloud resource."""


def _role(file: ChangedFile) -> str | None:
    if declares_resource(file):
        return "a cloud resource is declared, reachable or not"
    if declares_running(file):
        return "a workload is declared, reachable or not"
    near = not file.words_near.keys().isdisjoint(DOORS)
    inside = near and any(may_match(RESOURCE, text) and RESOURCE.search(text) for text in file.both_texts)
    return "this stands beside a door of a cloud resource" if inside else None


SENSOR: Final = RuleSensor(
    name="network",
    kind=ChangeClass.NETWORK,
    role=_role,
    words=WORDS,
    words_why="what may be reached, or from where",
    near=NEAR,
    near_why="this stands beside what may be reached, or from where",
    rules=(
        rule(
            r"0\.0\.0\.0|::/0|cidr|NetworkPolicy|allow_?origins?|Access-Control-Allow|\bcors\b|security_?group|hostPort|nodePort|LoadBalancer|iptables|ufw |public[-_ ]?(?:access|ip|read|network)|\bacl\s*[:=]",
            "what may be reached, or from where",
        ),
        rule(
            r"\b(?:urlopen|requests\.(?:get|post|put)|httpx\.|fetch\(|socket\.|curl|wget|XMLHttpRequest|http\.client)",
            "calls out to the network",
        ),
    ),
    code_rules=(
        rule(
            r"kind:\s*(?:Service|Ingress|Gateway|HTTPRoute)\b|^\s*EXPOSE\s+\d|\b--(?:host|port|bind|insecure-port|secure-port|address)\b",
            "a service is offered",
            given="kind expose host port bind address insecureport secureport",
        ),
    ),
)
