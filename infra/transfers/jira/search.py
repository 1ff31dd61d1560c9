"""Values of a Jira search answer outside its issues."""

from collections import Counter
from collections.abc import Callable, Sequence

from domain.transfers.records import UNUSED, Item, Loss, LossCode
from infra.transfers.jira import members as kinds
from infra.transfers.json_walk import Element, Shape
from infra.transfers.reading import LARGEST_NUMBER, UnreadableError, parse_object


class Search:
    """Reads the issues of a file with `read`, and the values around them if the file consists of search answers."""

    shape = Shape(lists=frozenset(("issues",)), marks=frozenset(("key", "fields")))

    def __init__(self, read: Callable[[Element], Item]) -> None:
        self.issue = read
        self._total = 0
        self._is_last: bool | None = None
        self._unused: Counter[str] = Counter()

    def note(self, element: Element) -> bool:
        if element.member in ("total", "isLast"):
            self._note_extent(element)
        elif element.member in kinds.SEARCH.formal:
            self._unused[f"search.{element.member}"] += 1
        return element.member in kinds.SEARCH.used | kinds.SEARCH.formal

    def losses(self, issues: int) -> Sequence[Loss]:
        """A loss if the file has fewer issues than the search found, as often with a file of a single page."""
        missing = max(self._total - issues, int(self._is_last is False))
        reason = "The search result has more issues than the file contains."
        counts = [("issues", LossCode.INCOMPLETE, reason, missing)] if missing else []
        counts += [(member, LossCode.UNUSED, UNUSED, count) for member, count in self._unused.items()]
        return [
            Loss(line=1, key=None, field=field, code=code, reason=reason, count=count)
            for field, code, reason, count in counts
        ]

    def _note_extent(self, element: Element) -> None:
        try:
            found = parse_object(b'{"found":' + element.raw + b"}")[0].get("found")
        except UnreadableError:
            return
        if isinstance(found, bool):
            self._is_last = found
        elif isinstance(found, int):
            self._total = max(self._total, min(found, LARGEST_NUMBER))
