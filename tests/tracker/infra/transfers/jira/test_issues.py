import copy
import json
from collections import Counter
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.shared.checks import LONGEST_TEXT
from domain.shared.unset import UNSET
from domain.transfers.records import (
    CommentRecord,
    IssueRecord,
    LabelRecord,
    Loss,
    LossCode,
    Mapping,
    MilestoneRecord,
    PersonRecord,
)
from infra.transfers.jira.issues import read_jira
from infra.transfers.jira.states import priority_of, state_of
from infra.transfers.reasons import NO_FIELDS, NO_KEY, NO_OBJECT, NO_PROJECT_OR_TIME, TOO_DEEP
from tests.examples import examples

FILE = Path(__file__).parents[1] / "data" / "jira.jsonl"
LINES = FILE.read_bytes().splitlines(keepends=True)
BO = PersonRecord(key="bo", name="Sam Field", email=None, is_active=True)
ADA = PersonRecord(key="ada", name="Sam Field", email="ada@example.org", is_active=True)
CY = PersonRecord(key="cy", name="Cy Young", email=None, is_active=False)
GOOD = json.loads(LINES[0])


def at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2020, 1, day, hour, minute, tzinfo=UTC)


def lost(record: IssueRecord) -> dict[tuple[str, LossCode], int]:
    assert {(loss.line, loss.key) for loss in record.losses} <= {(record.line, record.external_key)}
    return {(loss.field, loss.code): loss.count for loss in record.losses}


def read_one(fields: dict[str, object], **top: object) -> IssueRecord:
    times = {"created": "2020-01-01T00:00:00.000+0000", "summary": "A title"}
    (record,) = read_jira([json.dumps({"id": "1", "key": "DEMO-1", "fields": times | fields, **top}).encode()])
    assert isinstance(record, IssueRecord)
    return record


@pytest.fixture(scope="module")
def items() -> list[IssueRecord | Loss]:
    return [item for item in read_jira(LINES) if item]


def test_there_is_one_item_for_each_line_that_is_not_blank(items: list[IssueRecord | Loss]) -> None:
    assert [item.line for item in items] == [1, 3, 4, 5, 6, 7, 8, 9, 10]


