"""What is measured at each size. To add a measurement, add a function to MEASUREMENTS."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LIST = """list: issues(first: $first, after: $after, last: $last, sort: $sort, filter: $filter) {
    nodes { id identifier title } pageInfo { hasNextPage endCursor } }"""
_PAGED = "$first: Int, $after: String, $last: Int, $sort: [IssueSort!], $filter: IssueFilter"
ISSUES = f"query ($slug: String!, {_PAGED}) {{ workspace(slug: $slug) {{ {_LIST} }} }}"
ISSUES_OF_PROJECT = f"query ($id: ID!, {_PAGED}) {{ node(id: $id) {{ ... on Project {{ {_LIST} }} }} }}"
COUNT = """query ($slug: String!, $filter: IssueFilter) {
  workspace(slug: $slug) { list: issues(first: 1, filter: $filter) { totalCount nodes { id } } } }"""
COUNTS_OF_PROJECTS = """query ($slug: String!) {
  workspace(slug: $slug) { projects(first: 20) { nodes { issues(first: 1) { totalCount } } } } }"""
PAGE = 50
OLD = "2025-06-10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The measured workspace. `project_id` is its largest project, which `guest_email` sees."""

    slug: str
    project_id: str
    guest_email: str
    owner_email: str
    label: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request to measure. If `is_paged`, deep pages and the last one are measured too."""

    group: str
    name: str
    query: str
    variables: Mapping[str, Any]
    is_paged: bool = False
    is_guest: bool = False
    """Whether a guest sends it, who sees the largest project only."""


Cases = Iterator[Case]


def sorts(here: Workspace) -> Cases:
    """Each sort that is indexed, under the workspace and under its largest project."""
    for keys in SORTS:
        name = ", ".join(f"{key} {direction.lower()}" for key, direction in keys)
        given = [{key: {"direction": direction}} for key, direction in keys]
        yield _listed("sorts of the workspace", name, here, sort=given, is_paged=True)
        variables = {"id": here.project_id, "first": PAGE, "sort": given}
        yield Case(group="sorts of a project", name=name, query=ISSUES_OF_PROJECT, variables=variables, is_paged=True)


def filters(here: Workspace) -> Cases:
    """Conditions alone, by the newest issue first; matches are many, few or none."""
    for name, condition in _conditions(here).items():
        yield _listed("filters", name, here, filter=condition)


def guests(here: Workspace) -> Cases:
    """Lists and conditions for a guest."""
    yield _listed("a guest", "no filter", here, is_guest=True, is_paged=True)
    for name, condition in _conditions(here).items():
        yield _listed("a guest", name, here, filter=condition, is_guest=True)


def counts(here: Workspace) -> Cases:
    """`totalCount` with and without a filter."""
    yield Case(group="counts", name="no filter", query=COUNT, variables={"slug": here.slug})
    yield Case(group="counts", name="four projects", query=COUNTS_OF_PROJECTS, variables={"slug": here.slug})
    for name, condition in _conditions(here).items():
        yield Case(group="counts", name=name, query=COUNT, variables={"slug": here.slug, "filter": condition})


MEASUREMENTS: Sequence[Callable[[Workspace], Cases]] = (sorts, filters, guests, counts)

SORTS: Sequence[Sequence[tuple[str, str]]] = (
    (("createdAt", "DESC"),),
    (("createdAt", "ASC"),),
    (("updatedAt", "DESC"),),
    (("priority", "DESC"),),
    (("priority", "DESC"), ("createdAt", "DESC")),
    (("priority", "DESC"), ("createdAt", "ASC")),
    (("priority", "ASC"), ("updatedAt", "DESC")),
    (("dueDate", "ASC"),),
    (("dueDate", "ASC"), ("priority", "DESC")),
)


def _conditions(here: Workspace) -> dict[str, dict[str, Any]]:
    absent = "zzqx"
    return {
        "state open": {"state": {"category": {"in": ["UNSTARTED", "STARTED"]}}},
        "priority urgent": {"priority": {"eq": "URGENT"}},
        "label": {"labels": {"some": {"name": {"eq": here.label}}}},
        "label unknown": {"labels": {"some": {"name": {"eq": absent}}}},
        "no label": {"labels": {"none": {}}},
        "assignee by name": {"assignees": {"some": {"name": {"eq": here.person}}}},
        "creator unknown": {"creator": {"name": {"eq": absent}}},
        "text frequent": {"text": "search"},
        "text absent": {"text": absent},
        "title contains": {"title": {"contains": "search"}},
        "title contains absent": {"title": {"contains": absent}},
        "title starts with": {"title": {"startsWith": "Let "}},
        "identifier": {"identifier": {"eq": "ENG-12"}},
        "number above": {"number": {"gt": 1000}},
        "number beyond all": {"number": {"gt": 1_000_000_000}},
        "estimate absent": {"estimate": {"eq": 9999}},
        "due before": {"dueDate": {"lt": OLD}},
        "due never": {"dueDate": {"isNull": True}},
        "updated before": {"updatedAt": {"lt": f"{OLD}T00:00:00Z"}},
        "completed before": {"completedAt": {"lt": f"{OLD}T00:00:00Z"}},
        "archived": {"archivedAt": {"isNull": False}},
        "not urgent": {"not": {"priority": {"eq": "URGENT"}}},
        "text or label": {"or": [{"text": absent}, {"labels": {"some": {"name": {"eq": here.label}}}}]},
        "two labels": {
            "and": [{"labels": {"some": {"name": {"eq": here.label}}}}, {"labels": {"some": {"name": {"eq": absent}}}}]
        },
    }


def _listed(
    group: str, name: str, here: Workspace, *, is_paged: bool = False, is_guest: bool = False, **given: Any
) -> Case:
    variables = {"slug": here.slug, "first": PAGE} | given
    return Case(group=group, name=name, query=ISSUES, variables=variables, is_paged=is_paged, is_guest=is_guest)
