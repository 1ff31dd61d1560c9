import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import strategies as st

from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.transfers.errors import ACCEPTED, WrongKind
from domain.transfers.records import (
    UNUSED,
    CommentRecord,
    IssueRecord,
    LabelRecord,
    Loss,
    LossCode,
    Mapping,
    PersonRecord,
    breaks_off,
)
from infra.transfers.github.issues import read_github
from infra.transfers.reasons import EMPTY_FILE, ENDS_EARLY, NO_EQUIVALENT, NO_JSON_FILE, NO_LIST, NO_NUMBER, NO_OBJECT
from tests.examples import examples

RAW = (Path(__file__).parents[1] / "data" / "archive.json").read_bytes()
ADA, BO = (PersonRecord(key=key, name=key, email=None, is_active=True) for key in ("ada", "bo"))


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2021, 3, day, hour, tzinfo=UTC)


def said(
    key: str, author: str | None, body: str, day: int, hour: int = 8, updated: datetime | None = None
) -> CommentRecord:
    return CommentRecord(key=key, author_key=author, body=body, created_at=at(day, hour), updated_at=updated)


def lost(record: IssueRecord) -> dict[tuple[str, LossCode], int]:
    return {(loss.field, loss.code): loss.count for loss in record.losses}


@pytest.fixture(scope="module")
def items() -> list[IssueRecord | Loss]:
    return [item for item in read_github(RAW.splitlines(keepends=True)) if item]


def test_issues_come_before_pulls_and_bad_ones_stop_nothing(items: list[IssueRecord | Loss]) -> None:
    found = [
        (item.external_key, item.line) if isinstance(item, IssueRecord) else (item.reason, item.line) for item in items
    ]
    assert found == [
        ("demo-wg/draft-one#3", 18),
        (NO_NUMBER, 69),
        (NO_OBJECT, 72),
        ("demo-wg/draft-one#9", 73),
        ("demo-wg/draft-one#5", 91),
        (NO_EQUIVALENT, 1),
        (UNUSED, 1),
    ]


def test_a_whole_issue(items: list[IssueRecord | Loss]) -> None:
    record = items[0]
    assert isinstance(record, IssueRecord)
    assert record == IssueRecord(
        line=18,
        external_key="demo-wg/draft-one#3",
        number=3,
        project_key="demo-wg/draft-one",
        project_name="demo-wg/draft-one",
        title="Say\ufffd what is meant",
        description="*as* it\nis \ufffd",
        source_text=None,
        state_name="Closed",
        state_category=StateCategory.COMPLETED,
        priority=Priority.NONE,
        labels=("bug", "odd"),
        assignee_keys=("bo",),
        creator_key="ada",
        parent_key=None,
        created_at=at(1),
        updated_at=at(5),
        completed_at=at(4),
        due_date=None,
        comments=(
            said("comment 2021-03-02T08:00:00Z 1", "ada", "one", 2),
            said("comment 2021-03-03T08:00:00Z 1", "bo", "two", 3, updated=at(4)),
            said("comment 2021-03-03T08:00:00Z 2", "bo", "two", 3),
            said("comment 2021-03-04T08:00:00Z 1", None, "who?", 4),
        ),
        people=(BO, ADA),
        mappings=(Mapping(kind="status", source="issues CLOSED", target="Closed (COMPLETED)"),),
        losses=record.losses,
        unused=(("issue.authorAssociation", 1), ("comments.authorAssociation", 4)),
        label_details=(
            LabelRecord(name="bug", color="#d73a4a", description="It is wrong"),
            LabelRecord(name="odd", color=None, description=""),
        ),
        site="github.com",
    )
    assert lost(record) == {("title", LossCode.REPLACED): 1, ("body", LossCode.REPLACED): 1}


def test_an_issue_without_author_and_title(items: list[IssueRecord | Loss]) -> None:
    record = items[3]
    assert isinstance(record, IssueRecord)
    assert (record.title, record.creator_key, record.people, record.state_name) == ("#9", None, (), "Open")
    assert (record.completed_at, lost(record)) == (None, {("title", LossCode.MISSING): 1})


def test_a_pull_request_with_reviews(items: list[IssueRecord | Loss]) -> None:
    record = items[4]
    assert isinstance(record, IssueRecord)
    assert (record.state_name, record.state_category) == ("Merged", StateCategory.COMPLETED)
    assert (record.labels, record.completed_at) == (("pull request",), datetime(2021, 3, 6, 7, 59, 59, tzinfo=UTC))
    assert record.comments == (
        said("review R1 1", "ada", "a typo", 4, 7),
        said("review R1", "ada", "**Approved**", 4),
        said("comment 2021-03-06T08:00:00Z 1", "ada", "thanks", 6),
    )
    assert lost(record) == {
        ("baseRefName", LossCode.NOT_KEPT): 1,
        ("mergedBy", LossCode.NOT_KEPT): 1,
        ("mergeCommit", LossCode.NOT_KEPT): 1,
    }
    assert dict(record.unused) == {
        "issue.authorAssociation": 1,
        "comments.authorAssociation": 1,
        "reviews.commit": 1,
        "reviews.authorAssociation": 2,
        "reviews.comments.originalPosition": 1,
    }


