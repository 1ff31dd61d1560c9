"""Parents of lists that are columns, and answers of a database that holds their lists."""

from collections.abc import Iterator, Sequence
from typing import Any


class Columns(Sequence[Any]):
    """Parents whose attributes are known as columns. Making an object of one is an error."""

    def __init__(self, **columns: list[Any]) -> None:
        self._columns = columns

    def column(self, name: str) -> list[Any]:
        return self._columns[name]

    def __len__(self) -> int:
        return len(self._columns["id"])

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("an object is made for each parent")

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("an object is made of a parent")


class Answers:
    """Reads that answer with prepared rows, one list for each statement, and note the parameters."""

    def __init__(self, *rows: list[tuple[Any, ...]]) -> None:
        self._rows = list(rows)
        self.asked: list[dict[str, Any]] = []

    async def fetch(self, statement: object, **params: Any) -> list[tuple[Any, ...]]:
        self.asked.append(params)
        return self._rows.pop(0)

    async def fetch_within(self, seconds: float, statement: object, **params: Any) -> list[tuple[Any, ...]]:
        return await self.fetch(statement, **params)

    @property
    def session(self) -> Any:
        return self
