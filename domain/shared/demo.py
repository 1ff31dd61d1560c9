"""The account and workspace of the demo data, known to everybody and made in development only."""

DEMO_EMAIL = "demo@workgraph.local"
DEMO_PASSWORD = "marble-otter-lantern"  # noqa: S105  known to everybody
DEMO_SLUG = "acme"