def test_a_whole_issue(items: list[IssueRecord | Loss]) -> None:
    record = items[0]
    assert isinstance(record, IssueRecord)
    assert record == IssueRecord(
        line=1,
        external_key="DEMO-1",
        number=1,
        project_key="DEMO",
        project_name="Demo tracker",
        title="Start\ufffd fails on Mondays",
        description=(
            "## Steps\n1. open **it**\n2. ask @bo\n\nSee \ufffd and \ufffd, write to help@example.org\n"
            "```java\nint *p;\n```\n\n## Environment\n\nLinux _6_"
        ),
        source_text=(
            "h2. Steps\n# open *it*\n# ask [~bo]\n\nSee \ufffd and \ufffd, write to help@example.org\n"
            "{code:java}\nint *p;\n{code}\n\nh2. Environment\n\nLinux _6_"
        ),
        state_name="Cannot Reproduce",
        state_category=StateCategory.CANCELED,
        priority=Priority.URGENT,
        labels=("slow", "Slow", "type: Bug", "component: engine"),
        assignee_keys=("bo",),
        creator_key="ada",
        parent_key=None,
        created_at=at(1, 10, 30),
        updated_at=at(9),
        completed_at=at(9),
        due_date=date(2020, 2, 29),
        comments=(
            CommentRecord(key="21", author_key="ada", body="first", created_at=at(2), updated_at=None),
            CommentRecord(
                key="22",
                author_key="bo",
                body="second\n\n> first",
                created_at=at(3),
                updated_at=at(4),
                source_text="second\n{quote}first{quote}",
            ),
            CommentRecord(key="23", author_key=None, body="", created_at=at(5), updated_at=None),
        ),
        people=(BO, ADA, CY),
        mappings=(
            Mapping(kind="status", source="Closed / Cannot Reproduce", target="Cannot Reproduce (CANCELED)"),
            Mapping(kind="priority", source="Critical", target="URGENT"),
            Mapping(kind="label", source="type Bug", target="type: Bug"),
            Mapping(kind="label", source="component engine", target="component: engine"),
        ),
        milestone=MilestoneRecord(name="1.1", external_id=None, due_date=None),
        losses=record.losses,
        unused=record.unused,
        label_details=(
            LabelRecord(name="type: Bug", color=None, description="", external_id="type 1"),
            LabelRecord(name="component: engine", color=None, description="", external_id="component 5"),
        ),
        external_id="1001",
        project_id="1",
    )
    assert dict(record.unused) == {
        "status.statusCategory.id": 1,
        "fields.subtasks": 1,
        "user.timeZone": 8,
        "comment.maxResults": 1,
    }
    assert lost(record) == {
        ("ghissue", LossCode.NOT_KEPT): 1,
        ("summary", LossCode.REPLACED): 1,
        ("description", LossCode.REPLACED): 2,
        ("versions", LossCode.NOT_KEPT): 1,
        ("fixVersions", LossCode.TOO_MANY): 1,
        ("attachment", LossCode.NOT_KEPT): 2,
        ("issuelinks", LossCode.NOT_KEPT): 1,
        ("closedSprints", LossCode.NOT_KEPT): 1,
        ("flagged", LossCode.NOT_KEPT): 1,
        ("customfield_10001", LossCode.NOT_KEPT): 1,
        ("creator", LossCode.NOT_KEPT): 1,
        ("comments.updateAuthor", LossCode.NOT_KEPT): 1,
        ("comments", LossCode.DUPLICATE): 1,
        ("comments", LossCode.INCOMPLETE): 3,
    }


def test_an_issue_with_nothing_but_times_and_a_parent_that_is_missing(items: list[IssueRecord | Loss]) -> None:
    record = items[2]
    assert isinstance(record, IssueRecord)
    assert (record.title, record.description, record.source_text) == ("DEMO-7", "", None)
    assert (record.number, record.parent_key, record.creator_key) == (7, "DEMO-5", "cy")
    assert (record.state_name, record.state_category) == ("Open", StateCategory.UNSTARTED)
    assert (record.priority, record.labels, record.assignee_keys) == (Priority.NONE, (), ())
    assert (record.completed_at, record.comments, record.people) == (None, (), (CY,))
    assert lost(record) == {("summary", LossCode.MISSING): 1, ("issuelinks", LossCode.NOT_KEPT): 1}


def test_an_epic_of_another_project_is_the_parent(items: list[IssueRecord | Loss]) -> None:
    record = items[5]
    assert isinstance(record, IssueRecord)
    assert (record.project_key, record.project_name, record.parent_key) == ("OTHER", "Other", "DEMO-1")
    assert (record.state_category, record.priority, record.losses) == (StateCategory.STARTED, Priority.LOW, ())


def test_wrong_types_everywhere_cost_their_fields_only(items: list[IssueRecord | Loss]) -> None:
    record = items[6]
    assert isinstance(record, IssueRecord)
    assert (record.external_key, record.project_key, record.project_name) == ("DEMO-4", "DEMO", "DEMO")
    assert (record.title, record.description, record.state_name) == ("DEMO-4", "", "Open")
    assert (record.labels, record.assignee_keys, record.creator_key, record.due_date) == ((), (), None, None)
    assert (record.created_at, record.updated_at) == (at(5), at(5))
    assert record.comments == (CommentRecord(key="#2", author_key=None, body="", created_at=at(5), updated_at=None),)
    wrong = {field for field, code in lost(record) if code is LossCode.WRONG_TYPE}
    assert wrong == {
        "assignee", "comments", "comments.body", "comments.id", "components", "description", "environment", "issuetype",
        "labels", "parent", "priority", "project", "resolution", "status", "summary", "updated",
    }  # fmt: skip


