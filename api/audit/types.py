from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.connections import connection, everything
from api.shared.context import Info
from api.shared.enums import describe_enum
from api.shared.errors import ConflictError, field_name, field_names_of
from api.shared.list_sizes import WITH_PARENT, at_most
from api.shared.scalars import Revision
from domain.audit import change_sets, model
from domain.audit.kinds import EventKind
from domain.audit.service import EVENTS_PER_POINT, MOST_EVENTS
from domain.shared import conflicts as shared
from domain.shared.actor import Cause
from domain.shared.pages import Page, PageRequest
from domain.shared.streams import EventBatch
from domain.shared.undo import Obstacle
from strawberry_compiled import related

# The values are those of the slices of the schema (api/schema.py).
describe_enum(
    EventKind,
    name="EventKind",
    description="Type of a change event: the object that changed and what happened to it.",
)
describe_enum(
    Cause,
    name="EventCause",
    description="Origin of a change.",
    USER="Made by a user.",
    IMPORT="Made by an import. No notifications were sent.",
    SEED="Part of the demo data. No notifications were sent.",
    SYSTEM="Made by the server itself.",
    UNDO="Made by undoing an earlier change.",
)


def _field_name(root: strawberry.Parent[model.LoggedChange | shared.FieldConflict], info: Info) -> str:
    return field_name(root.field, field_names_of(info))


@strawberry.type(description="Change of one field of an object.")
class FieldChange:
    describes = model.LoggedChange

    field: str = strawberry.field(
        resolver=_field_name, description="Name of the changed field, such as `dueDate` or `stateId`."
    )
    before: list[str] | None = strawberry.field(
        description="Value before the change, as text; one item per element for collections. Null if there was no "
        "value. Null too if the text was removed from the log, some time after the deletion of its object."
    )
    after: list[str] | None = strawberry.field(
        description="Value after the change, as text; one item per element for collections. Null if there is no "
        "value. Null too if the text was removed from the log, some time after the deletion of its object."
    )


@strawberry.type(description="An entry in the change log of a workspace.")
class Event:
    describes = model.LoggedEvent

    revision: Revision = strawberry.field(
        description="Position of the event in the change log of the workspace. Revisions have no gaps."
    )
    change_set: Revision = strawberry.field(
        description="Last revision of the commit that the event is part of, or of the commit that started the job. "
        "All events of one mutation, batch run or import have the same value: the `revision` of the mutation's payload."
    )
    kind: EventKind = strawberry.field(
        description="Type of the event: the object that changed and what happened to it."
    )
    subject_id: strawberry.ID = strawberry.field(
        description="ID of the object that changed. The object may have been deleted since."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        description="ID of the user who made the change. Null if the server made it."
    )
    cause: Cause = strawberry.field(
        description="Origin of the change: a user, an import, the demo data, the server or an undo."
    )
    changes: list[FieldChange] = strawberry.field(
        metadata=WITH_PARENT,
        description="Fields that changed, at most one entry per field. `createdAt` and `updatedAt` "
        "are contained only if they differ from `occurredAt`, as for imported objects.",
    )
    occurred_at: datetime = strawberry.field(description="Time when the change was made.")
    actor = related(
        "actor_id",
        loads.users,
        graphql_type=User | None,
        description="The user who made the change. Null if the server made it.",
    )


@strawberry.type(description="A batch of consecutive events from the change log of a workspace.")
class ChangeBatch:
    describes = EventBatch

    events: list[Event] = strawberry.field(
        metadata=at_most(MOST_EVENTS, per_point=EVENTS_PER_POINT),
        description="Events in order of revision, at most 500. Events that are not visible to you are left out.",
    )
    up_to: Revision = strawberry.field(
        description="Last revision that the batch covers, including events that were left out. Pass it as `after` "
        "to read the next batch."
    )
    has_more: bool = strawberry.field(description="Whether more events were already available when the batch was read.")


