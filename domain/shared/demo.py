"""Account and workspace of the demo data. They are public, and created in development only."""

DEMO_EMAIL = "demo@workgraph.local"
DEMO_PASSWORD = "marble-otter-lantern"  # noqa: S105  known to everybody
DEMO_SLUG = "acme"