def test_bad_lines_say_why_and_stop_nothing(items: list[IssueRecord | Loss]) -> None:
    whole = [(item.line, item.key, item.code, item.reason) for item in items if isinstance(item, Loss)]
    not_json = "The text is not valid JSON: Expecting property name enclosed in double quotes at character 43."
    assert whole == [
        (3, None, LossCode.UNREADABLE, not_json),
        (5, None, LossCode.UNREADABLE, NO_OBJECT),
        (6, None, LossCode.MISSING, NO_KEY),
        (9, None, LossCode.UNREADABLE, "A number in the JSON has too many digits."),
        (10, "DEMO-8", LossCode.MISSING, NO_PROJECT_OR_TIME),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[" * 200_000, TOO_DEEP),
        (b'{"a":' * 200_000, TOO_DEEP),
        (b"\xff\xfe{}", "The text is not valid JSON: Expecting value at character 0."),
        (b'{"key": "DEMO-1"}', NO_FIELDS),
        (b'{"key": "DEMO-1", "fields": []}', NO_FIELDS),
        (b'{"key": 7, "fields": {}}', NO_KEY),
        (b'{"key": " ", "fields": {}}', NO_KEY),
        (b'{"key": "nokey", "fields": {"created": "2020-01-01"}}', NO_PROJECT_OR_TIME),
    ],
)
def test_bad_lines(line: bytes, reason: str) -> None:
    (_, loss) = read_jira([LINES[0], line])
    assert isinstance(loss, Loss)
    assert (loss.line, loss.field, loss.reason) == (2, "issue", reason)


@pytest.mark.parametrize("skip", range(12))
def test_skipping_gives_what_follows(items: list[IssueRecord | Loss], skip: int) -> None:
    assert [item for item in read_jira(LINES, skip=skip) if item] == items[skip:]


def test_lines_are_read_one_at_a_time() -> None:
    lines = iter(LINES)
    assert len(list(islice(filter(None, read_jira(lines)), 2))) == 2
    assert next(lines) == LINES[3]


def test_bytes_that_are_not_text_are_replaced() -> None:
    line = (
        json.dumps({"key": "DEMO-1", "fields": GOOD["fields"] | {"summary": "a!b"}})
        .encode()
        .replace(b"a!b", b"a\xff\xfeb")
    )
    (record,) = read_jira([b"\xef\xbb\xbf" + line])
    assert isinstance(record, IssueRecord)
    assert record.title == "a\ufffd\ufffdb"
    assert lost(record)["line", LossCode.REPLACED] == 2


def test_long_texts_are_cut_and_their_source_is_kept_whole() -> None:
    long = "word " * 100_000
    record = read_one({"description": long, "comment": {"comments": [{"id": "1", "body": long}]}, "summary": "t" * 300})
    assert (record.title, len(record.title)) == ("t" * 254 + "…", 255)
    for text, source in [
        (record.description, record.source_text),
        (record.comments[0].body, record.comments[0].source_text),
    ]:
        assert len(text.encode()) <= LONGEST_TEXT
        assert text.endswith(" of 500,000 bytes are missing here.]")
        assert source == long
    cut = 500_000 - (LONGEST_TEXT - 120)
    assert lost(record) == {
        ("description", LossCode.CUT): cut,
        ("comments.body", LossCode.CUT): cut,
        ("summary", LossCode.CUT): 46,
        ("status", LossCode.MISSING): 1,
        ("comments.created", LossCode.MISSING): 1,
    }


def test_more_labels_than_an_issue_can_have() -> None:
    record = read_one({"labels": [f"l{place}" for place in range(60)]})
    assert record.labels == tuple(f"l{place}" for place in range(50))
    assert lost(record)["labels", LossCode.TOO_MANY] == 10


