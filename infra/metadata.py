"""Metadata of all tables, those of the slices and those that belong to none, for migrations."""

from collections.abc import Iterable, Sequence
from typing import cast

from sqlalchemy import Table
from sqlalchemy.schema import sort_tables

from infra.auth.access_routines import ACCESS_ROUTINES
from infra.commit_routine import COMMIT_ROUTINE
from infra.db.base import Base
from infra.db.routines import declare
from infra.db.tables import ListSizeRow
from infra.jobs.tables import IdempotencyRow, JobRow, ScheduleRow
from infra.parts import SliceAdapters
from infra.slices import PLATFORM, TRACKER


def tables_of(slices: Iterable[SliceAdapters]) -> Sequence[type[Base]]:
    """Tables of an application with these slices."""
    return (IdempotencyRow, JobRow, ListSizeRow, ScheduleRow, *(table for each in slices for table in each.tables))


def sorted_tables_of(slices: Iterable[SliceAdapters]) -> Sequence[Table]:
    """Tables of an application with these slices, each after those that it refers to."""
    return sort_tables([cast("Table", table.__table__) for table in tables_of(slices)])


TABLES = tables_of((*PLATFORM, *TRACKER))
metadata = Base.metadata
declare(metadata, (*ACCESS_ROUTINES, COMMIT_ROUTINE))
