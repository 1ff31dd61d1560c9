"""What was measured of a case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A statement of a case, the buffers that it reads, and its plan."""

    text: str
    plan: str
    buffers: int
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Figures of a case at one size; `outcome` is the number of items or the code of the error."""

    group: str
    name: str
    page: str = "1"
    p50_ms: float
    p95_ms: float
    first_ms: float
    """Time of the first request, for which nothing was remembered."""
    most_ms: float
    buffers: int
    wal_bytes: int
    outcome: str
    is_refused: bool
    """Whether the answer is an error that the API documents for requests like this one."""
    is_failed: bool
    worst: Explained | None

    @property
    def title(self) -> str:
        """Name of the case, with its page."""
        return self.name if self.page == "1" else f"{self.name}, page {self.page}"


REFUSALS = frozenset({"SORT_NOT_INDEXED", "FILTER_TOO_BROAD"})


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; the greatest for few values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def outcome_of(answer: Mapping[str, Any]) -> str:
    """Code of the first error, or number of items or what was counted."""
    if answer.get("errors"):
        return code_of(answer) or "error"
    data = answer.get("data") or {}
    payloads = [part for part in data.values() if isinstance(part, dict)]
    if wrong := [error["message"] for payload in payloads for error in payload.get("errors") or ()]:
        return str(wrong[0])
    lists = list(lists_in(data))
    if any("totalCount" in each for each in lists):
        total = sum(each["totalCount"] for each in lists)
        return f"counted {'' if all(each['totalCountIsExact'] for each in lists) else 'at least '}{total:,}"
    return f"{sum(len(each['nodes']) for each in lists)} items" if lists else "answered"


def code_of(answer: Mapping[str, Any]) -> str | None:
    """Code of the first error, None without one."""
    errors = answer.get("errors")
    return str(errors[0].get("extensions", {}).get("code")) if errors else None


def lists_in(data: Any) -> Iterator[Mapping[str, Any]]:
    """The measured lists of an answer."""
    if isinstance(data, list):
        for each in data:
            yield from lists_in(each)
    elif isinstance(data, dict):
        if data.get("list") is not None:
            yield data["list"]
        for name, each in data.items():
            if name != "list":
                yield from lists_in(each)
