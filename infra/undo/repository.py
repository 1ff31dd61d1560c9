from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Text,
    any_,
    bindparam,
    case,
    column,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import aliased

from domain.shared.batches import BatchRun
from domain.shared.events import FieldChange
from domain.shared.net_changes import StoredEvent
from domain.undo.ports import LastChange
from domain.undo.work import FIRST_CHANGE
from infra.audit.tables import EventRow, EventTextRow
from infra.batches.repository import fix_rows
from infra.db.arrays import among
from infra.db.visibility import in_workspace
from infra.db.write_connection import Connection

_CHANGE_SET = bindparam("change_set", type_=BigInteger)
_HERE = in_workspace(EventRow.workspace_id)
# The commit's own events directly precede its revision, so that this reads an index backward to the first other one.
_BEGIN = (
    select(func.coalesce(func.max(EventRow.revision), 0))
    .where(_HERE, EventRow.revision < _CHANGE_SET, EventRow.change_set != _CHANGE_SET)
    .scalar_subquery()
)
_OF_COMMIT = (EventRow.revision > _BEGIN) & (EventRow.revision <= _CHANGE_SET) & (EventRow.change_set == _CHANGE_SET)
_OF_JOB = (EventRow.change_set == _CHANGE_SET) & (EventRow.revision > EventRow.change_set)
_GIVEN = among(EventRow.subject_id.expression, "subject_ids")


_COLUMNS = (EventRow.revision, EventRow.type, EventRow.subject_id, EventRow.changes, EventRow.text_length)
_EVENTS = union_all(*(select(*_COLUMNS).where(_HERE, part) for part in (_OF_COMMIT, _OF_JOB))).order_by("revision")
_EVENTS_OF = select(*_COLUMNS).where(_HERE, _GIVEN, EventRow.change_set == _CHANGE_SET).order_by(EventRow.revision)
_OF_SET = union_all(
    *(select(EventRow.subject_id, EventRow.type, EventRow.changes).where(_HERE, part) for part in (_OF_COMMIT, _OF_JOB))
).subquery("of_set")
_INTEGERS = ARRAY(Integer)
_LATER = aliased(EventRow)
_TOUCHED_LATER = exists().where(
    in_workspace(_LATER.workspace_id),
    _LATER.subject_id == _OF_SET.c.subject_id,
    _LATER.revision > _CHANGE_SET,
    _LATER.change_set != _CHANGE_SET,
    _LATER.changes.has_any(func.array(select(func.jsonb_object_keys(_OF_SET.c.changes)).scalar_subquery())),
)
_TOUCHED = (
    select(_OF_SET.c.subject_id)
    .where(or_(among(_OF_SET.c.type, "types"), _TOUCHED_LATER))
    .distinct()
    .limit(bindparam("most", type_=BigInteger))
)
_TEXTS = select(EventTextRow.revision, EventTextRow.field, EventTextRow.side, EventTextRow.body).where(
    in_workspace(EventTextRow.workspace_id),
    EventTextRow.revision == any_(bindparam("revisions", type_=ARRAY(BigInteger))),
)
_FIELDS = func.jsonb_each(EventRow.changes).table_valued(column("key", Text), column("value", JSONB)).lateral("field")
_LAST = (
    select(EventRow.subject_id, _FIELDS.c.key, EventRow.actor_id, EventRow.occurred_at)
    .select_from(EventRow)
    .join(_FIELDS, true())
    .where(_HERE, _GIVEN, EventRow.revision > _CHANGE_SET, EventRow.change_set != _CHANGE_SET)
    .where(among(_FIELDS.c.key, "fields"))
    .ext(distinct_on(EventRow.subject_id, _FIELDS.c.key))
    .order_by(EventRow.subject_id, _FIELDS.c.key, EventRow.revision.desc())
)


class SqlUndoStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def events(
        self, workspace_id: str, change_set: int, *, subject_ids: Collection[str] | None = None
    ) -> Sequence[StoredEvent]:
        params: dict[str, Any] = {"workspace_id": workspace_id, "change_set": change_set}
        if subject_ids is None:
            rows = (await self._connection.execute(_EVENTS, params)).all()
        else:
            rows = (await self._connection.execute(_EVENTS_OF, params | {"subject_ids": list(subject_ids)})).all()
        texts = await self._texts(workspace_id, [revision for revision, *_, text_length in rows if text_length])
        return [
            StoredEvent(type=type_, subject_id=subject_id, changes=_changes(changes, texts.get(revision, {})))
            for revision, type_, subject_id, changes, _ in rows
        ]

    async def select(self, run: BatchRun, change_set: int, places: Mapping[str, int]) -> int:
        subjects = _subjects(places)
        params = {"workspace_id": run.workspace_id, "change_set": change_set}
        return await fix_rows(
            self._connection, run, subjects.c.subject_id, true(), after=[subjects.c.place], params=params
        )

    async def count(self, workspace_id: str, change_set: int, places: Mapping[str, int]) -> int:
        counted = select(func.count()).select_from(_subjects(places))
        params = {"workspace_id": workspace_id, "change_set": change_set}
        return int((await self._connection.execute(counted, params)).scalar_one())

    async def touched(self, workspace_id: str, change_set: int, types: Collection[str], *, most: int) -> Sequence[str]:
        params = {"workspace_id": workspace_id, "change_set": change_set, "types": list(types), "most": most}
        return list(await self._connection.scalars(_TOUCHED, params))

    async def last_changes(
        self, workspace_id: str, subject_ids: Collection[str], fields: Collection[str], *, change_set: int
    ) -> Mapping[tuple[str, str], LastChange]:
        params = {"workspace_id": workspace_id, "change_set": change_set}
        given = {"subject_ids": list(subject_ids), "fields": list(fields)}
        rows = await self._connection.execute(_LAST, params | given)
        return {
            (subject_id, field): LastChange(actor_id=actor_id, occurred_at=occurred_at)
            for subject_id, field, actor_id, occurred_at in rows
        }

    async def _texts(self, workspace_id: str, revisions: Sequence[int]) -> dict[int, dict[tuple[str, int], str]]:
        found: dict[int, dict[tuple[str, int], str]] = {}
        if revisions:
            rows = await self._connection.execute(_TEXTS, {"workspace_id": workspace_id, "revisions": revisions})
            for revision, field, side, body in rows:
                found.setdefault(revision, {})[field, side] = body
        return found


def _changes(changes: Mapping[str, Any], texts: Mapping[tuple[str, int], str]) -> Mapping[str, FieldChange]:
    return {
        name: FieldChange(before=texts.get((name, 0), before), after=texts.get((name, 1), after))
        for name, (before, after) in changes.items()
    }


def _subjects(places: Mapping[str, int]) -> Any:
    """The objects of the change set with their places."""
    given = func.unnest(bindparam(None, list(places), ARRAY(Text)), bindparam(None, list(places.values()), _INTEGERS))
    placed = given.table_valued(column("type", Text), column("place", Integer)).render_derived("placed")
    first, last = func.min(placed.c.place), func.max(placed.c.place)
    found = (
        select(_OF_SET.c.subject_id, case((first < FIRST_CHANGE, first), else_=last).label("place"))
        .join(placed, placed.c.type == _OF_SET.c.type)
        .group_by(_OF_SET.c.subject_id)
    )
    return found.subquery("subjects")
