from dataclasses import dataclass, field

from domain.shared.unset import UNSET, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Name and password of a new account."""

    name: str
    password: str = field(repr=False)
    time_zone: str = "UTC"

    def registration(self, email: str) -> "Registration":
        return Registration(email=email, name=self.name, password=self.password, time_zone=self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Newcomer):
    """Address, name and password of a new account."""

    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanges:
    """Changes of a profile. `initials` None derives them from the name."""

    name: str | Unset = UNSET
    initials: str | Unset | None = UNSET
    time_zone: str | Unset = UNSET
