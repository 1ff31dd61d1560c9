"""Tables with runs of jobs that change workspaces."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import InstrumentedAttribute

from infra.db.visibility import in_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRuns:
    """Runs by the change set of the commit that started each, and the time of their end, null before it."""

    change_set: InstrumentedAttribute[int]
    ended: InstrumentedAttribute[datetime | None]

    def has_unfinished(self, change_set: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a run of the change set, in the workspace of the parameter, is unfinished."""
        table = self.change_set.class_
        here = in_workspace(table.workspace_id)
        return exists().where(here, self.ended.is_(None), self.change_set == change_set)
