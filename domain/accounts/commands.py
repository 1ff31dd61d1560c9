from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    email: str
    name: str
    password: str = field(repr=False)
    time_zone: str = "UTC"
