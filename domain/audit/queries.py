from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """The histories of objects of one kind, with changes of these kinds, or of all if it is None."""

    of: str
    kinds: frozenset[str] | None = None
