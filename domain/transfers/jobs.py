from dataclasses import dataclass
from typing import ClassVar

from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class RunImport(Job):
    kind: ClassVar[str] = "transfers.run_import"
    is_long: ClassVar[bool] = True

    run_id: str
