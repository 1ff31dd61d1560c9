"""Metadata of all tables, those of the slices and those that belong to none, for migrations."""

from infra.auth.access_routines import ACCESS_ROUTINES
from infra.commit_routine import COMMIT_ROUTINE
from infra.db.base import Base
from infra.db.routines import declare
from infra.db.tables import ListSizeRow
from infra.jobs.tables import IdempotencyRow, JobRow, ScheduleRow
from infra.slices import PLATFORM, TRACKER

TABLES = (
    IdempotencyRow,
    JobRow,
    ListSizeRow,
    ScheduleRow,
    *(table for each in (*PLATFORM, *TRACKER) for table in each.tables),
)
metadata = Base.metadata
declare(metadata, (*ACCESS_ROUTINES, COMMIT_ROUTINE))
