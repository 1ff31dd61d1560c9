"""Charges of requests to their callers' points, for all transports."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from graphql import GraphQLError

from api.graphql.cost import Price, check_cost
from api.graphql.documents import DocumentRefused, Operation
from api.graphql.options import CostOptions
from api.shared.request_id import note_database_seconds
from domain.shared.actor import Actor
from domain.shared.budget import Allowance, Bucket, Budget, RateLimit, user_key
from domain.shared.throttle import source_key, source_of
from domain.shared.usage import MeasureUsage, TimeBudget, Usage

REFUSAL_POINTS = 1
HOUR_SECONDS = 3600


@dataclass(slots=True)
class Charge:
    """Points of one request, taken before it runs. `actual` is the final cost."""

    bucket: Bucket
    allowance: Allowance
    requested: int
    lasting: int
    actual: int

    def rate_limit(self) -> RateLimit:
        """The caller's rate limit, as the operation can query it."""
        balance = self.bucket.balance(self.allowance)
        return RateLimit(
            cost=self.requested,
            limit=self.allowance.capacity,
            remaining=balance.remaining,
            reset_at=balance.reset_at,
        )

    def extension(self) -> dict[str, Any]:
        """`extensions.cost` of the response."""
        balance = self.bucket.balance(self.allowance)
        return {
            "requested": self.requested,
            "actual": self.actual,
            "limit": self.allowance.capacity,
            "remaining": balance.remaining,
            "resetAt": balance.reset_at,
        }


class Meter:
    """Charges operations before they run and refunds unused points. Charges their database time after they ran."""

    def __init__(
        self, budget: Budget, time_budget: TimeBudget, usage: MeasureUsage, options: CostOptions, *, most_points: int
    ) -> None:
        self._budget = budget
        self._time_budget = time_budget
        self._usage = usage
        self._most_points = most_points
        self._person = _bucket(options.burst, options.per_hour, most_points)
        anonymous = options.anonymous_per_hour
        self._stranger = _bucket(min(options.burst, anonymous), anonymous, most_points)

    async def charge(self, operation: Operation, variables: Mapping[str, Any] | None, actor: Actor) -> Charge:
        """Takes the points; raises DocumentRefused above the limit of an operation, RateLimited if they are short or
        the account has no database time left."""
        points, lasting = self.price(operation, variables)
        allowance = self._allowance_of(actor)
        self._time_budget.check(allowance.key)
        bucket = await self._budget.take(allowance, points)
        return Charge(bucket, allowance, points, lasting, actual=points)

    def price(self, operation: Operation, variables: Mapping[str, Any] | None) -> Price:
        """Points of the operation, and the part that is not refunded; raises DocumentRefused above the limit."""
        try:
            return check_cost(operation.cost, variables, limit=self._most_points)
        except GraphQLError as error:
            raise DocumentRefused([error]) from error

    async def charge_refusal(self, actor: Actor) -> None:
        """Charges a request that was refused before it ran; raises OverBudget."""
        await self._budget.take(self._allowance_of(actor), REFUSAL_POINTS)

    async def charge_rows(self, charge: Charge, rows: int) -> None:
        """Charges one more event of a subscription; raises RateLimited."""
        self._time_budget.check(charge.allowance.key)
        charge.bucket = await self._budget.take(charge.allowance, max(rows, 1))

    def timed(self, charge: Charge) -> "_Timed":
        """Charges the database time of the block, also if it is canceled.

        Only logs tell the time: rows that are hidden from the caller take time, too.
        """
        return _Timed(self._usage(charge.allowance.key), self._time_budget)

    def settle(self, charge: Charge, rows: int) -> None:
        """Refunds the part of a charge that exceeds the rows read and the points that are never refunded."""
        self._settle(charge, max(charge.lasting + rows, 1))

    def refund(self, charge: Charge) -> None:
        """Refunds the whole charge of a request whose token turned out to be invalid; it cannot be settled again."""
        charge.bucket.give_back(charge.allowance, charge.requested)
        charge.requested = charge.actual = 0

    def settle_refusal(self, charge: Charge) -> None:
        """Refunds the charge of a request that was refused late, except the cost of a refusal."""
        self._settle(charge, REFUSAL_POINTS)

    def _settle(self, charge: Charge, points: int) -> None:
        charge.actual = min(charge.requested, points)
        if charge.actual < charge.requested:
            charge.bucket.give_back(charge.allowance, charge.requested - charge.actual)

    def _allowance_of(self, actor: Actor) -> Allowance:
        if actor.user_id is not None:
            return Allowance(user_key(actor.user_id), *self._person)
        return Allowance(f"address:{source_key(source_of(actor))}", *self._stranger)


class _Timed:
    """A class, because a context manager that is made of a generator takes longer."""

    __slots__ = ("_budget", "_measure", "_usage")

    def __init__(self, measure: AbstractContextManager[Usage], budget: TimeBudget) -> None:
        self._measure = measure
        self._budget = budget

    def __enter__(self) -> None:
        self._usage = self._measure.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            note_database_seconds(self._usage.seconds)
            self._budget.charge(self._usage.account, self._usage.seconds)
        finally:
            self._measure.__exit__(kind, error, trace)


def _bucket(burst: int, per_hour: int, least: int) -> tuple[int, float]:
    """Capacity, at least the cost of the largest allowed operation, and points per second."""
    return max(burst, least), per_hour / HOUR_SECONDS
