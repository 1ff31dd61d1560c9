"""PostGraphile makes its own schema of the tables: the same questions in its words, and its answers in ours."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.dataset import Dataset
from benchmarks.operations import FILTER_PRIORITIES, FILTERED, ISSUE, NESTED, REFERENCE, UPDATE, VIEWER
from domain.issues.priorities import Priority

_STATE = "state: stateByWorkspaceIdAndProjectIdAndStateId { id: rowId name category }"
_CREATOR = "creator: accountByCreatorId { id: rowId name }"
_ASSIGNEES = "assignees: issueAssigneesByWorkspaceIdAndIssueId { nodes { of: accountByUserId { id: rowId name } } }"
_LABELS = (
    "labels: issueLabelsByWorkspaceIdAndIssueId { nodes { of: labelByWorkspaceIdAndLabelId { id: rowId name color } } }"
)
_PAGE = "pageInfo { hasNextPage endCursor }"
_OLDEST = "orderBy: [CREATED_AT_ASC, ROW_ID_ASC]"
_NEWEST = "orderBy: [CREATED_AT_DESC, ROW_ID_DESC], condition: {lifecycle: 0}"
_COMMENT = "id: rowId body createdAt author: accountByAuthorId { id: rowId name }"

_REFERENCE = f"""query {{ workspace: visibleWorkspace(slug: "acme") {{
  issues: issuesByWorkspaceId(first: 50, {_NEWEST}) {{
  nodes {{ id: rowId identifier title priority createdAt dueDate {_STATE}
    project: projectByWorkspaceIdAndProjectId {{ id: rowId key name }} {_CREATOR} {_ASSIGNEES} {_LABELS}
    comments: commentsByWorkspaceIdAndIssueId(first: 3, {_OLDEST}) {{ totalCount nodes {{ {_COMMENT} }} }} }}
  {_PAGE} }} }} }}"""

_FILTERED = f"""query ($slug: String!, $filter: IssueFilter) {{ workspace: visibleWorkspace(slug: $slug) {{
  issues: issuesByWorkspaceId(first: 50, orderBy: [UPDATED_AT_DESC, ROW_ID_DESC], filter: $filter,
      condition: {{lifecycle: 0}}) {{
    nodes {{ id: rowId identifier title priority updatedAt {_STATE} {_ASSIGNEES} {_LABELS} }} {_PAGE} }} }} }}"""

_NESTED = f"""query ($slug: String!) {{ workspace: visibleWorkspace(slug: $slug) {{
  issues: issuesByWorkspaceId(first: 100, {_NEWEST}) {{ nodes {{ id: rowId title
    comments: commentsByWorkspaceIdAndIssueId(first: 10, {_OLDEST}) {{
      nodes {{ id: rowId body author: accountByAuthorId {{ name }} }} }} }} }} }} }}"""

TEXTS: Mapping[str, str] = {
    VIEWER: "{ viewer { id: rowId name } }",
    REFERENCE: _REFERENCE,
    FILTERED: _FILTERED,
    NESTED: _NESTED,
}
SKIPPED: Mapping[str, str] = {
    ISSUE: "it cannot look up an issue by an identifier that is derived from another table",
    UPDATE: "its generated mutation writes one row; the revision and the event would be a function in PL/pgSQL",
}


def variables(dataset: Dataset) -> dict[str, dict[str, Any]]:
    slug = {"slug": dataset.slug}
    priorities = [int(Priority[name]) for name in FILTER_PRIORITIES]
    wanted = {
        "stateByWorkspaceIdAndProjectIdAndStateId": {"category": {"equalTo": "STARTED"}},
        "priority": {"in": priorities},
        "issueLabelsByWorkspaceIdAndIssueId": {
            "some": {"labelByWorkspaceIdAndLabelId": {"name": {"equalTo": dataset.label}}}
        },
    }
    return {FILTERED: slug | {"filter": wanted}, NESTED: slug}


def normalized(data: Any) -> Any:
    """The answer in Workgraph's words."""
    if isinstance(data, list):
        return [normalized(item) for item in data]
    if isinstance(data, dict):
        return {key: _FIELDS.get(key, normalized)(value) for key, value in data.items()}
    return data


def _priority(value: int) -> str:
    return Priority(value).name


def _moment(value: str) -> str:
    return value.replace(".000000", "").replace("+00:00", "Z")


def _linked(value: Mapping[str, Any]) -> list[Any]:
    """Linked objects, sorted by name here because PostGraphile cannot sort by a column of the linked table."""
    found = [normalized(node["of"]) for node in value["nodes"]]
    return sorted(found, key=lambda each: (each["name"], each["id"]))


def _only(value: Mapping[str, Any]) -> Any:
    return normalized(value["nodes"][0]) if value["nodes"] else None


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "priority": _priority,
    "createdAt": _moment,
    "updatedAt": _moment,
    "assignees": _linked,
    "labels": _linked,
    "issue": _only,
}
