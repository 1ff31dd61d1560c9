from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Label,
    Select,
    Subquery,
    Text,
    bindparam,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from domain.audit.model import LogSpan, Subject
from domain.shared.conflicts import LaterChange
from domain.shared.deleted_objects import DeletedObject
from infra.audit.tables import DeletedObjectRow, EventRow, EventTextRow, SecurityEventRow
from infra.db.arrays import among
from infra.db.entities import builder_of, columns_of
from infra.db.visibility import in_workspace
from infra.db.write_connection import Connection
from infra.workspaces.tables import RevisionRow

_FIELDS = func.jsonb_each(EventRow.changes).table_valued(column("key", Text), column("value", JSONB)).lateral("field")


def _first(value: Any, name: str) -> Label[Any]:
    """The value at the first later event of an object's field."""
    return (
        func.first_value(value)
        .over(partition_by=(EventRow.subject_id, _FIELDS.c.key), order_by=EventRow.revision)
        .label(name)
    )


# One row for each object and field: the value before the first later event, and author and time of the last one. An
# object can have thousands of later events, and the input has few fields.
def _later_changes(of: ColumnElement[bool]) -> Subquery:
    here = in_workspace(EventRow.workspace_id)
    return (
        select(
            EventRow.subject_id,
            _FIELDS.c.key,
            _first(_FIELDS.c.value[0], "base"),
            _first(EventRow.revision, "base_revision"),
            _first(EventRow.area_id, "base_area_id"),
            EventRow.area_id,
            EventRow.actor_id,
            EventRow.occurred_at,
        )
        .select_from(EventRow)
        .join(_FIELDS, true())
        .where(here, of, EventRow.revision > bindparam("after", type_=BigInteger), among(_FIELDS.c.key, "fields"))
        .ext(distinct_on(EventRow.subject_id, _FIELDS.c.key))
        .order_by(EventRow.subject_id, _FIELDS.c.key, EventRow.revision.desc())
        .subquery("later")
    )


def _with_span(later: Subquery) -> Select[Any]:
    """The revisions of the log, with the changes and their long texts; one row without changes if there are none."""
    base_text = (
        in_workspace(EventTextRow.workspace_id)
        & (EventTextRow.revision == later.c.base_revision)
        & (EventTextRow.field == later.c.key)
        & (EventTextRow.side == 0)
    )
    return (
        select(RevisionRow.first_revision, RevisionRow.revision, *later.c, EventTextRow.body)
        .select_from(RevisionRow)
        .outerjoin(later, true())
        .outerjoin(EventTextRow, base_text)
        .where(in_workspace(RevisionRow.workspace_id))
    )


_LATER_OF_ONE = _with_span(_later_changes(EventRow.subject_id == bindparam("subject_id")))
_LATER_OF_ALL = _with_span(_later_changes(among(EventRow.subject_id, "subject_ids")))


_DELETED_HERE = in_workspace(DeletedObjectRow.workspace_id)
_DELETED = (
    select(*columns_of(DeletedObjectRow, DeletedObject))
    .where(_DELETED_HERE, among(DeletedObjectRow.id, "ids"))
    .order_by(DeletedObjectRow.id)
)
_FORGET = delete(DeletedObjectRow).where(_DELETED_HERE, among(DeletedObjectRow.id, "ids"))
_FORGET_AREA = delete(DeletedObjectRow).where(_DELETED_HERE, DeletedObjectRow.area_id == bindparam("in_area"))
_build_deleted = builder_of(DeletedObject)


class SqlSecurityLog:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def forget_origins(self, user_id: str) -> None:
        theirs = or_(SecurityEventRow.user_id == user_id, SecurityEventRow.actor_id == user_id)
        await self._connection.execute(update(SecurityEventRow).where(theirs).values(address=None, device=None))


class SqlDeletedObjects:
    """Stores deleted objects, and those of an area until it is deleted itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, deleted: DeletedObject) -> None:
        await self.keep_all([deleted])

    async def keep_all(self, deleted: Sequence[DeletedObject]) -> None:
        await self._connection.execute(insert(DeletedObjectRow), [asdict(each) for each in deleted])

    async def by_ids(self, workspace_id: str, ids: Collection[str]) -> Sequence[DeletedObject]:
        found = await self._connection.execute(_DELETED, {"workspace_id": workspace_id, "ids": list(ids)})
        return [_build_deleted(row) for row in found]

    async def forget(self, workspace_id: str, ids: Collection[str]) -> None:
        await self._connection.execute(_FORGET, {"workspace_id": workspace_id, "ids": list(ids)})

    async def forget_area(self, workspace_id: str, area_id: str) -> None:
        """Removes the rows of objects of an area that is deleted in this transaction."""
        await self._connection.execute(_FORGET_AREA, {"workspace_id": workspace_id, "in_area": area_id})


class SqlLaterChanges:
    """Reads the changes of an object after a revision, in a transaction that has locked the object."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(
        self, subject: Subject, fields: Collection[str], *, after: int
    ) -> tuple[LogSpan, Sequence[LaterChange]]:
        """The revisions that the log has, and one change for each of these fields that changed."""
        params = {"workspace_id": subject.workspace_id, "subject_id": subject.id, "after": after}
        return await self._found(_LATER_OF_ONE, params | {"fields": list(fields)})

    async def of_all(
        self, workspace_id: str, subject_ids: Collection[str], fields: Collection[str], *, after: int
    ) -> tuple[LogSpan, Sequence[LaterChange]]:
        """The revisions that the log has, and one change for each of these fields of each object, deleted ones too."""
        params = {"workspace_id": workspace_id, "subject_ids": list(subject_ids), "after": after}
        return await self._found(_LATER_OF_ALL, params | {"fields": list(fields)})

    async def _found(self, statement: Select[Any], params: Mapping[str, Any]) -> tuple[LogSpan, Sequence[LaterChange]]:
        rows = (await self._connection.execute(statement, params)).all()
        span = LogSpan(first=rows[0][0], last=rows[0][1]) if rows else LogSpan()
        return span, [_later(row[2:]) for row in rows if row[2] is not None]


def _later(row: Any) -> LaterChange:
    subject_id, field, base, _, base_area_id, area_id, actor_id, occurred_at, long_text = row
    return LaterChange(
        subject_id=subject_id,
        field=field,
        base=base if long_text is None else long_text,
        area_ids=(base_area_id, area_id),
        changed_by_id=actor_id,
        changed_at=occurred_at,
    )
