"""JavaScript and TypeScript: names that make something a question, a mark of a guard, a route or a handler."""

from __future__ import annotations

from typing import Final

from magistrate.impact.behaviour.routes import METHODS
from magistrate.impact.compiled import rx

QUESTION: Final = rx(
    r"(?:_?(?:is|has|can|may|check|should|allow|user)[A-Z_]\w*|canActivate|authori[sz]ed?|permits?|allowed|matchRoles)\Z"
)
ROUTES: Final = METHODS | {"del", "head", "all"}
MARKS: Final = rx(
    r"(?i)(?:Use)?Guards?\Z|Roles?\Z|Auth\w*\Z|Public\Z|Permissions?\Z|Polic(?:y|ies)\Z|Scopes?\Z|\w*(?:Access|Authenticated|Admin\w*|Require[sd]?\w*|Skip\w*|Anonymous|Protected|Login\w*)\Z"
)
NEST: Final = frozenset(
    {
        "Get",
        "Post",
        "Put",
        "Delete",
        "Patch",
        "All",
        "Head",
        "Options",
        "Query",
        "Mutation",
        "Subscription",
        "SubscribeMessage",
        "MessagePattern",
    }
)
HOLDS: Final = rx(
    r"(?:export )?(?:default|GET|POST|PUT|PATCH|DELETE|handler|middleware|proxy|module\.exports|\w+Action|getServerSideProps)\Z"
)
