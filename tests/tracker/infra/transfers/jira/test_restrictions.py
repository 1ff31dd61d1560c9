import json
from typing import Any

import pytest

from domain.transfers.records import IssueRecord, Loss, LossCode
from infra.transfers.jira.issues import read_jira

SECRET = {"key": "eve", "displayName": "Eve"}
INTERNAL = "sd.public.comment"


def read(fields: dict[str, Any], *, include_restricted: bool = False) -> IssueRecord | Loss:
    line = json.dumps(
        {"key": "A-1", "fields": {"created": "2020-01-01", "summary": "s", "status": {"name": "x"}} | fields}
    )
    (item,) = read_jira([b"\n", line.encode()], include_restricted=include_restricted)
    return item


def comments(**marks: Any) -> dict[str, Any]:
    said = {"body": "secret", "author": SECRET, "created": "2020-01-02"} | marks
    return {"comment": {"comments": [{"id": "1", "body": "open", "created": "2020-01-02"}, {"id": "2"} | said]}}


RESTRICTED_COMMENTS: list[dict[str, Any]] = [
    {"visibility": {"type": "role", "value": "Administrators"}},
    {"visibility": {"type": "group", "value": "staff"}},
    {"visibility": "staff"},
    {"jsdPublic": False},
    {"jsdPublic": "false"},
    {"properties": [{"key": INTERNAL, "value": {"internal": True}}]},
    {"properties": [{"key": "other", "value": 1}, "x", {"key": INTERNAL, "value": {"internal": "true"}}]},
    {"properties": {INTERNAL: {"internal": True}}},
    {"properties": [{"key": INTERNAL, "value": "odd"}]},
    {"properties": "odd"},
]
OPEN_COMMENTS: list[dict[str, Any]] = [
    {"visibility": None},
    {"jsdPublic": True},
    {"jsdPublic": None},
    {"properties": []},
    {"properties": [{"key": "other", "value": {"internal": True}}]},
    {"properties": [{"key": INTERNAL, "value": {"internal": False}}]},
    {"properties": {INTERNAL: {}}},
]


@pytest.mark.parametrize("marks", RESTRICTED_COMMENTS, ids=json.dumps)
def test_a_restricted_comment_is_left_out_with_its_author_and_reported(marks: dict[str, Any]) -> None:
    record = read(comments(**marks))
    assert isinstance(record, IssueRecord)
    assert [comment.body for comment in record.comments] == ["open"]
    assert record.people == ()
    assert [(loss.line, loss.key, loss.field, loss.code, loss.count) for loss in record.losses] == [
        (2, "A-1", "comments", LossCode.RESTRICTED, 1)
    ]


@pytest.mark.parametrize("marks", RESTRICTED_COMMENTS, ids=json.dumps)
def test_a_restricted_comment_is_imported_if_it_is_asked_for(marks: dict[str, Any]) -> None:
    record = read(comments(**marks), include_restricted=True)
    assert isinstance(record, IssueRecord)
    assert [(comment.body, comment.author_key) for comment in record.comments] == [("open", None), ("secret", "eve")]
    assert [(loss.field, loss.code) for loss in record.losses] == [("comments", LossCode.NOT_KEPT)]


@pytest.mark.parametrize("marks", OPEN_COMMENTS, ids=json.dumps)
def test_an_open_comment_is_imported(marks: dict[str, Any]) -> None:
    record = read(comments(**marks))
    assert isinstance(record, IssueRecord)
    assert [comment.body for comment in record.comments] == ["open", "secret"]
    assert record.losses == ()


RESTRICTED_ISSUES: list[dict[str, Any]] = [
    {"security": {"id": "1", "name": "Staff only"}},
    {"security": "Staff only"},
    {"issuerestriction": {"issuerestrictions": {"projectrole": [{"id": "1"}]}, "shouldDisplay": True}},
    {"issuerestriction": "odd"},
]


@pytest.mark.parametrize("marks", RESTRICTED_ISSUES, ids=json.dumps)
def test_a_restricted_issue_is_left_out_and_reported(marks: dict[str, Any]) -> None:
    loss = read(marks | comments())
    assert isinstance(loss, Loss)
    assert (loss.line, loss.key, loss.field, loss.code) == (2, "A-1", "issue", LossCode.RESTRICTED)


@pytest.mark.parametrize("marks", RESTRICTED_ISSUES, ids=json.dumps)
def test_a_restricted_issue_is_imported_if_it_is_asked_for(marks: dict[str, Any]) -> None:
    record = read(marks | comments(), include_restricted=True)
    assert isinstance(record, IssueRecord)
    assert len(record.comments) == 2
    assert [(loss.field, loss.code) for loss in record.losses] == [("security", LossCode.NOT_KEPT)]


@pytest.mark.parametrize(
    "marks",
    [
        {"security": None},
        {"issuerestriction": None},
        {"issuerestriction": {"issuerestrictions": {}, "shouldDisplay": True}},
    ],
    ids=json.dumps,
)
def test_an_open_issue_is_imported(marks: dict[str, Any]) -> None:
    record = read(marks)
    assert isinstance(record, IssueRecord)
    assert record.losses == ()
