"""Workspaces and who belongs to them."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NewType

from domain.accounts.model import UserId
from domain.shared.actor import Role
from domain.shared.checks import Checks
from domain.shared.entities import rechecked
from domain.shared.unset import sent_fields
from domain.workspaces.commands import WorkspaceChanges, WorkspaceDraft

WorkspaceId = NewType("WorkspaceId", str)
MemberId = NewType("MemberId", str)

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?", re.ASCII)
SLUG_RULE = "1 to 48 lower-case letters, digits and hyphens, a hyphen neither first nor last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The tenant: nothing in one workspace refers to another."""

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
        return cls(id=id, slug=draft.slug, name=draft.name, created_at=now, updated_at=now).checked()

    def changed(self, changes: WorkspaceChanges, *, now: datetime) -> "Workspace":
        return rechecked(self, now=now, **sent_fields(changes))

    def checked(self) -> "Workspace":
        """The entity with its text normalised; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            check.matches("slug", self.slug, SLUG, SLUG_RULE)
            name = check.line("name", self.name, longest=80)
        return self if name == self.name else replace(self, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person's place in a workspace."""

    prefix: ClassVar[str] = "mem"

    id: MemberId
    workspace_id: WorkspaceId
    user_id: UserId
    role: Role
    created_at: datetime
    updated_at: datetime
