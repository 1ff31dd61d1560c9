from dataclasses import dataclass
from typing import ClassVar

from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceBook(Job):
    kind: ClassVar[str] = "library.announce_book"

    book_id: str
