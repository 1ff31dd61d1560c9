"""Checks that entities keep every field of their drafts, and that events log every field that commands write."""

import dataclasses
from collections.abc import Iterator, Mapping
from inspect import isclass
from typing import Any, get_type_hints

from domain.shared.events import Event
from domain.shared.unset import Changes
from tests.architecture.sources import sources

NOT_KEPT = {
    "ApiKeyDraft.expires_in_days": "becomes expires_at",
    "ApiKeyDraft.never_expires": "becomes expires_at",
    "IssueDraft.assignee_ids": "rows of their own, made by IssueLinks",
    "IssueDraft.label_ids": "rows of their own, made by IssueLinks",
    "Registration.password": "kept as a hash, apart from the person",
}
"""`Draft.field` that its entity does not have -> why. tests/tracker/api/test_creates.py proves that all come back."""

NOT_LOGGED = {
    "CommentDraft.issue_id": "never changes; the comment says it",
    "InvitationDraft.email": "an address, which no event holds",
    "InvitationDraft.area_ids": "each has an event of its own as soon as the guest is in",
    "IssueDraft.assignee_ids": "logged as assignees by IssueLinks",
    "IssueDraft.label_ids": "logged as labels by IssueLinks",
    "IssueChanges.assignees": "logged by IssueLinks",
    "IssueChanges.labels": "logged by IssueLinks",
    "IssueChanges.move": "logged as the project, number and state that it sets",
}
"""`Command.field` that its event does not list as changed -> why."""

AREA = {"project_id"}
"""Name of the area of an entity in commands. Every event holds the area as `area_id`."""


def dataclasses_of(*patterns: str) -> dict[str, type[Any]]:
    return {
        value.__name__: value
        for source in sources(*patterns)
        for value in vars(source.module).values()
        if isclass(value) and dataclasses.is_dataclass(value) and value.__module__ == source.module.__name__
    }


def names_of(kind: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def makings(entities: Mapping[str, type[Any]], commands: Mapping[str, type[Any]]) -> Iterator[tuple[type, type]]:
    """Command and entity wherever a class method of the entity takes the command."""
    for entity in entities.values():
        for method in vars(entity).values():
            if isinstance(method, classmethod):
                hints = get_type_hints(method.__func__)
                yield from ((hint, entity) for hint in hints.values() if hint in commands.values())


def lost(command: type[Any], entity: type[Any], exceptions: Mapping[str, str]) -> list[str]:
    place = f"{entity.__module__}.{entity.__name__}"
    return [
        f"{command.__name__}.{name}: {place} has no such field: add it, or say in NOT_KEPT what becomes of it."
        for name in sorted(names_of(command) - names_of(entity))
        if f"{command.__name__}.{name}" not in exceptions
    ]


def unlogged(
    event: type[Event], entity: type[Any], commands: Mapping[str, type[Any]], exceptions: Mapping[str, str]
) -> list[str]:
    faults = [
        f"{event.__name__}.logged: {entity.__name__} has no {name}."
        for name in event.logged
        if name not in names_of(entity)
    ]
    for command in (commands.get(f"{entity.__name__}{suffix}") for suffix in ("Draft", "Changes")):
        written = (
            names_of(command) - names_of(Event) - names_of(Changes) - AREA - set(event.logged) if command else set()
        )
        faults += [
            f"{command.__name__}.{name}: add it to {event.__name__}.logged, or say in NOT_LOGGED why not."
            for name in sorted(written)
            if f"{command.__name__}.{name}" not in exceptions
        ]
    return faults


ENTITIES = dataclasses_of("domain/*/model.py", "domain/shared/batches.py")
COMMANDS = dataclasses_of("domain/*/commands.py")


def test_every_field_of_a_draft_is_in_the_entity() -> None:
    found = list(makings(ENTITIES, COMMANDS))
    assert len(found) > 8
    assert [line for command, entity in found for line in lost(command, entity, NOT_KEPT)] == []
    drafts = {name for name in COMMANDS if name.endswith("Draft")}
    assert drafts - {command.__name__ for command, _ in found} == {"ImportDraft", "ProjectMemberDraft"}, (
        "Give the entity a class method that takes the draft."
    )


def test_every_written_field_is_in_the_event() -> None:
    events = [
        value
        for source in sources("domain/*/events.py")
        for value in vars(source.module).values()
        if isclass(value) and issubclass(value, Event) and value is not Event and value.__name__.endswith("Event")
    ]
    assert len(events) > 6
    assert [
        line
        for event in events
        for line in unlogged(event, ENTITIES[event.__name__.removesuffix("Event")], COMMANDS, NOT_LOGGED)
    ] == []


def test_planted_omissions_are_found() -> None:
    @dataclasses.dataclass
    class ThingDraft:
        workspace_id: str
        name: str
        size: int
        hidden: bool

    @dataclasses.dataclass
    class ThingChanges:
        size: int

    @dataclasses.dataclass
    class Thing:
        id: str
        workspace_id: str
        name: str
        size: int

        @classmethod
        def drafted(cls, draft: ThingDraft) -> None:
            raise NotImplementedError

    class ThingEvent(Event):
        logged = ("name", "color")

    Thing.drafted.__func__.__annotations__["draft"] = ThingDraft
    commands = {"ThingDraft": ThingDraft, "ThingChanges": ThingChanges}
    assert list(makings({"Thing": Thing}, commands)) == [(ThingDraft, Thing)]
    [line] = lost(ThingDraft, Thing, {})
    assert line.startswith("ThingDraft.hidden: ")
    assert lost(ThingDraft, Thing, {"ThingDraft.hidden": ""}) == []
    assert [line.partition(": ")[0] for line in unlogged(ThingEvent, Thing, commands, {"ThingDraft.hidden": ""})] == [
        "ThingEvent.logged",
        "ThingDraft.size",
        "ThingChanges.size",
    ]


def test_every_exception_is_needed() -> None:
    existing = {f"{name}.{field}" for name, command in COMMANDS.items() for field in names_of(command)}
    assert NOT_KEPT.keys() | NOT_LOGGED.keys() <= existing
