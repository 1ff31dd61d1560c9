import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.projects.categories import StateCategory
from domain.transfers.records import IssueRecord, LabelRecord, Loss, LossCode
from infra.transfers.github.issues import read_github

ADA, BO = ({"login": login, "id": number, "type": "User"} for number, login in enumerate(("ada", "bo"), 1))
API = "https://api.github.com/repos/acme/tool"
ISSUE = {
    "url": f"{API}/issues/3",
    "repository_url": API,
    "html_url": "https://github.com/acme/tool/issues/3",
    "id": 1,
    "node_id": "I_kwDOAAAAAc4AAAAC",
    "number": 3,
    "title": "It fails",
    "user": ADA,
    "labels": [{"id": 2, "name": "bug", "color": "D73A4A", "description": "It is wrong"}, "odd"],
    "state": "closed",
    "state_reason": "not_planned",
    "assignee": BO,
    "assignees": [BO],
    "comments": 0,
    "created_at": "2021-03-01T08:00:00Z",
    "updated_at": "2021-03-03T08:00:00Z",
    "closed_at": "2021-03-02T08:00:00Z",
    "author_association": "OWNER",
    "body": "*Text*",
    "reactions": {"url": API, "total_count": 0, "+1": 0},
}


def read_one(**fields: object) -> IssueRecord:
    (record,) = read_github([json.dumps([ISSUE | fields]).encode()])
    assert isinstance(record, IssueRecord)
    return record


def lost(record: IssueRecord) -> dict[tuple[str, LossCode], int]:
    return {(loss.field, loss.code): loss.count for loss in record.losses}


def test_an_issue_of_the_rest_api_is_that_of_an_archive() -> None:
    archived = {
        "id": "I_kwDOAAAAAc4AAAAC",
        "number": 3,
        "title": "It fails",
        "url": "https://github.com/acme/tool/issues/3",
        "state": "CLOSED",
        "stateReason": "NOT_PLANNED",
        "author": "ada",
        "assignees": ["bo"],
        "labels": ["bug", "odd"],
        "body": "*Text*",
        "createdAt": "2021-03-01T08:00:00Z",
        "updatedAt": "2021-03-03T08:00:00Z",
        "closedAt": "2021-03-02T08:00:00Z",
        "comments": [],
    }
    labels = [{"name": "bug", "color": "D73A4A", "description": "It is wrong"}]
    (expected,) = read_github([json.dumps({"repo": "acme/tool", "labels": labels, "issues": [archived]}).encode()])

    record = read_one()

    details = tuple(replace(label, external_id="LA 2") for label in expected.label_details)
    ids = {"ada": "U 1", "bo": "U 2"}
    people = tuple(replace(person, external_id=ids[person.key]) for person in expected.people)
    assert replace(record, unused=()) == replace(expected, label_details=details, people=people)
    assert ("issue.repository_url", 1) in record.unused
    assert record.external_key == "acme/tool#3"
    assert (record.state_name, record.state_category) == ("Not planned", StateCategory.CANCELED)
    label = LabelRecord(name="bug", color="#d73a4a", description="It is wrong", external_id="LA 2")
    assert record.label_details == (label,)
    assert record.losses == ()


@pytest.mark.parametrize(
    "shape",
    [
        lambda issues: json.dumps(issues).encode(),
        lambda issues: json.dumps(issues, indent=2).encode(),
        lambda issues: json.dumps([issues[:1], issues[1:]]).encode(),
        lambda issues: b"".join(json.dumps([issue]).encode() for issue in issues),
        lambda issues: b"\n".join(json.dumps(issue).encode() for issue in issues),
        lambda issues: b"\n".join(json.dumps(issue, indent=4).encode() for issue in issues),
        lambda issues: json.dumps({"total_count": 2, "incomplete_results": False, "items": issues}).encode(),
        lambda issues: json.dumps({"total_count": 2, "items": issues}, indent=2).encode(),
    ],
)
def test_every_shape_that_people_have_is_read(shape) -> None:  # type: ignore[no-untyped-def]  # a lambda of any list
    items = list(read_github([shape([ISSUE, ISSUE | {"number": 4}])]))
    assert [(type(item), item.number) for item in items if isinstance(item, IssueRecord)] == [
        (IssueRecord, 3),
        (IssueRecord, 4),
    ]
    assert {item.code for item in items if isinstance(item, Loss)} <= {LossCode.UNUSED}


