"""Names of the rows of tables whose objects are named by their IDs in the log."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, literal, select
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRows:
    """Names of one table's rows, and their area, if the rows are in areas."""

    name: InstrumentedAttribute[str]
    area_id: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | None = None

    @property
    def rows(self) -> Any:
        table = self.name.class_
        area_id: Any = literal(None, Text(collation="C")) if self.area_id is None else self.area_id
        return select(table.workspace_id, table.id, self.name.label("name"), area_id.label("area_id"))