def test_many_unknown_fields_are_counted_together() -> None:
    losses = lost(read_one({f"custom_{place}": "x" for place in range(1000)}))
    assert losses["fields", LossCode.NOT_KEPT] == 950
    assert len(losses) == 52


@pytest.mark.parametrize(
    ("key", "project", "number"),
    [
        ("DEMO-12", "DEMO", 12),
        ("MY_P2-1", "MY_P2", 1),
        ("DEMO-0", "DEMO", None),
        ("DEMO-2147483647", "DEMO", 2147483647),
        ("DEMO-2147483648", "DEMO", None),
        ("DEMO-" + "9" * 250, "DEMO", None),
        ("12", "P", None),
    ],
)
def test_keys(key: str, project: str, number: int | None) -> None:
    record = read_one({"project": {"key": "P", "name": "Place"}}, key=key)
    assert (record.project_key, record.number, record.external_key) == (project, number, key)


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "soon", "2020-13-01", ""])
def test_a_time_that_no_calendar_has_is_not_taken(value: str) -> None:
    record = read_one({"updated": value})
    assert record.updated_at == record.created_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert lost(record).get(("updated", LossCode.OUT_OF_RANGE)) == (1 if value else None)


def test_a_name_that_a_mail_could_make_a_link_of_is_changed_and_reported() -> None:
    record = read_one(
        {
            "reporter": {"key": "ann", "displayName": "Ann https://evil.example"},
            "assignee": {"key": "www.evil.example", "displayName": "://"},
        }
    )
    assert {person.key: person.name for person in record.people} == {
        "ann": "Ann https evil.example",
        "www.evil.example": "evil.example",
    }
    assert lost(record)["reporter", LossCode.REPLACED] == 1
    assert lost(record)["assignee", LossCode.REPLACED] == 2


def test_people_are_distinguished_by_key_and_found_by_account_id() -> None:
    record = read_one(
        {
            "reporter": {"accountId": "5b:1", "displayName": "Ann"},
            "assignee": {"name": "ann", "displayName": "Ann", "active": False},
        }
    )
    assert record.people == (
        PersonRecord(key="ann", name="Ann", email=None, is_active=False),
        PersonRecord(key="5b:1", name="Ann", email=None, is_active=True),
    )
    assert (record.assignee_keys, record.creator_key) == (("ann",), "5b:1")