def test_other_members_of_the_archive_are_reported(items: list[IssueRecord | Loss]) -> None:
    reason = NO_EQUIVALENT
    unused = UNUSED
    assert items[5:] == [
        Loss(line=1, key=None, field="milestones", code=LossCode.NOT_KEPT, reason=reason, count=2),
        Loss(line=1, key=None, field="archive.timestamp", code=LossCode.UNUSED, reason=unused),
    ]


@pytest.mark.parametrize("skip", range(8))
def test_skipping_gives_what_follows(items: list[IssueRecord | Loss], skip: int) -> None:
    assert [item for item in read_github(RAW.splitlines(keepends=True), skip=skip) if item] == items[skip:]


def test_the_chunks_do_not_matter(items: list[IssueRecord | Loss]) -> None:
    assert list(read_github([RAW])) == items
    chunks = [RAW[start : start + 11] for start in range(0, len(RAW), 11)]
    assert [item for item in read_github(chunks) if item] == items


def test_an_archive_that_breaks_off_keeps_what_came_before(items: list[IssueRecord | Loss]) -> None:
    found = list(read_github([RAW[: RAW.index(b'"pulls"') + 40]]))
    assert found[:4] == items[:4]
    assert found[5:] == [breaks_off(91, ENDS_EARLY)]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", f"{EMPTY_FILE} "),
        (b"not JSON", f"{NO_JSON_FILE} "),
        (b'{\n"repo": "a/b"}', f"{NO_LIST} "),
        (b"[", f"The file cannot be read. Line 1: {ENDS_EARLY} "),
    ],
)
def test_a_file_without_issues_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(WrongKind) as refused:
        list(read_github([raw]))
    assert refused.value.message == reason + ACCEPTED


@pytest.mark.parametrize("raw", [b'{"repo": "a/b", "issues": [], "pulls": []}', b"[]", b'{"items": []}'])
def test_an_empty_file_of_the_right_shape_is_no_mistake(raw: bytes) -> None:
    assert list(read_github([raw])) == []


def read_one(member: str, **fields: object) -> IssueRecord:
    whole = {
        "number": 1,
        "title": "t",
        "createdAt": "2021-03-01T08:00:00Z",
        "closedAt": "2021-03-02T08:00:00Z",
        **fields,
    }
    (record,) = read_github([json.dumps({"repo": "a/b", member: [whole]}).encode()])
    assert isinstance(record, IssueRecord)
    return record


@pytest.mark.parametrize(
    ("member", "state", "reason", "name", "category"),
    [
        ("issues", "OPEN", None, "Open", StateCategory.UNSTARTED),
        ("issues", "open", None, "Open", StateCategory.UNSTARTED),
        ("issues", "CLOSED", "COMPLETED", "Closed", StateCategory.COMPLETED),
        ("issues", "CLOSED", "NOT_PLANNED", "Not planned", StateCategory.CANCELED),
        ("issues", "CLOSED", "DUPLICATE", "Duplicate", StateCategory.CANCELED),
        ("pulls", "CLOSED", None, "Closed unmerged", StateCategory.CANCELED),
        ("pulls", "OPEN", None, "Open", StateCategory.UNSTARTED),
    ],
)
def test_states(member: str, state: str, reason: str | None, name: str, category: StateCategory) -> None:
    record = read_one(member, state=state, stateReason=reason)
    assert (record.state_name, record.state_category) == (name, category)
    assert record.completed_at == (at(2) if category.is_closed else None)
    assert record.losses == ()


def test_a_state_that_is_unknown_counts_as_open() -> None:
    record = read_one("issues", state="odd")
    assert (record.state_name, lost(record)) == ("Open", {("state", LossCode.MISSING): 1})


def test_the_repository_is_found_in_the_address_if_the_archive_does_not_name_it() -> None:
    issue = {"number": 2, "url": "https://github.com/x/y/issues/2", "createdAt": "2021-03-01T08:00:00Z"}
    (record,) = read_github([json.dumps({"issues": [issue]}).encode()])
    assert isinstance(record, IssueRecord)
    assert (record.external_key, record.project_key) == ("x/y#2", "x/y")


def test_more_assignees_than_an_issue_can_have() -> None:
    record = read_one("issues", state="OPEN", assignees=[f"p{place}" for place in range(25)])
    assert len(record.assignee_keys) == 20
    assert lost(record) == {("assignees", LossCode.TOO_MANY): 5}


@examples(80, 400, st.integers(0, len(RAW)), st.integers(0, 30), st.binary(max_size=20))
def test_any_bytes_are_read_or_reported(start: int, length: int, noise: bytes) -> None:
    with suppress(WrongKind):
        for item in read_github([RAW[:start] + noise + RAW[start + length :]]):
            assert item is None or item.line >= 1
