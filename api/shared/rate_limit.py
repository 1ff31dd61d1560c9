from datetime import datetime

import strawberry

from api.shared.context import Info
from domain.shared import budget


@strawberry.type(description="What a request takes of its caller's points.")
class RateLimit:
    describes = budget.RateLimit

    cost: int = strawberry.field(description="Points that this request can cost; what it does not need comes back.")
    limit: int = strawberry.field(description="Most points that the caller can have.")
    remaining: int = strawberry.field(description="Points that the caller has left.")
    reset_at: datetime = strawberry.field(description="When the caller has all points again.")


@strawberry.type
class RateLimitQueries:
    @strawberry.field(
        graphql_type=RateLimit | None,
        description="What this request takes of your points. An object costs 1 point, with all that its lists can "
        "have; scalars are free; a connection costs 1 more and `totalCount` 10, a mutation 10, `__schema` 100.",
    )
    def rate_limit(self, info: Info) -> budget.RateLimit | None:
        rate_limit_of = info.context.rate_limit_of
        return None if rate_limit_of is None else rate_limit_of()