def adf(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": list(content)}]}


def test_documents_of_jira_cloud_are_converted_with_the_names_that_the_issue_gives() -> None:
    jo, ann = ({"accountId": f"5b-{name}", "displayName": f"{name} [x]"} for name in ("Jo", "Ann"))
    asked = adf(
        {"type": "text", "text": "Ask"},
        *({"type": "mention", "attrs": {"id": f"5b-{name}", "text": "@Old"}} for name in ("Jo", "Ann", "Cy")),
    )
    colored = {"type": "text", "text": "\x00 or so", "marks": [{"type": "textColor"}]}
    said = [
        {"id": "1", "author": ann, "body": adf(colored)},
        {"id": "2", "body": "[~accountid:5b-Ann] [~accountid:5b-Cy]"},
    ]
    record = read_one(
        {"description": asked, "environment": adf(colored), "reporter": jo, "comment": {"comments": said}}
    )
    assert record.description == "Ask@Jo \\[x\\]@Ann \\[x\\]@Old\n\n## Environment\n\n\ufffd or so"
    assert [comment.body for comment in record.comments] == ["\ufffd or so", "@Ann \\[x\\] @5b-Cy"]
    assert json.loads((record.source_text or "").partition("\n")[0]) == asked
    assert json.loads(record.comments[0].source_text or "") == adf(colored)
    assert {name: count for name, count in lost(record).items() if "." in name[0] and "created" not in name[0]} == {
        ("environment.textColor", LossCode.NOT_KEPT): 1,
        ("comments.body.textColor", LossCode.NOT_KEPT): 1,
        ("comments.body", LossCode.REPLACED): 1,
    }
    assert lost(record)["environment", LossCode.REPLACED] == 1


@pytest.mark.parametrize(
    ("fields", "milestone"),
    [
        ({}, UNSET),
        ({"fixVersions": None}, None),
        ({"fixVersions": []}, None),
        ({"fixVersions": [{"name": " "}, "odd"]}, None),
        (
            {"fixVersions": [{"id": "7", "name": "1.0", "releaseDate": "2020-03-01", "released": True}]},
            MilestoneRecord(name="1.0", external_id="7", due_date=date(2020, 3, 1)),
        ),
    ],
)
def test_the_first_version_is_the_milestone(fields: dict[str, object], milestone: object) -> None:
    assert read_one(fields).milestone == milestone


@pytest.mark.parametrize("depth", range(20, 1020, 100))
def test_a_document_of_any_depth_is_read_or_reported(depth: int) -> None:
    document = '{"type":"doc","content":[' + '{"type":"blockquote","content":[' * depth
    document += '{"type":"text","text":"deep"}' + "]}" * depth + "]}"
    line = '{"key":"A-1","fields":{"created":"2020-01-01","description":' + document + "}}"
    (item,) = read_jira([line.encode()])
    if isinstance(item, IssueRecord):
        assert "deep" in item.description
    else:
        assert isinstance(item, Loss)
        assert item.reason == TOO_DEEP


def test_a_document_without_content_is_an_empty_text() -> None:
    record = read_one({"description": {"type": "doc", "version": 1}})
    assert (record.description, record.source_text) == ("", None)
    assert ("description", LossCode.WRONG_TYPE) not in lost(record)


@pytest.mark.parametrize(
    ("status", "category", "resolution", "state"),
    [
        ("Open", "new", "", ("Open", StateCategory.UNSTARTED)),
        ("Backlog", "new", "", ("Backlog", StateCategory.BACKLOG)),
        ("In Review", "indeterminate", "", ("In Review", StateCategory.STARTED)),
        ("Reopened", "new", "Fixed", ("Reopened", StateCategory.UNSTARTED)),
        ("Closed", "done", "", ("Closed", StateCategory.COMPLETED)),
        ("Closed", "done", "Fixed", ("Closed", StateCategory.COMPLETED)),
        ("Closed", "done", "Invalid", ("Invalid", StateCategory.CANCELED)),
        ("Closed", "done", "Won’t Fix", ("Won’t Fix", StateCategory.CANCELED)),
        ("Resolved", "done", "duplicate", ("duplicate", StateCategory.CANCELED)),
        ("Resolved", "done", "Cannot Reproduce", ("Cannot Reproduce", StateCategory.CANCELED)),
        ("Rejected", "done", "", ("Rejected", StateCategory.CANCELED)),
        ("Closed", "", "Invalid", ("Invalid", StateCategory.CANCELED)),
        ("Doing", "undefined", "", ("Doing", StateCategory.STARTED)),
        ("Whatever", "", "", ("Whatever", StateCategory.UNSTARTED)),
    ],
)
def test_states(status: str, category: str, resolution: str, state: tuple[str, StateCategory]) -> None:
    assert state_of(status, category, resolution) == state


def test_priorities() -> None:
    names = [
        "Blocker",
        "Critical",
        "Highest",
        "Major",
        "high",
        "Minor",
        "Medium",
        "Trivial",
        "Low",
        "Lowest",
        "None",
        "",
        "Odd",
    ]
    urgent, high, medium, low = [Priority.URGENT] * 3, [Priority.HIGH] * 2, [Priority.MEDIUM] * 2, [Priority.LOW] * 3
    expected = [*urgent, *high, *medium, *low, Priority.NONE, Priority.NONE, None]
    assert [priority_of(name) for name in names] == expected
    record = read_one({"priority": {"name": "Odd"}})
    assert (record.priority, lost(record)["priority", LossCode.NOT_KEPT]) == (Priority.NONE, 1)


def test_no_reason_quotes_the_file(items: list[IssueRecord | Loss]) -> None:
    losses = [loss for item in items for loss in ([item] if isinstance(item, Loss) else item.losses)]
    assert len(Counter(loss.reason for loss in losses)) > 10
    assert not any(word in loss.reason for loss in losses for word in ("example", "Mondays", "Sam"))


PLACES: list[tuple[str | int, ...]] = []


def _collect(value: object, place: tuple[str | int, ...]) -> None:
    PLACES.append(place)
    if isinstance(value, dict):
        for name, inner in value.items():
            _collect(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _collect(inner, (*place, index))


_collect(GOOD, ())
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "\ud800", "{code}", "9" * 400, "2020-01-01T00:00:00", 10**400, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "name", "id"]), inner),
    max_leaves=5,
)


