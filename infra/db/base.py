"""Base of the table classes, which declare columns but no relationships, so that nothing loads lazily.

Each table of workspace data has `workspace_id` first in its primary key, unique constraints and foreign keys. So the
database itself refuses links between workspaces, and the tables can be distributed by workspace.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

N = TypeVar("N", bound=IntEnum)

Id = Annotated[str, mapped_column(Text(collation="C"))]
Key = Annotated[str, mapped_column(Text(collation="C"))]
Plain = Annotated[dict[str, Any], mapped_column(JSONB)]


MANY_ROWS = {
    "postgresql_with": {
        "autovacuum_vacuum_scale_factor": 0.02,
        "autovacuum_vacuum_insert_scale_factor": 0.05,
        "autovacuum_analyze_scale_factor": 0.02,
    }
}
"""Storage of tables with rows for each issue: by default, autovacuum waits until a fifth of the rows are dead, and the
statistics until a tenth have changed, which is 200,000 and 100,000 rows in a workspace of a million issues."""


class Base(DeclarativeBase):
    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {
        str: Text,
        int: Integer,
        date: Date,
        datetime: DateTime(timezone=True),
    }


class NumberedEnum(TypeDecorator[N], Generic[N]):
    """Column type that stores an IntEnum as its number, so that the database can sort by it."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, enum: type[N]) -> None:
        super().__init__()
        self.enum = enum
        self._by_number = {member.value: member for member in enum}

    def process_bind_param(self, value: N | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> N | None:
        return None if value is None else self._by_number[value]


def named_enum(enum: type[StrEnum]) -> Enum:
    """Column type that stores a StrEnum as its value."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        length=None,
        values_callable=lambda members: [member.value for member in members],
    )


def route_of(workspace_id: str) -> Computed:
    """Generated column with the route of the workspace whose ID is in the column (domain/shared/ids.py)."""
    digest = f"sha256({workspace_id}::bytea)"
    return Computed(f"get_byte({digest}, 30) << 8 | get_byte({digest}, 31)", persisted=True)


def one_of(column: str, enum: type[StrEnum]) -> CheckConstraint:
    """Check constraint that allows only values of the enum in the column."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def replaceable(table: str) -> tuple[Any, ...]:
    """Constraints and index of a table whose rows can be deleted by a batch run that puts others in their place."""
    return (
        ForeignKeyConstraint(["workspace_id", "replaced_by_id"], [f"{table}.workspace_id", f"{table}.id"]),
        CheckConstraint("deleting_since IS NOT NULL OR replaced_by_id IS NULL", name="replaced_while_deleted"),
        Index(None, "workspace_id", "replaced_by_id", postgresql_where=text("replaced_by_id IS NOT NULL")),
    )


def in_same_workspace(
    *columns: str, of: type[Base], to: tuple[str, ...] = ("id",), ondelete: str | None = None
) -> ForeignKeyConstraint:
    """Foreign key to a row of the same workspace; `to` are the referenced columns besides `workspace_id`."""
    referenced = [getattr(of, name) for name in ("workspace_id", *to)]
    return ForeignKeyConstraint(["workspace_id", *columns], referenced, ondelete=ondelete)
