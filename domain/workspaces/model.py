"""Workspaces and who belongs to them."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, NewType

from domain.accounts.model import UserId, check_email
from domain.shared.actor import Role
from domain.shared.addresses import normal_address
from domain.shared.checks import Checks
from domain.shared.entities import from_draft, rechecked
from domain.shared.unset import sent_fields
from domain.workspaces.commands import InvitationDraft, WorkspaceChanges, WorkspaceDraft

WorkspaceId = NewType("WorkspaceId", str)
MemberId = NewType("MemberId", str)
InvitationId = NewType("InvitationId", str)

INVITATION_LIFE = timedelta(days=7)
MOST_AREAS = 20  # of one invitation

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?", re.ASCII)
SLUG_RULE = "1 to 48 lowercase letters, digits and hyphens, with no hyphen at the start or end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The tenant. No object of a workspace refers to another workspace."""

    prefix: ClassVar[str] = "wsp"

    id: WorkspaceId
    slug: str
    name: str
    created_at: datetime
    updated_at: datetime

    @property
    def workspace_id(self) -> WorkspaceId:
        return self.id

    @classmethod
    def drafted(cls, draft: WorkspaceDraft, *, id: WorkspaceId, now: datetime) -> "Workspace":
        return from_draft(cls, draft, id=id, created_at=now, updated_at=now).checked()

    def changed(self, changes: WorkspaceChanges, *, now: datetime) -> "Workspace":
        return rechecked(self, now=now, **sent_fields(changes))

    def checked(self) -> "Workspace":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            check.matches("slug", self.slug, SLUG, SLUG_RULE)
            name = check.name("name", self.name, longest=80)
        return self if name == self.name else replace(self, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user's membership in a workspace."""

    prefix: ClassVar[str] = "mem"

    id: MemberId
    workspace_id: WorkspaceId
    user_id: UserId
    role: Role
    created_at: datetime
    updated_at: datetime

    @classmethod
    def joining(
        cls, workspace_id: WorkspaceId, user_id: UserId, role: Role, *, id: MemberId, now: datetime
    ) -> "Member":
        return cls(id=id, workspace_id=workspace_id, user_id=user_id, role=role, created_at=now, updated_at=now)

    def touched(self, *, now: datetime) -> "Member":
        """The member after taking over the work of a placeholder."""
        return replace(self, updated_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation of one person to a workspace, by address or, without one, by the first use of its link.

    `generation` counts the secrets sent, of which only the last is valid; the address is removed as soon
    as the invitation can no longer be accepted. `area_ids` are the areas that a guest will join.
    """

    prefix: ClassVar[str] = "inv"

    id: InvitationId
    workspace_id: WorkspaceId
    email: str | None
    role: Role
    generation: int
    digest: str = field(repr=False)
    area_ids: tuple[str, ...]
    created_by_id: UserId
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None = None
    accepted_by_id: UserId | None = None
    revoked_at: datetime | None = None

    @classmethod
    def drafted(
        cls, draft: InvitationDraft, *, id: InvitationId, digest: str, created_by_id: UserId, now: datetime
    ) -> "Invitation":
        """Raises Rejected for an invalid address, and for areas with a role that sees all areas."""
        email = None if draft.email is None else normal_address(draft.email)
        area_ids = tuple(dict.fromkeys(draft.area_ids))
        with Checks() as check:
            check.count("area_ids", len(draft.area_ids), most=MOST_AREAS)
            if area_ids and draft.role != Role.GUEST:
                check.fail(
                    "area_ids",
                    "{field} is only for the role `GUEST`. Members with other roles have access to everything.",
                )
            if email is not None:
                check_email(check, email)
        return from_draft(
            cls,
            draft,
            id=id,
            email=email,
            generation=1,
            digest=digest,
            area_ids=area_ids,
            created_by_id=created_by_id,
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        )

    @property
    def is_open(self) -> bool:
        """Whether the invitation was neither accepted nor revoked. An expired invitation is open and can be resent."""
        return self.accepted_at is None and self.revoked_at is None

    def is_good(self, now: datetime) -> bool:
        return self.is_open and now < self.expires_at

    def renewed(self, by_id: UserId, *, digest: str, now: datetime) -> "Invitation":
        """The invitation with a new secret and inviter; the previous secret becomes invalid."""
        expires_at = now + INVITATION_LIFE
        return replace(self, generation=self.generation + 1, digest=digest, created_by_id=by_id, expires_at=expires_at)

    def accepted(self, user_id: UserId, *, now: datetime) -> "Invitation":
        return replace(self, email=None, accepted_at=now, accepted_by_id=user_id)

    def revoked(self, *, now: datetime) -> "Invitation":
        return replace(self, email=None, revoked_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvitation:
    """An invitation with the link that accepts it; the inviter is given the link only where no mail carries it."""

    invitation: Invitation
    link: str | None = field(repr=False)
