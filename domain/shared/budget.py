"""Port: how much a caller may ask of the API, in points that come back with time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.shared.errors import RateLimited


def user_key(user_id: str) -> str:
    """Key of a user's account, which pays for requests and owns a share of the database."""
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Size of a bucket in points, and its refill per second."""

    key: str
    capacity: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Balance:
    """Points left in a bucket, and the time when it is full again if no further points are taken."""

    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Points that one request takes from the caller's bucket."""

    cost: int
    limit: int
    remaining: int
    reset_at: datetime


class OverBudget(RateLimited):
    """Too few points are left."""

    def __init__(self, points: int, wait: float) -> None:
        super().__init__(f"This request costs {points:,} points, and fewer are left.", wait)


class Bucket(Protocol):
    """The bucket that points were taken from, to which unused points are refunded."""

    def give_back(self, allowance: Allowance, points: int) -> None:
        """Returns points that were taken and not used."""
        ...

    def balance(self, allowance: Allowance) -> Balance:
        """The balance as this process knows it."""
        ...


class Budget(Protocol):
    async def take(self, allowance: Allowance, points: int) -> Bucket:
        """Takes the points and returns their bucket; raises OverBudget, without taking any, if there are too few."""
        ...
