from dataclasses import dataclass, field

from domain.shared.demo import DEMO_EMAIL, DEMO_SLUG

DEFAULT_SIZE = 500
LARGEST_SIZE = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOrder:
    """Options of the demo data; without a password the owner needs an existing account."""

    slug: str = DEMO_SLUG
    size: int = DEFAULT_SIZE
    owner_email: str = DEMO_EMAIL
    owner_password: str | None = field(default=None, repr=False)
    is_first_only: bool = False
    """Whether to create nothing if any workspace exists."""
