"""People."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NewType

UserId = NewType("UserId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person; a placeholder stands for somebody that an import named and who has not signed up."""

    prefix: ClassVar[str] = "usr"

    id: UserId
    name: str
    email: str | None
    is_placeholder: bool
    created_at: datetime
    updated_at: datetime