@examples(80, 400, st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=4))
def test_any_change_of_a_good_line_is_read_or_reported(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    document = copy.deepcopy(GOOD)
    for place, value in changes:
        holder: Any = document
        try:
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = value
        except (KeyError, IndexError, TypeError):
            document = value  # an earlier change removed the place, or the place is the document itself
    (_, item) = read_jira([LINES[0], json.dumps(document).encode()])
    assert item is not None
    assert item.line == 2
    if isinstance(item, IssueRecord):
        assert item.title
        assert item.created_at.tzinfo is UTC
        assert json.dumps([item.description, [comment.body for comment in item.comments]], ensure_ascii=False).encode()


@examples(80, 300, st.binary(max_size=30), st.integers(0, len(LINES[0])), st.integers(0, 30))
def test_any_bytes_are_read_or_reported(noise: bytes, start: int, length: int) -> None:
    line = LINES[0][:start] + noise.replace(b"\n", b"") + LINES[0].rstrip(b"\n")[start + length :]
    read = [item for item in read_jira([LINES[0], line, b"\n", LINES[5]]) if item]
    assert len(read) == (3 if line.strip() else 2)


def search(**members: object) -> bytes:
    return json.dumps({"expand": "names", "startAt": 0, "maxResults": 50, **members}).encode()


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ([search(total=2, issues=[GOOD, GOOD])], 0),
        ([search(total=1, issues=[GOOD]), search(total=1, issues=[])], 0),
        ([search(issues=[GOOD], isLast=True)], 0),
        ([search(issues=[GOOD], isLast=False), search(issues=[GOOD], isLast=True)], 0),
        ([search(total=7, issues=[GOOD]), search(total=7, issues=[GOOD])], 5),
        ([search(issues=[GOOD], isLast=False)], 1),
        ([search(total="7", issues=[GOOD], isLast=None)], 0),
    ],
)
def test_a_search_response_reports_issues_missing_from_the_file(answers: list[bytes], missing: int) -> None:
    read = list(read_jira(b"\n".join(answers).splitlines(keepends=True)))
    assert sum(isinstance(item, IssueRecord) for item in read) == sum(answer.count(b'"summary"') for answer in answers)
    lost = [loss for loss in read if isinstance(loss, Loss) and loss.code is not LossCode.UNUSED]
    assert [(loss.field, loss.code, loss.count) for loss in lost] == [
        ("issues", LossCode.INCOMPLETE, missing) for _ in range(min(missing, 1))
    ]


def test_other_members_of_a_search_answer_are_reported() -> None:
    (_, *losses) = read_jira([search(issues=[GOOD], warningMessages=["a", "b"])])
    found = {(loss.line, loss.field, loss.code, loss.count) for loss in losses if isinstance(loss, Loss)}
    formal = {(1, f"search.{name}", LossCode.UNUSED, 1) for name in ("expand", "startAt", "maxResults")}
    assert found == formal | {(1, "warningMessages", LossCode.NOT_KEPT, 2)}
