"""Payloads of all mutations of many objects."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, Self, cast

import strawberry

from api.audit.types import FieldChange
from api.shared.context import Info
from api.shared.errors import UserError
from api.shared.list_sizes import WITH_PARENT, ReadWithParent
from api.shared.mutations import Payload, revision_of
from api.shared.node import nodes_by_ids
from api.shared.refusals import user_errors
from domain.audit.kinds import EventKind
from domain.audit.model import LoggedChange
from domain.shared import events, many
from domain.shared.errors import DomainError, Rejected
from domain.shared.events import LONGEST_TEXT, Texts, as_texts
from domain.shared.uow import Replayed, Written

_CUT = f"Texts are cut after {LONGEST_TEXT:,} characters."


class SchemaOfSlices(Protocol):
    """A schema that knows the error codes of its slices."""

    error_codes: Sequence[StrEnum]


def _kind(root: strawberry.Parent[events.Event]) -> EventKind:
    # The members of the enum belong to the schema, which finds them by their value.
    return cast("EventKind", root.type)


def _changes(root: strawberry.Parent[events.Event | many.RowResult[Any]]) -> Sequence[LoggedChange]:
    return _shown(root.changes)


def _errors(root: strawberry.Parent[many.RowResult[Any]]) -> Sequence[UserError]:
    return _refusals(root.errors)


@strawberry.type(description="An event that a dry run would have added to the change log.")
class PlannedEvent(ReadWithParent):
    describes = events.Event

    kind: EventKind = strawberry.field(
        resolver=_kind, description="Type of the event: the object that changes and what happens to it."
    )
    subject_id: strawberry.ID = strawberry.field(description="ID of the object that changes.")
    changes = strawberry.field(
        resolver=_changes,
        graphql_type=list[FieldChange],
        metadata=WITH_PARENT,
        description=f"Fields that change, at most one entry per field. {_CUT}",
    )


@strawberry.type(description="Common result of one object of a batch.")
class BatchRow(ReadWithParent):
    describes = many.RowResult

    index: int = strawberry.field(description="Position of the object in the input, from 0.")
    changes = strawberry.field(
        resolver=_changes,
        graphql_type=list[FieldChange],
        metadata=WITH_PARENT,
        description="Fields that the batch changed, at most one entry per field. Empty if nothing was changed, and in "
        f"answers to retries with an idempotency key. {_CUT}",
    )
    errors = strawberry.field(
        resolver=_errors,
        graphql_type=list[UserError],
        metadata=WITH_PARENT,
        description="Errors that prevented the change of the object. Empty if there are none.",
    )


def _subject_id(root: strawberry.Parent[many.RowResult[Any]]) -> str | None:
    return root.subject_id


def _entity(root: strawberry.Parent[many.RowResult[Any]]) -> Any:
    return root.entity


def id_of_row(description: str) -> Any:
    """Field of a batch result with the ID of its object."""
    return strawberry.field(resolver=_subject_id, graphql_type=strawberry.ID | None, description=description)


def object_of_row(kind: Any, description: str) -> Any:
    """Field of a batch result with its object."""
    return strawberry.field(resolver=_entity, graphql_type=kind | None, description=description)


@strawberry.type(description="Common payload of all mutations of many objects.")
class BatchPayload(Payload):
    results: list[Any]
    planned_events: list[PlannedEvent] = strawberry.field(
        metadata=WITH_PARENT,
        description="Events that the mutation would have added to the change log. Empty unless `dryRun` is true.",
    )
    changed_count: int | None = strawberry.field(
        description="Number of objects that were changed. Objects that already had the new values do not count. Null "
        "if a batch run changes them."
    )
    skipped_count: int | None = strawberry.field(
        description="Number of objects that were left out because of errors. 0 unless `onError` is `SKIP`. Null if a "
        "batch run changes the others."
    )

    @classmethod
    def of(cls, written: Written[Any]) -> Self:
        result: many.BatchResult[Any] = written.value
        values: dict[str, Any] = {"results": result.rows, "planned_events": result.planned}
        return cls(
            **values,
            changed_count=result.changed_count,
            skipped_count=result.skipped_count,
            errors=_refusals(result.errors),
            revision=revision_of(written),
        )

    @classmethod
    async def replayed(cls, info: Info, replayed: Replayed) -> Self:
        ids = [each for each in replayed.outcome["ids"] if each is not None]
        await info.context.reload_actor()
        found = await nodes_by_ids(info, ids, paths=[("id",)] * len(ids))
        codes = cast("SchemaOfSlices", info.schema).error_codes
        result = many.BatchResult.replayed(replayed.outcome, dict(zip(ids, found, strict=True)), codes)
        return cls.of(Written(value=result, revision=replayed.revision))

    @classmethod
    def blank(cls) -> dict[str, Any]:
        return super().blank() | {"results": (), "planned_events": (), "changed_count": 0, "skipped_count": 0}


def _refusals(errors: tuple[DomainError, ...]) -> list[UserError]:
    refusals = user_errors(Rejected(errors))
    if refusals is None:
        # Not an error of the input, such as an unavailable service.
        raise Rejected(errors)
    return refusals


def _shown(changes: Mapping[str, events.FieldChange]) -> list[LoggedChange]:
    return [
        LoggedChange(field=name, before=_cut(as_texts(change.before)), after=_cut(as_texts(change.after)))
        for name, change in changes.items()
    ]


def _cut(texts: Texts) -> Texts:
    """The texts, shortened, because a thousand objects can get one of 256 KB each."""
    if texts is None:
        return None
    return tuple(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…" for text in texts)
