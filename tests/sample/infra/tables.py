from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id, NumberedEnum, in_same_workspace
from infra.workspaces.tables import WorkspaceRow
from tests.sample.domain.conditions import Availability, Condition
from tests.sample.domain.queries import COVERED_LISTS, INDEXED_ORDERS, BookOrder


class SampleBase(Base):
    """Base of the sample's tables, whose metadata keeps them out of migrations."""

    __abstract__ = True

    metadata: ClassVar[MetaData] = MetaData(naming_convention=Base.metadata.naming_convention)


class ShelfRow(SampleBase):
    __tablename__ = "shelf"
    __table_args__ = (UniqueConstraint("workspace_id", "name"), Index(None, "workspace_id", "created_at", "id"))

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AuthorRow(SampleBase):
    __tablename__ = "author"
    __table_args__ = (Index(None, "workspace_id", "name", "id"),)

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TagRow(SampleBase):
    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


_AVAILABILITY = f"CASE WHEN archived_at IS NULL THEN {Availability.ON_SHELF:d} ELSE {Availability.ARCHIVED:d} END"


def _list_indexes() -> Iterator[Index]:
    """An index for each order in `INDEXED_ORDERS`."""
    for parent, orders in INDEXED_ORDERS.items():
        above = [] if parent == "workspace_id" else [parent]
        for order in orders:
            keys = dict.fromkeys([*order, "created_at", "id"])
            options: dict[str, Any] = {}
            if parent in COVERED_LISTS:
                others = [by.value for by in BookOrder if by not in keys]
                options = {"postgresql_where": text(f"{parent} IS NOT NULL"), "postgresql_include": others}
            name = f"ix_book_{parent.removesuffix('_id')}_{'_'.join(order)}"
            yield Index(name, "workspace_id", *above, "availability", *keys, **options)


class BookRow(SampleBase):
    __tablename__ = "book"
    __table_args__ = (
        in_same_workspace("shelf_id", of=ShelfRow),
        in_same_workspace("author_id", of=AuthorRow),
        ForeignKeyConstraint(["workspace_id", "parent_id"], ["book.workspace_id", "book.id"]),
        CheckConstraint("parent_id <> id", name="parent_other"),
        *_list_indexes(),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    shelf_id: Mapped[Id]
    title: Mapped[str]
    description: Mapped[str]
    condition: Mapped[Condition | None] = mapped_column(NumberedEnum(Condition))
    pages: Mapped[int | None]
    published_on: Mapped[date | None]
    lent_on: Mapped[date | None]
    due_on: Mapped[date | None]
    author_id: Mapped[Id | None]
    parent_id: Mapped[Id | None]
    archived_at: Mapped[datetime | None]
    availability: Mapped[Availability] = mapped_column(
        NumberedEnum(Availability), Computed(_AVAILABILITY, persisted=True)
    )
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


def has_availability(availability: Availability) -> ColumnElement[bool]:
    # A literal, because PostgreSQL keeps no plan for a value that it does not know.
    return BookRow.availability == literal_column(f"{availability:d}")


class BookTagRow(SampleBase):
    __tablename__ = "book_tag"
    __table_args__ = (
        in_same_workspace("book_id", of=BookRow),
        in_same_workspace("tag_id", of=TagRow),
        Index(None, "workspace_id", "tag_id", "book_id"),
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    book_id: Mapped[Id] = mapped_column(primary_key=True)
    tag_id: Mapped[Id] = mapped_column(primary_key=True)


TABLES = (ShelfRow, AuthorRow, TagRow, BookRow, BookTagRow)