describe_enum(
    Obstacle,
    name="ChangeSetReasonCode",
    description="Reason why you cannot undo a change set.",
    IMPORTED="The changes were made by an import, or are part of the demo data.",
    PERMANENTLY_DELETED="The change set deleted objects permanently.",
    UNSUPPORTED="The change set contains changes of a kind that cannot be undone, such as those of members.",
    ALREADY_UNDONE="The change set was already undone.",
    UNFINISHED="A job of the change set is unfinished.",
    NOT_YOUR_OWN="Another user or the server made the changes, and you are not an admin.",
    TOO_OLD="The changes are older than 30 days, and you are not an admin.",
    PERMISSION_DENIED="The undo takes a permission that you lack, or a scope that your API key lacks.",
)


def _reason_code(root: strawberry.Parent[Obstacle]) -> Obstacle:
    return root


@strawberry.type(description="A reason why you cannot undo a change set.")
class ChangeSetReason:
    describes = Obstacle

    code: Obstacle = strawberry.field(resolver=_reason_code, description="Reason as a code, for programs.")
    message: str = strawberry.field(description="Reason as a sentence in English.")


@strawberry.type(
    description="All changes that one request made in a workspace, including those of the job that it started."
)
class ChangeSet:
    describes = change_sets.ChangeSet

    revision: Revision = strawberry.field(
        description="Revision of the change set: `changeSet` of its events, and `revision` of the mutation's payload."
    )
    occurred_at: datetime = strawberry.field(
        description="Time when the request made its changes. A job that it started made further ones later."
    )
    cause: Cause = strawberry.field(
        description="Origin of the changes: a user, an import, the demo data, the server or an undo."
    )
    event_count: int | None = strawberry.field(
        description="Number of events that are visible to you. Null for imports and demo data with more than 10,000."
    )
    is_undoable: bool = strawberry.field(
        description="Whether you can undo the change set. Objects that were changed later can still conflict."
    )
    reasons: list[ChangeSetReason] = strawberry.field(
        metadata=WITH_PARENT,
        description="Reasons why you cannot undo the change set, at most 8. Empty if `isUndoable` is true.",
    )
    actor = related(
        "actor_id",
        loads.users,
        graphql_type=User | None,
        description="The user who made the changes. Null if the server made them.",
    )

    @connection(
        Event,
        query=everything,
        description="Events of the change set in order of revision. Events that are not visible to you are left out "
        "and not counted.",
    )
    async def events(
        sets: Sequence[change_sets.ChangeSet], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.LoggedEvent]]:
        reader = info.context.app.read.change_sets
        return await reader.events_of_change_sets(info.context.actor, sets, request)


@strawberry.type(description="A field that an update would overwrite although it changed after `expectedRevision`.")
class FieldConflict:
    describes = shared.FieldConflict

    field: str = strawberry.field(
        resolver=_field_name, description="Name of the field in the input, such as `dueDate` or `assignees`."
    )
    base: list[str] | None = strawberry.field(
        description="Value at the expected revision, as text; one item per element for collections. Null if there was "
        "no value."
    )
    current: list[str] | None = strawberry.field(
        description="Stored value, as text; one item per element for collections. Null if there is no value."
    )
    yours: list[str] | None = strawberry.field(
        description="Value of the input, as text; one item per element for collections. Null if the input removes the "
        "value."
    )
    changed_by = related(
        "changed_by_id",
        loads.users,
        graphql_type=User | None,
        description="The user who changed the field last. Null if the server changed it.",
    )
    changed_at: datetime = strawberry.field(description="Time when the field was changed last.")


@strawberry.type
class ConflictDetails:
    """The field of `ConflictError` that compares the values."""

    @strawberry.field(
        graphql_type=list[FieldConflict],
        metadata=WITH_PARENT,
        description="Conflicting fields with their values, for updates with `expectedRevision`. Empty for other "
        "conflicts. Values that are not visible to you are left out.",
    )
    def conflicts(root: strawberry.Parent[ConflictError]) -> Sequence[shared.FieldConflict]:
        return root.details
