"""What of AWS is open to others by an attribute of its own, and what keeps others out of it.

A thing is there with all that its attributes say of who gets to it, as one fact: another fact is a right of its own, the
thing taken away is a right less. What filters requests (web ACLs, blocks of public access) is a denial: taken away it is
a right more.

Rule kept: a thing of these kinds that says nothing is a fact too, so that an attribute that goes is seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from magistrate.impact.privilege.domains.aws_estate import Estate
from magistrate.impact.privilege.domains.terraform import Block
from magistrate.impact.privilege.domains.terraform_applied import said_of
from magistrate.impact.privilege.model import Edge, Place, Statement, literals

OPENED: Final = frozenset({
    "aws_lb", "aws_alb", "aws_elb", "aws_instance", "aws_spot_instance_request", "aws_launch_configuration", "aws_launch_template",
    "aws_db_instance", "aws_rds_cluster_instance", "aws_neptune_cluster_instance", "aws_redshift_cluster", "aws_mq_broker",
    "aws_dms_replication_instance", "aws_subnet", "aws_s3_bucket", "aws_s3_bucket_cors_configuration",
    "aws_cloudfront_distribution", "aws_elasticache_cluster", "aws_msk_cluster", "aws_eks_cluster",
})  # fmt: skip
"""Kinds of which each thing is open by itself and keeps nobody out of another: without it there is nothing to get to."""
FILTERS: Final = frozenset({
    "aws_wafv2_web_acl", "aws_wafv2_web_acl_association", "aws_waf_web_acl", "aws_wafregional_web_acl",
    "aws_wafregional_web_acl_association",
})  # fmt: skip
"""Kinds that only ever keep requests out: what one of them says goes away with it."""
BLOCK: Final = "aws_s3_bucket_public_access_block"
FLAGS: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_ALL: Final = "aws:filters"


def opened(block: Block, said: Sequence[tuple[str, object]], place: Place, estate: Estate) -> None:
    """A thing with what it says of who gets to it."""
    holder = _holder(block)
    text = json.dumps(said, sort_keys=True, default=str)
    words = ", ".join(f"{name} = {value}" for name, value in said) or "nothing is said of who gets to it"
    estate.hold(holder, Statement(where=(literals("open as", text),), place=place, says=f"open as {words[:120]}"))
    if said:
        estate.live.add(holder)


def filtered(block: Block, place: Place, estate: Estate) -> None:
    """Something that keeps requests out, as it stands."""
    estate.hold(
        _ALL,
        _kept_out(
            f"{block.folder}/{block.type}.{block.name} {json.dumps(said_of(block.body), sort_keys=True, default=str)}",
            place,
        ),
    )


def unfiltered(estate: Estate) -> None:
    """All requests, of which filters take some away."""
    estate.under = ()
    estate.hold(_ALL, Statement(where=(literals("requests", "any"),), says="requests that nothing filters"))


def blocked(block: Block, bucket: Block, place: Place, estate: Estate) -> None:
    """What a bucket does not let be public: each flag that is set is a denial."""
    for flag in FLAGS:
        value = block.body.get(flag)
        if value not in (None, False, "false"):
            estate.hold(_holder(bucket), _kept_out(f"{flag} {json.dumps(value)}", place))


def keyed(block: Block, user: str, place: Place, estate: Estate) -> None:
    """Whoever has a key of a user acts as that user."""
    actor = f"aws:key/{json.dumps([block.folder, block.name, block.body.get('public_key')], default=str)[:300]}"
    estate.live.add(actor)
    estate.edges.append(Edge(actor=actor, holder=f"aws:user/{user}", place=place))


def _holder(block: Block) -> str:
    return f"aws:openness/{block.folder}/{block.type}.{block.name}"


def _kept_out(text: str, place: Place) -> Statement:
    return Statement(where=(literals("kept out by", text),), allow=False, place=place, says="what it keeps out")
