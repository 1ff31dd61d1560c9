from dataclasses import dataclass
from typing import ClassVar

from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPurges(Job):
    """Records the issues that an unfinished deletion of a project has deleted."""

    kind: ClassVar[str] = "projects.record_purges"
    is_long: ClassVar[bool] = True

    run_id: str
