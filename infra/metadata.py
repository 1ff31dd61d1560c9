"""Metadata of all tables, those of the slices and those of jobs, for migrations."""

from infra.db.base import Base
from infra.jobs.tables import IdempotencyRow, JobRow, ScheduleRow
from infra.slices import PLATFORM, TRACKER

TABLES = (IdempotencyRow, JobRow, ScheduleRow, *(table for each in (*PLATFORM, *TRACKER) for table in each.tables))
metadata = Base.metadata
