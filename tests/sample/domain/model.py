from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar, NewType

from domain.shared.checks import Checks
from domain.shared.entities import from_draft, rechecked, revised
from domain.shared.errors import ErrorCode
from domain.shared.unset import sent_fields
from domain.workspaces.model import Workspace, WorkspaceId
from tests.sample.domain.commands import AuthorDraft, BookChanges, BookDraft, ShelfChanges, ShelfDraft, TagDraft
from tests.sample.domain.conditions import Availability, Condition

ShelfId = NewType("ShelfId", str)
AuthorId = NewType("AuthorId", str)
TagId = NewType("TagId", str)
BookId = NewType("BookId", str)

MOST_TAGS = 20
MOST_PAGES = 10_000


def with_checked_name(entity: Any) -> Any:
    """The entity with its name normalized; raises Rejected if the name breaks a rule."""
    with Checks() as check:
        name = check.line("name", entity.name, longest=80)
    return replace(entity, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """An area of a workspace, with a list of books."""

    prefix: ClassVar[str] = "shf"

    id: ShelfId
    workspace_id: WorkspaceId
    name: str
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.id

    @classmethod
    def drafted(cls, draft: ShelfDraft, *, id: ShelfId, workspace: Workspace, now: datetime) -> "Shelf":
        return from_draft(cls, draft, id=id, workspace_id=workspace.id, created_at=now, updated_at=now).checked()

    def changed(self, changes: ShelfChanges, *, now: datetime) -> "Shelf":
        return rechecked(self, now=now, **sent_fields(changes))

    def checked(self) -> "Shelf":
        checked: Shelf = with_checked_name(self)
        return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    prefix: ClassVar[str] = "aut"

    id: AuthorId
    workspace_id: WorkspaceId
    name: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def drafted(cls, draft: AuthorDraft, *, id: AuthorId, workspace: Workspace, now: datetime) -> "Author":
        return from_draft(cls, draft, id=id, workspace_id=workspace.id, created_at=now, updated_at=now).checked()

    def checked(self) -> "Author":
        checked: Author = with_checked_name(self)
        return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    prefix: ClassVar[str] = "tag"

    id: TagId
    workspace_id: WorkspaceId
    name: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def drafted(cls, draft: TagDraft, *, id: TagId, workspace: Workspace, now: datetime) -> "Tag":
        return from_draft(cls, draft, id=id, workspace_id=workspace.id, created_at=now, updated_at=now).checked()

    def checked(self) -> "Tag":
        checked: Tag = with_checked_name(self)
        return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A book on a shelf. `parent_id` is the book on the same shelf whose volume it is."""

    prefix: ClassVar[str] = "bok"

    id: BookId
    workspace_id: WorkspaceId
    shelf_id: ShelfId
    title: str
    description: str
    condition: Condition | None = None
    pages: int | None = None
    published_on: date | None = None
    lent_on: date | None = None
    due_on: date | None = None
    author_id: AuthorId | None = None
    parent_id: BookId | None = None
    archived_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.shelf_id

    @property
    def availability(self) -> Availability:
        return Availability.ON_SHELF if self.archived_at is None else Availability.ARCHIVED

    @classmethod
    def drafted(cls, draft: BookDraft, *, id: BookId, shelf: Shelf, now: datetime) -> "Book":
        """`draft` has the IDs of author and parent that the actor may use."""
        return from_draft(
            cls, draft, id=id, workspace_id=shelf.workspace_id, shelf_id=shelf.id, created_at=now, updated_at=now
        ).checked()

    def changed(self, changes: BookChanges, *, now: datetime) -> "Book":
        sent = sent_fields(changes)
        sent.pop("tags", None)
        return rechecked(self, now=now, **sent)

    def touched(self, *, now: datetime) -> "Book":
        """The book after a change of its tags."""
        return replace(self, updated_at=now)

    def archived(self, *, now: datetime) -> "Book":
        return revised(self, now=now, archived_at=self.archived_at or now)

    def restored(self, *, now: datetime) -> "Book":
        return revised(self, now=now, archived_at=None)

    def checked(self) -> "Book":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            title = check.line("title", self.title)
            check.text("description", self.description)
            if self.lent_on and self.due_on and self.lent_on > self.due_on:
                message = "{field} must not be after {other}."
                check.fail("lent_on", message, ErrorCode.OUT_OF_RANGE, other="due_on")
            if self.pages is not None:
                check.between("pages", self.pages, 1, MOST_PAGES)
        return replace(self, title=title)