@pytest.mark.parametrize(
    ("fields", "state", "closed"),
    [
        ({"state": "open", "state_reason": None, "closed_at": None}, "Open", None),
        ({"state": "open", "state_reason": "reopened", "closed_at": None}, "Open", None),
        ({"pull_request": {"merged_at": None}, "state_reason": None}, "Closed unmerged", 2),
        ({"pull_request": {"merged_at": "2021-03-04T08:00:00Z"}, "state_reason": None}, "Merged", 4),
        ({"html_url": "https://github.com/acme/tool/pull/3", "merged_at": "2021-03-05T08:00:00Z"}, "Merged", 5),
    ],
)
def test_states_of_issues_and_pull_requests(fields: dict[str, object], state: str, closed: int | None) -> None:
    record = read_one(**fields)
    assert record.state_name == state
    assert record.completed_at == (datetime(2021, 3, closed, 8, tzinfo=UTC) if closed else None)
    assert ("pull request" in record.labels) is ("pull" in str(fields))


def test_comments_that_are_only_counted_are_reported() -> None:
    assert lost(read_one(comments=4)) == {("comments", LossCode.INCOMPLETE): 4}


def test_comments_embedded_in_the_issue_are_kept() -> None:
    said = {"id": 9, "user": BO, "body": "Yes", "created_at": "2021-03-02T09:00:00Z", "updated_at": None}
    record = read_one(comments=[said, 17])
    [comment] = record.comments
    assert (comment.author_key, comment.body, comment.created_at.day) == ("bo", "Yes", 2)
    assert ("comments", LossCode.WRONG_TYPE) in lost(record)


def test_reactions_and_milestones_are_reported_as_losses() -> None:
    assert lost(read_one(reactions={"total_count": 2}, milestone={"title": "v1"})) == {
        ("reactions", LossCode.NOT_KEPT): 1,
        ("milestone", LossCode.NOT_KEPT): 1,
    }


def test_issues_of_the_command_line_gh_are_read() -> None:
    issue = {
        "assignees": [BO],
        "author": {"is_bot": False, "login": "ada", "name": "Ada"},
        "body": "Text",
        "closedAt": None,
        "comments": [{"author": {"login": "bo"}, "body": "Yes", "createdAt": "2021-03-02T09:00:00Z"}],
        "createdAt": "2021-03-01T08:00:00Z",
        "labels": [{"name": "bug", "color": "d73a4a", "description": ""}],
        "number": 3,
        "state": "OPEN",
        "stateReason": "",
        "title": "It fails",
        "updatedAt": "2021-03-03T08:00:00Z",
        "url": "https://github.com/acme/tool/issues/3",
    }
    (record,) = read_github([json.dumps([issue]).encode()])
    assert isinstance(record, IssueRecord)
    assert (record.external_key, record.creator_key, record.assignee_keys) == ("acme/tool#3", "ada", ("bo",))
    assert (record.labels, [comment.author_key for comment in record.comments]) == (("bug",), ["bo"])


@pytest.mark.parametrize("name", sorted(ISSUE))
@pytest.mark.parametrize("value", [None, 17, "x", [], {}, [{}], {"login": 7}])
def test_values_of_other_types_are_read_or_reported(name: str, value: object) -> None:
    (item,) = read_github([json.dumps([ISSUE | {name: value}]).encode()])
    assert item is not None
    assert item.line == 1
