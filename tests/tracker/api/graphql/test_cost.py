"""What operations of the tracker cost."""

from contextlib import nullcontext
from typing import Any

import orjson
import pytest

from api.graphql.documents import DocumentCache, DocumentRefused
from api.graphql.runner import graphql_schema
from api.schema import schema
from benchmarks.operations import REFERENCE_TEXT
from tests.costs import LIMITS, Costs, here

COSTS = Costs(graphql_schema(schema))


def history(selection: str) -> str:
    return f'{{ node(id: "x") {{ ... on Issue {{ history(first: 7) {{ nodes {{ changes {{ {selection} }} }} }} }} }} }}'


CASES: dict[str, tuple[str, int]] = {
    "a search": (here('issues(first: 7, filter: {text: "a"}) { nodes { id } }'), 2 + 7 + 10),
    "a search under a list": (
        here('projects(first: 4) { nodes { issues(first: 7, filter: {text: "a"}) { nodes { id } } } }'),
        2 + 4 * (1 + 1 + 10 + 7),
    ),
    "people": (here("issues(first: 7) { nodes { assignees { id } } }"), 2 + 7 * (1 + 20)),
    "labels": (here("issues(first: 7) { nodes { labels { id } } }"), 2 + 7 * (1 + 50)),
    "changes of a history": (
        history("... on TitleChange { from } ... on StateChange { old: from { id } new: to { id state { id } } }"),
        1 + 1 + 7 * (1 + 1),
    ),
    "people of a history": (history("... on AssigneesChange { added { id } }"), 1 + 1 + 7 * (1 + 1)),
    "changes of a comment": (
        '{ node(id: "x") { ... on Comment { history(first: 7) { nodes { changes { action comment { id } } } } } } }',
        1 + 1 + 7 * (1 + 1),
    ),
    "the reference list": (REFERENCE_TEXT, 2 + 50 * (1 + 3 + 20 + 50 + (1 + 10 + 3 * 2))),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_operation_costs(name: str) -> None:
    text, expected = CASES[name]
    assert COSTS.points(text) == expected


def test_a_search_in_a_variable_costs_what_it_costs_in_the_document() -> None:
    text = here("issues(first: 7, filter: $f) { nodes { id } }", "($f: IssueFilter)")
    assert COSTS.formula(text).price({"f": {"text": "a"}}) == (2 + 7 + 10, 10)


def test_every_condition_is_priced() -> None:
    COSTS.require_priced_filters()


def test_every_list_has_a_size_that_its_description_tells() -> None:
    assert COSTS.require_sizes() == {
        "AssigneesChange.added",
        "AssigneesChange.removed",
        "ChangeBatch.events",
        "CommentHistoryEntry.changes",
        "ChangeSet.reasons",
        "ChangeSetUndoPayload.plannedEvents",
        "ChangeSetUndoPayload.results",
        "ChangeSetUndoResult.changes",
        "ConflictError.conflicts",
        "Event.changes",
        "ImportRun.lossKinds",
        "Invitation.projects",
        "Issue.assignees",
        "Issue.labels",
        "IssueCreation.assignees",
        "IssueCreation.labels",
        "CommentBatchPayload.plannedEvents",
        "CommentBatchPayload.results",
        "CommentBatchResult.changes",
        "LabelBatchPayload.plannedEvents",
        "LabelBatchPayload.results",
        "LabelBatchResult.changes",
        "IssueBatchPayload.plannedEvents",
        "IssueBatchPayload.results",
        "IssueBatchResult.changes",
        "IssueHistoryEntry.changes",
        "LabelsChange.added",
        "LabelsChange.removed",
        "PlannedEvent.changes",
        "Project.states",
        "Query.nodes",
        "User.apiKeys",
    }


def test_changes_and_the_objects_that_they_name_are_read_with_their_entry() -> None:
    union: Any = COSTS.schema.type_map["IssueChange"]
    named = {"NamedIssue", "NamedLabel", "NamedMilestone", "NamedProject", "NamedState"}
    in_batches = {"ChangeSetUndoResult", "CommentBatchResult", "IssueBatchResult", "LabelBatchResult", "PlannedEvent"}
    assert COSTS.read_with_parent() == {"IssueChange", *named, *in_batches, *(each.name for each in union.types)}


BATCH = """mutation ($input: IssueBatchUpdateInput!, $ids: [ID!]) { all: issueBatchUpdate(input: $input) { %s }
  some: issueBatchUpdate(input: {workspaceId: "w", select: {ids: $ids}, change: {}}) { changedCount }
  two: issueBatchUpdate(input: {workspaceId: "w", select: {ids: ["a", "b"]}, change: {}}) {
    results { issue { id } } } }"""


def test_a_batch_costs_a_point_for_each_selected_issue() -> None:
    given = {"input": {"workspaceId": "w", "select": {"ids": ["a"] * 7}, "change": {}}, "ids": ["a"] * 30}
    fixed = (10 + 7) + (10 + 30) + (10 + 2 + 2)
    assert COSTS.points(BATCH % "changedCount plannedEvents { kind }", **given) == fixed
    assert COSTS.points(BATCH % "results { issue { id project { id } } }", **given) == fixed + 7 * 2
    unknown = {"input": {"workspaceId": "w", "select": {}, "change": {}}, "ids": None}
    assert COSTS.points(BATCH % "changedCount", **unknown) == (10 + 1_000) * 2 + 10 + 2 + 2


def test_every_mutation_of_many_objects_is_priced_by_these() -> None:
    assert "issueBatchUpdate" in COSTS.require_priced_batches()


@pytest.mark.parametrize("count", [1_000, 1_001])
def test_lists_of_ids_in_a_document_can_be_longer_than_others_in_batches(count: int) -> None:
    text = BATCH.replace('["a", "b"]', orjson.dumps(["a"] * count).decode()) % "changedCount"
    with nullcontext() if count == 1_000 else pytest.raises(DocumentRefused):
        DocumentCache(COSTS.schema, LIMITS).prepare(text)
