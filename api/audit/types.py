from datetime import datetime

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.enums import describe_enum
from api.shared.errors import camel_case
from api.shared.scalars import Revision
from domain.audit import model
from domain.audit.kinds import EventKind
from domain.shared.actor import Cause
from domain.shared.streams import EventBatch
from strawberry_compiled import related


def _sentence(kind: EventKind) -> str:
    noun, _, verb = kind.value.replace("_", " ").partition(".")
    return f"{'An' if noun[0] in 'aeiou' else 'A'} {noun} was {verb}."


describe_enum(
    EventKind,
    name="EventKind",
    description="What happened to what.",
    **{kind.name: _sentence(kind) for kind in EventKind} | {"UNKNOWN": "A newer release of this server knows."},
)
describe_enum(
    Cause,
    name="EventCause",
    description="Why a change happened.",
    USER="Somebody made it.",
    IMPORT="An import brought it in; nobody was notified.",
    SEED="It belongs to the demo data; nobody was notified.",
    SYSTEM="The server made it by itself.",
)


def _field_name(root: strawberry.Parent[model.LoggedChange]) -> str:
    return camel_case(root.field)


@strawberry.type(description="What a change did to one field.")
class FieldChange:
    describes = model.LoggedChange

    field: str = strawberry.field(resolver=_field_name, description="The field's name, such as dueDate or stateId.")
    before: list[str] | None = strawberry.field(
        description="The value before, as text; null for none, several items for a collection."
    )
    after: list[str] | None = strawberry.field(
        description="The value after, as text; null for none, several items for a collection."
    )


@strawberry.type(description="A fact about a workspace, at its place in the log.")
class Event:
    describes = model.LoggedEvent

    revision: Revision = strawberry.field(description="Its place in the workspace's log: no gaps, no repeats.")
    kind: EventKind = strawberry.field(description="What happened to what.")
    subject_id: strawberry.ID = strawberry.field(description="The id of what it happened to, which may be gone by now.")
    project_id: strawberry.ID | None = strawberry.field(description="The project that the subject was in.")
    actor_id: strawberry.ID | None = strawberry.field(description="Who made the change; null for the server itself.")
    cause: Cause = strawberry.field(description="Why the change happened.")
    changes: list[FieldChange] = strawberry.field(description="The fields that changed, at most one entry for each.")
    occurred_at: datetime = strawberry.field(description="When the change was made.")
    actor = related(
        "actor_id",
        loads.users,
        graphql_type=User | None,
        description="Who made the change; null for the server itself.",
    )


@strawberry.type(description="A part of a workspace's log of changes.")
class ChangeBatch:
    describes = EventBatch

    events: list[Event] = strawberry.field(
        description="The events in order, at most 500; those that you may not see are left out."
    )
    up_to: Revision = strawberry.field(
        description="Everything up to this revision has been looked at: what to ask `after` next."
    )
    has_more: bool = strawberry.field(description="Whether later events were there already when this was read.")
