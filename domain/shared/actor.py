"""Actors, roles and permissions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.shared.errors import AUTHENTICATION_REQUIRED, InsufficientScope, PermissionDenied, Unauthenticated
from domain.shared.ids import route_of, route_of_workspace
from domain.shared.jobs import LeasedJob
from domain.shared.ranks import RankedEnum

MOST_LOADED = 50  # memberships that are loaded with each request


class Role(RankedEnum):
    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    GUEST = "GUEST"


class Scope(StrEnum):
    """The most that an API key may do; each scope includes the previous ones."""

    READ = "READ"
    WRITE = "WRITE"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True, eq=False)
class Permission:
    """A permission that a role can grant. Each slice defines its own in domain/<slice>/slice.py.

    Seeing something takes no permission: members see their whole workspace, and guests see their areas of it.
    """

    action: str
    """Description of the allowed action, as it reads after "to": `change issues`."""
    least: Role
    """The lowest role that has it; all higher roles have it too."""
    roles: frozenset[Role] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", frozenset(role for role in Role if role.rank >= self.least.rank))

    @property
    def scope(self) -> Scope:
        """The scope that an API key needs besides the role of its owner."""
        return Scope.WRITE if Role.MEMBER in self.roles else Scope.ADMIN


def with_held(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes and all scopes that they include."""
    order = list(Scope)
    return frozenset(held for scope in scopes for held in order[: order.index(scope) + 1])


class Cause(StrEnum):
    """Why a change happened; imports and seeds trigger no mail, webhook or mention."""

    USER = "USER"
    IMPORT = "IMPORT"
    SEED = "SEED"
    SYSTEM = "SYSTEM"
    UNDO = "UNDO"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """Idempotency key of a request, with a digest of the request."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInfo:
    """Network address and `User-Agent` of the client that sent a request."""

    address: str
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An API key and the scopes and workspaces that it grants."""

    key_id: str
    scopes: frozenset[Scope]
    is_confined: bool
    """Whether the key is limited to some of the user's workspaces."""


class Memberships(Protocol):
    async def load(self, routes: Collection[int]) -> None:
        """Adds the user's memberships in workspaces with these routes to the actor's roles and areas."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The actor of a use case: a user with the roles loaded once per request, a job, or an anonymous client.

    `areas` holds the areas of a guest, by workspace; actors with another role there see every area. A user with more
    than MOST_LOADED memberships has `on_demand`; then `roles` and `areas` grow with `reach` and `reach_workspaces`, and
    a membership that has not been loaded counts as none.
    """

    user_id: str | None = None
    session_id: str | None = None
    expires_at: datetime | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    areas: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cause: Cause = Cause.USER
    change_set: int | None = None
    """Change set of the commit that started a job, for all that the job changes; None for a commit of its own."""
    job: LeasedJob | None = None
    idempotency: IdempotencyKey | None = None
    is_system: bool = False
    client: ClientInfo | None = None
    grant: Grant | None = None
    on_demand: Memberships | None = None

    @classmethod
    def system(cls, job: LeasedJob | None = None, *, cause: Cause = Cause.SYSTEM) -> "Actor":
        return cls(is_system=True, cause=cause, job=job)

    @property
    def signed_in_id(self) -> str:
        """The user's id; raises Unauthenticated for an actor without a user."""
        if self.user_id is None:
            raise Unauthenticated(AUTHENTICATION_REQUIRED)
        return self.user_id

    async def reach(self, ids: Iterable[str]) -> None:
        """Loads the memberships in workspaces that can hold objects with these IDs; does nothing if all are loaded."""
        if self.on_demand is not None:
            await self.on_demand.load({route_of(entity_id) for entity_id in ids})

    async def reach_workspaces(self, workspace_ids: Iterable[str]) -> None:
        """Loads the memberships in these workspaces; does nothing if all are loaded."""
        if self.on_demand is not None:
            await self.on_demand.load({route_of_workspace(workspace_id) for workspace_id in workspace_ids})

    def sees(self, workspace_id: str) -> bool:
        return self.is_system or workspace_id in self.roles

    def sees_area(self, workspace_id: str, area_id: str) -> bool:
        if not self.is_guest_in(workspace_id):
            return self.sees(workspace_id)
        return area_id in self.areas.get(workspace_id, ())

    @property
    def is_guest(self) -> bool:
        """Whether the actor is a guest in any workspace."""
        return Role.GUEST in self.roles.values() and not self.is_system

    def is_guest_in(self, workspace_id: str) -> bool:
        """Whether the actor sees areas only. Where a membership is not loaded, it is a guest without areas."""
        role = self.roles.get(workspace_id)
        return (role == Role.GUEST or (role is None and self.on_demand is not None)) and not self.is_system

    def may(self, permission: Permission, workspace_id: str) -> bool:
        if self.is_system:
            return True
        role = self.roles.get(workspace_id)
        return role is not None and role in permission.roles

    def require(self, permission: Permission, workspace_id: str) -> None:
        """Raises PermissionDenied unless the actor's role there allows it, InsufficientScope if its key does not."""
        if not self.may(permission, workspace_id):
            raise PermissionDenied(f"Your role does not allow you to {permission.action}.")
        self.require_scope(permission.scope)

    def is_allowed(self, permission: Permission, workspace_id: str) -> bool:
        """Whether the actor's role there, and its API key if it has one, allow it."""
        has_scope = self.grant is None or permission.scope in self.grant.scopes
        return has_scope and self.may(permission, workspace_id)

    def require_scope(self, scope: Scope) -> None:
        """Raises InsufficientScope for an API key without that scope."""
        if self.grant is not None and scope not in self.grant.scopes:
            raise InsufficientScope(scope.value.lower())

    def require_everywhere(self, scope: Scope) -> None:
        """Requires the scope, and raises PermissionDenied for a key that is limited to some workspaces."""
        self.require_scope(scope)
        if self.grant is not None and self.grant.is_confined:
            raise PermissionDenied("An API key that is limited to certain workspaces cannot perform this action.")

    def require_session(self) -> str:
        """The user's id; raises Unauthenticated for an anonymous actor, PermissionDenied for an API key."""
        user_id = self.signed_in_id
        if self.grant is not None:
            raise PermissionDenied("An API key cannot perform this action. Sign in instead.")
        return user_id

    def acting_for(self, user_id: str) -> "Actor":
        """The actor with changes attributed to that user, for a job that works on the user's behalf."""
        return replace(self.without_request_data(), user_id=user_id)

    def continuing(self, *, started_by_id: str | None, change_set: int) -> "Actor":
        """The actor of a job that continues what that user, or without one the server, has started.

        Changes are attributed to the user, and belong to the change set of the start.
        """
        acting = self if started_by_id is None else self.acting_for(started_by_id)
        return replace(acting, change_set=change_set)

    def without_request_data(self) -> "Actor":
        """The actor without data that is valid for one request only."""
        return self
