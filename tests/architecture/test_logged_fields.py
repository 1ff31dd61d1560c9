"""Every stored field of an object that can be read by ID is in its events, so the log alone mirrors a workspace."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from domain.shared.events import TIMES, Event
from tests.architecture.sources import sources
from tests.architecture.test_parity import definitions, described

IN_THE_EVENT = {"id": "subjectId", "workspace_id": "the log's workspace"}
"""Fields of each entity that each of its events has -> where."""

PLACE = "projectId of the event; a move to another project logs it"
RUN = "progress of a job, which changes with each batch and is read from the run"

NOT_LOGGED = {
    "BatchRun.changed_count": RUN,
    "BatchRun.change_set": "changeSet of the event",
    "BatchRun.done": RUN,
    "BatchRun.failure": RUN,
    "BatchRun.finished_at": RUN,
    "BatchRun.job_id": "shown to nobody",
    "BatchRun.position": RUN,
    "BatchRun.skipped_count": RUN,
    "BatchRun.started_by_id": "actorId of the event",
    "BatchRun.state": RUN,
    "BatchRun.total": RUN,
    "Comment.external_key": "shown to nobody",
    "Comment.project_id": PLACE,
    "Invitation.digest": "a secret",
    "Invitation.email": "an address of a person",
    "Invitation.generation": "shown to nobody",
    "Issue.comment_count": "derived from the comments",
    "Issue.project_id": PLACE,
    "Milestone.project_id": PLACE,
    "ProjectMember.area_id": PLACE,
    "State.project_id": PLACE,
}
"""`Entity.field` that no event logs -> why, or what tells it instead."""

WITHOUT_EVENTS = {
    "ImportRun": "progress of a job; its changes have events, and it is read from `Workspace.imports`",
    "User": "an account, which belongs to no workspace",
}
"""Entities that can be read by ID and have no events of their own -> why."""


def read_by_id() -> set[type[Any]]:
    nodes = [each for each in definitions(is_input=False) if any(base.name == "Node" for base in each.interfaces)]
    return {kind for each in nodes if (kind := described(each)) is not None}


def logged_fields() -> Mapping[str, frozenset[str]]:
    """Logged fields by the name of the entity, which is the name of the base class of its events without `Event`."""
    found = {}
    for source in sources("domain/*/events.py"):
        for value in vars(source.module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Event)
                and value.__name__.endswith("Event")
                and value is not Event
            ):
                found[value.__name__.removesuffix("Event")] = frozenset(value.logged)
    return found


def unlogged(entity: type[Any], logged: frozenset[str], exceptions: Mapping[str, str]) -> Iterator[str]:
    for field in dataclasses.fields(entity):
        place = f"{entity.__name__}.{field.name}"
        if field.name not in {*logged, *TIMES, *IN_THE_EVENT} and place not in exceptions:
            yield f"{place}: add it to `logged` of its events, or say in NOT_LOGGED why not."


def test_events_tell_every_field_of_objects_that_can_be_read_by_id() -> None:
    logged, entities = logged_fields(), read_by_id()
    assert len(entities) > 10
    assert {entity.__name__ for entity in entities} - logged.keys() == WITHOUT_EVENTS.keys()
    with_events = [entity for entity in entities if entity.__name__ in logged]
    assert [line for each in with_events for line in unlogged(each, logged[each.__name__], NOT_LOGGED)] == []


def test_exceptions_are_stored_and_not_logged() -> None:
    logged = logged_fields()
    names = {each.__name__: {field.name for field in dataclasses.fields(each)} for each in read_by_id()}
    for place in NOT_LOGGED:
        entity, _, field = place.partition(".")
        assert field in names[entity] - logged[entity], place


def test_an_unlogged_field_is_found_by_name() -> None:
    @dataclasses.dataclass
    class Thing:
        id: str
        name: str
        color: str
        secret: str

    lines = unlogged(Thing, frozenset({"name"}), {"Thing.secret": "a secret"})
    assert [line.partition(":")[0] for line in lines] == ["Thing.color"]


def test_logged_fields_exist() -> None:
    entities = {each.__name__: each for each in read_by_id()}
    for name, logged in logged_fields().items():
        assert logged <= {field.name for field in dataclasses.fields(entities[name])}, name
