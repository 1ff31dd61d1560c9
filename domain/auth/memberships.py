"""Memberships of accounts that have too many to load with each request."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from domain.auth.ports import MembershipReader, Person
from domain.shared.actor import Role


@dataclass(slots=True, eq=False, kw_only=True)
class MembershipsOnDemand:
    """Loads a user's memberships into `roles` and `areas`, which an actor shares, when an ID first needs them."""

    user_id: str
    read: MembershipReader
    roles: dict[str, Role] = field(default_factory=dict)
    areas: dict[str, frozenset[str]] = field(default_factory=dict)
    _known: set[int] = field(default_factory=set)

    async def load(self, routes: Collection[int]) -> None:
        unknown = set(routes) - self._known
        if not unknown:
            return
        for membership in await self.read.memberships(self.user_id, sorted(unknown)):
            self.roles[membership.workspace_id] = membership.role
            if membership.role is Role.GUEST:
                self.areas[membership.workspace_id] = membership.area_ids
        self._known |= unknown


def memberships_of(person: Person, read: MembershipReader) -> dict[str, Any]:
    """The fields of an actor that hold the person's memberships."""
    if not person.has_more:
        return {"roles": person.roles, "areas": person.areas}
    on_demand = MembershipsOnDemand(user_id=person.account.id, read=read)
    return {"roles": on_demand.roles, "areas": on_demand.areas, "on_demand": on_demand}
