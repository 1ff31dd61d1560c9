from dataclasses import dataclass
from typing import ClassVar

from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBatch(Job):
    kind: ClassVar[str] = "batches.run"
    is_long: ClassVar[bool] = True

    run_id: str
