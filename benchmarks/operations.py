"""Operations to measure, written for Workgraph's schema; other servers get the same text or their own form of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.dataset import Dataset

VIEWER, REFERENCE, ISSUE, FILTERED, NESTED, UPDATE = "viewer", "reference", "issue", "filtered", "nested", "update"
ID_MARK, TITLE_MARK = "@ISSUE@", "@TITLE@"
"""Marks in a request's body that the load generator replaces, so that each request changes something."""

REFERENCE_TEXT = """query { workspace(slug: "acme") {
  issues(first: 50, sort: [{createdAt: {direction: DESC}}]) { nodes {
    id identifier title priority createdAt dueDate state { id name category } project { id key name }
    creator { id name } assignees { id name } labels { id name color }
    comments(first: 3) { totalCount nodes { id body createdAt author { id name } } } }
    pageInfo { hasNextPage endCursor } } } }"""

ISSUE_TEXT = """query ($slug: String!, $identifier: String!) { workspace(slug: $slug) {
  issue(identifier: $identifier) {
    id identifier title description priority state { id name category } creator { id name }
    comments(first: 100) {
      totalCount nodes { id body createdAt author { id name } } pageInfo { hasNextPage endCursor } } } } }"""

FILTERED_TEXT = """query ($slug: String!, $filter: IssueFilter) { workspace(slug: $slug) {
  issues(first: 50, filter: $filter, sort: [{updatedAt: {direction: DESC}}]) {
    nodes {
      id identifier title priority updatedAt
      state { id name category } assignees { id name } labels { id name color } }
    pageInfo { hasNextPage endCursor } } } }"""

NESTED_TEXT = """query ($slug: String!) { workspace(slug: $slug) { issues(first: 100) { nodes {
  id title comments(first: 10) { nodes { id body author { name } } } } } } }"""

UPDATE_TEXT = """mutation ($id: ID!, $title: String!) {
  issueUpdate(input: {id: $id, title: $title}) { errors { message } issue { id title } } }"""

FILTER_PRIORITIES = ("MEDIUM", "HIGH", "URGENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """GraphQL operation of the benchmark. `is_everywhere`: every round measures it with every number of connections."""

    name: str
    title: str
    text: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    is_everywhere: bool = False

    @property
    def is_write(self) -> bool:
        return self.name == UPDATE


def operations(dataset: Dataset) -> list[Operation]:
    slug = {"slug": dataset.slug}
    return [
        Operation(name=VIEWER, title="`{ viewer { id name } }`", text="{ viewer { id name } }", is_everywhere=True),
        Operation(name=REFERENCE, title="the reference list: 50 issues", text=REFERENCE_TEXT, is_everywhere=True),
        Operation(
            name=ISSUE,
            title="one issue with its first 100 comments",
            text=ISSUE_TEXT,
            variables=slug | {"identifier": dataset.identifier},
        ),
        Operation(
            name=FILTERED,
            title="50 issues, filtered by state, priority and label",
            text=FILTERED_TEXT,
            variables=slug | {"filter": issue_filter(dataset)},
        ),
        Operation(name=NESTED, title="100 issues with 10 comments each", text=NESTED_TEXT, variables=slug),
        Operation(
            name=UPDATE,
            title="mutation: a new title for an issue",
            text=UPDATE_TEXT,
            variables={"id": ID_MARK, "title": TITLE_MARK},
        ),
    ]


def issue_filter(dataset: Dataset) -> dict[str, Any]:
    return {
        "state": {"category": {"eq": "STARTED"}},
        "priority": {"in": list(FILTER_PRIORITIES)},
        "labels": {"some": {"name": {"eq": dataset.label}}},
    }
