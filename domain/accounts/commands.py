from dataclasses import dataclass, field

from domain.shared.unset import UNSET, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    email: str
    name: str
    password: str = field(repr=False)
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanges:
    """`initials`: None for those of the name."""

    name: str | Unset = UNSET
    initials: str | Unset | None = UNSET
    time_zone: str | Unset = UNSET
