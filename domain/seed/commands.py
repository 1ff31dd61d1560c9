from dataclasses import dataclass, field

DEMO_EMAIL = "demo@workgraph.local"
DEMO_PASSWORD = "marble-otter-lantern"  # noqa: S105  known to everybody, and made in development only
DEMO_SLUG = "acme"
DEFAULT_SIZE = 500
LARGEST_SIZE = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOrder:
    """What demo data to make; without a password the owner must have an account already."""

    slug: str = DEMO_SLUG
    size: int = DEFAULT_SIZE
    owner_email: str = DEMO_EMAIL
    owner_password: str | None = field(default=None, repr=False)
    is_first_only: bool = False
    """Does nothing if there is any workspace."""
