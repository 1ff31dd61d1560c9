"""Every member of every object is used, or reported."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from domain.transfers.records import IssueRecord, Loss, LossCode
from infra.transfers import reading
from infra.transfers.github import issues as github
from infra.transfers.github import members as github_members
from infra.transfers.jira import issues as jira
from infra.transfers.jira import members as jira_members
from infra.transfers.members import ObjectKind

DATA = Path(__file__).parent / "data"
UNKNOWN = "zzUnknown"
JIRA = json.loads((DATA / "jira.jsonl").read_bytes().splitlines()[0])
JIRA["fields"]["parent"] = {"key": "DEMO-9"}
JIRA["fields"]["epic"] = {"key": "DEMO-9"}
JIRA["fields"]["creator"] = {"name": "cy", "displayName": "Cy"}
ARCHIVE = json.loads((DATA / "archive.json").read_bytes())
ARCHIVE["issues"] = ARCHIVE["issues"][:1]
DEEPER = {"projectCategory", "type", "outwardIssue", "commit", "mergeCommit", "headRepository", "ghissue"}
"""Objects within members that an import does not use, which are reported as a whole."""
LISTS = {"versions", "attachment", "issuelinks", "subtasks", "closedSprints", "milestones"}


def read_jira(document: object) -> list[IssueRecord | Loss]:
    return list(jira.read_jira([json.dumps(document).encode()]))


def read_github(document: object) -> list[IssueRecord | Loss]:
    return list(github.read_github([json.dumps(document).encode()]))


def objects(value: object, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object that an import reads, with the names on the way to it."""
    if isinstance(value, dict):
        yield place, value
        for name, inner in value.items():
            if name not in DEEPER | LISTS:
                yield from objects(inner, (*place, name))
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, place)


def reported(items: Iterable[IssueRecord | Loss]) -> set[str]:
    found = set[str]()
    for item in items:
        if isinstance(item, Loss):
            found.add(item.field)
        else:
            found |= {member for member, _ in item.unused} | {loss.field for loss in item.losses}
    return {name for name in found if UNKNOWN in name}


@pytest.mark.parametrize(("document", "read"), [(JIRA, read_jira), (ARCHIVE, read_github)], ids=["jira", "github"])
def test_an_unknown_member_of_any_object_is_reported(document: Any, read: Callable[[object], Any]) -> None:
    places = set[tuple[str, ...]]()
    assert not reported(read(document))
    for place, found in objects(document):
        found[UNKNOWN] = "x"
        assert reported(read(document)), place
        del found[UNKNOWN]
        places.add(place)
    assert len(places) >= 5


class Spy(dict[str, Any]):
    """An object that remembers which of its members were asked for."""

    asked: set[str]

    def get(self, key: str, default: Any = None) -> Any:
        vars(self).setdefault("asked", set()).add(key)
        return super().get(key, default)


def spied(value: Any) -> Any:
    if isinstance(value, dict):
        return Spy({name: spied(inner) for name, inner in value.items()})
    return [spied(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("module", "kinds", "document", "read"),
    [(jira, jira_members, JIRA, read_jira), (github, github_members, ARCHIVE | {"repo": ""}, read_github)],
    ids=["jira", "github"],
)
def test_the_members_that_count_as_used_are_those_that_are_used(
    module: ModuleType,
    kinds: ModuleType,
    document: object,
    read: Callable[[object], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted: list[tuple[ObjectKind, Spy]] = []

    def note(self: reading.Reading, kind: ObjectKind, values: Mapping[str, object]) -> None:
        assert isinstance(values, Spy)
        noted.append((kind, values))

    parse = reading.parse_object
    monkeypatch.setattr(module, "parse_object", lambda raw: (spied(parse(raw)[0]), 0))
    monkeypatch.setattr(reading.Reading, "note_unused", note)
    read(document)

    used = defaultdict[str, set[str]](set)
    for kind, values in noted:
        used[kind.name] |= vars(values).get("asked", set())
    declared = {kind.name: set(kind.used) for kind in vars(kinds).values() if isinstance(kind, ObjectKind)}
    for walked_through in ("archive", "search"):  # and not parsed as a whole
        declared.pop(walked_through, None)
    assert used == declared


def test_members_are_counted_over_all_objects_of_a_kind_and_empty_ones_are_not() -> None:
    person = {"key": "a", "timeZone": "UTC", "locale": "", "groups": [], "avatarUrls": {"16": "x"}}
    said = [{"id": str(number), "author": person, "body": "x", "renderedBody": "x"} for number in range(3)]
    fields = {"created": "2020-01-01", "reporter": person, "assignee": None, "comment": {"comments": said}}
    (record,) = read_jira({"key": "A-1", "fields": fields})
    assert isinstance(record, IssueRecord)
    assert dict(record.unused) == {"user.timeZone": 4, "user.avatarUrls": 4, "comments.renderedBody": 3}
    assert not [loss for loss in record.losses if loss.code is LossCode.NOT_KEPT]


def test_the_number_of_names_is_limited() -> None:
    person = {"key": "a"} | {f"m{number}": "x" for number in range(1000)}
    (record,) = read_jira({"key": "A-1", "fields": {"created": "2020-01-01", "reporter": person}})
    assert isinstance(record, IssueRecord)
    assert len(record.unused) == reading.MOST_UNKNOWN_FIELDS + 1
    assert record.unused[-1] == ("user.*", 1000 - reading.MOST_UNKNOWN_FIELDS)
