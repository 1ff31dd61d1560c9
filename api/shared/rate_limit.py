from datetime import datetime

import strawberry

from api.shared.context import Info
from domain.shared import budget


@strawberry.type(description="Rate limit of the caller, with the points reserved for the request.")
class RateLimit:
    describes = budget.RateLimit

    cost: int = strawberry.field(
        description="Points reserved for the request: the most that it can cost. Points of "
        "objects that do not exist are refunded."
    )
    limit: int = strawberry.field(description="Maximum number of points that the caller can have.")
    remaining: int = strawberry.field(description="Number of points that the caller has left.")
    reset_at: datetime = strawberry.field(
        description="Time when the caller will have all points again if no further requests are made."
    )


@strawberry.type
class RateLimitQueries:
    @strawberry.field(
        graphql_type=RateLimit | None,
        description="Rate limit of the caller and the points reserved for the request. Cost: 1 point "
        "per object, with lists counted at their maximum length, plus 1 per connection, 10 per `totalCount`, 10 per "
        "mutation, 1 per condition of a filter (10 for `text`, `contains`, `startsWith`, `some`, `every` and `none`) "
        "and 100 per `__schema` or `__type`; scalars are free. Null if requests are not limited.",
    )
    def rate_limit(self, info: Info) -> budget.RateLimit | None:
        rate_limit_of = info.context.rate_limit_of
        return None if rate_limit_of is None else rate_limit_of()
