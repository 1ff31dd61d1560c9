from datetime import UTC, datetime

MADE = datetime(2026, 1, 1, tzinfo=UTC)
