from datetime import UTC, datetime, timedelta


class MemoryClock:
    """Clock that shows the same time until a test moves it."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, **by: float) -> None:
        """Moves the clock by the keyword arguments of timedelta."""
        self._now += timedelta(**by)
