"""What is measured at each size. To add a measurement, add a function to MEASUREMENTS."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from api.graphql.runner import graphql_schema
from api.schema import schema
from benchmarks.sizes.conditions import Condition, comparisons, random_trees
from benchmarks.sizes.workspace import ABSENT, Workspace
from domain.issues.queries import INDEXED_ORDERS, IssueOrder

_PAGED = "$first: Int, $after: String, $last: Int, $sort: [IssueSort!], $filter: IssueFilter"
_ASKED = "first: $first, after: $after, last: $last, sort: $sort, filter: $filter"
_PAGE = "{ nodes { id identifier title } pageInfo { hasNextPage endCursor } }"


def _in_workspace(field: str, further: str = "") -> str:
    listed = f"list: {field}({_ASKED}{further}) {_PAGE}"
    return f"query ($slug: String!, {_PAGED}) {{ workspace(slug: $slug) {{ {listed} }} }}"


def _under(kind: str, field: str = "issues") -> str:
    return f"query ($id: ID!, {_PAGED}) {{ node(id: $id) {{ ... on {kind} {{ list: {field}({_ASKED}) {_PAGE} }} }} }}"


ISSUES, TRASH = _in_workspace("issues"), _in_workspace("trash")
WITH_ARCHIVED = _in_workspace("issues", ", includeArchived: true")
ISSUES_OF_PROJECT, ISSUES_OF_MILESTONE = _under("Project"), _under("Milestone")
CHILDREN = _under("Issue", "children")
ISSUES_OF_PROJECTS = """query ($slug: String!, $filter: IssueFilter) { workspace(slug: $slug) {
  projects(first: 20) { nodes { list: issues(first: 20, filter: $filter) { nodes { id title } } } } } }"""
COUNT = """query ($slug: String!, $filter: IssueFilter) {
  workspace(slug: $slug) { list: issues(first: 1, filter: $filter) { totalCount totalCountIsExact nodes { id } } } }"""
COUNTS_OF_PROJECTS = """query ($slug: String!) { workspace(slug: $slug) {
  projects(first: 20) { nodes { list: issues(first: 1) { totalCount totalCountIsExact nodes { id } } } } } }"""
COUNT_OF_TRASH = """query ($slug: String!) {
  workspace(slug: $slug) { list: trash(first: 1) { totalCount totalCountIsExact nodes { id } } } }"""
COUNT_OF_CHILDREN = """query ($id: ID!) {
  node(id: $id) { ... on Issue { list: children(first: 1) { totalCount totalCountIsExact nodes { id } } } } }"""
_ISSUE = "id identifier title state { name } project { key } creator { name } assignees { name } labels { name }"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Issue {{ {_ISSUE} }} }} }}"
NODES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Issue {{ {_ISSUE} }} }} }}"
ISSUE = f"""query ($slug: String!, $identifier: String!) {{
  workspace(slug: $slug) {{ issue(identifier: $identifier) {{ {_ISSUE} }} }} }}"""
CHANGES = """query ($slug: String!, $after: Revision!) { workspace(slug: $slug) { changes(after: $after, first: 500) {
  upTo hasMore events { revision kind subjectId occurredAt } } } }"""
PAGE = 50
TREES = 200


class Reader(Enum):
    """Who sends a request. The guest sees the largest project only."""

    OWNER = auto()
    MEMBER = auto()
    GUEST = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """How to find a deep page: the column of the list's parent, its ID, and the columns of the order."""

    column: str
    parent_id: str
    order: Sequence[tuple[str, bool]]
    """Columns, each with whether it is descending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request to measure. `paged` is for lists of which deep pages and the last one are measured too."""

    group: str
    name: str
    query: str
    variables: Mapping[str, Any] | Callable[[int], Mapping[str, Any]]
    """A function gives those of each run, for mutations."""
    paged: Paged | None = None
    reader: Reader = Reader.MEMBER
    undo: str = ""
    """Mutation that removes what the request has made, given its ID."""

    def given(self, run: int) -> Mapping[str, Any]:
        """Variables of the run."""
        return self.variables(run) if callable(self.variables) else self.variables


Cases = Iterator[Case]


def sorts(here: Workspace) -> Cases:
    """Each sort that is indexed, in both directions, and pairs that are not, under the workspace and a project."""
    for parent, group, query, named in (
        ("workspace_id", "sorts of the workspace", ISSUES, {"slug": here.slug}),
        ("project_id", "sorts of a project", ISSUES_OF_PROJECT, {"id": here.project_id}),
        ("milestone_id", "sorts of a milestone", ISSUES_OF_MILESTONE, {"id": here.milestone_id}),
        ("parent_id", "sorts of sub-issues", CHILDREN, {"id": here.parent_id}),
    ):
        indexed = [(by,) for orders in INDEXED_ORDERS[parent] for by in orders]
        others = UNINDEXED if len(indexed) > 1 else tuple((by,) for by in IssueOrder if (by,) not in indexed)
        for orders, is_indexed in ((indexed, True), (others, False)):
            for direction in ("DESC", "ASC"):
                for order in orders:
                    yield _sorted(group, query, named, (parent, _id_of(here, parent)), order, direction, is_indexed)


def _sorted(
    group: str,
    query: str,
    named: Mapping[str, Any],
    parent: tuple[str, str],
    order: Sequence[IssueOrder],
    direction: str,
    is_indexed: bool,
) -> Case:
    is_descending = direction == "DESC"
    columns = [(by.value, is_descending) for by in dict.fromkeys((*order, IssueOrder.CREATED_AT))]
    name = f"{', '.join(map(_field, order))} {direction.lower()}"
    variables = {**named, "first": PAGE, "sort": [{_field(by): {"direction": direction}} for by in order]}
    paged = Paged(column=parent[0], parent_id=parent[1], order=[*columns, ("id", is_descending)])
    return Case(group=group, name=name, query=query, variables=variables, paged=paged if is_indexed else None)


def _id_of(here: Workspace, parent: str) -> str:
    return str(getattr(here, parent))


def _field(order: IssueOrder) -> str:
    first, *others = order.value.split("_")
    return first + "".join(map(str.capitalize, others))


def further_lists(here: Workspace) -> Cases:
    """The trash, and lists with archived issues."""
    named = {"slug": here.slug, "first": PAGE}
    yield Case(group="further lists", name="trash", query=TRASH, variables=named)
    yield Case(group="further lists", name="with archived issues", query=WITH_ARCHIVED, variables=named)
    is_archived = {"filter": {"archivedAt": {"isNull": False}}}
    yield Case(group="further lists", name="archived issues", query=WITH_ARCHIVED, variables=named | is_archived)
    by_priority = {"sort": [{"priority": {"direction": "DESC"}}]}
    name = "with archived issues, by priority"
    yield Case(group="further lists", name=name, query=WITH_ARCHIVED, variables=named | by_priority)


def single_objects(here: Workspace) -> Cases:
    """Objects by ID and by identifier, and the change log."""
    group = "single objects and changes"
    yield Case(group=group, name="node", query=NODE, variables={"id": here.issues[0]})
    yield Case(group=group, name="nodes, 100", query=NODES, variables={"ids": list(here.issues)})
    named = {"slug": here.slug}
    yield Case(group=group, name="issue by identifier", query=ISSUE, variables=named | {"identifier": here.identifier})
    for name, after in (("beginning", 0), ("middle", here.revision // 2), ("end", max(0, here.revision - 500))):
        yield Case(group=group, name=f"500 changes, {name}", query=CHANGES, variables=named | {"after": after})


def filters(here: Workspace) -> Cases:
    """Usual conditions by the newest issue first; matches are many, few or none."""
    for each in usual_conditions(here):
        yield _listed("filters", each, here)
        variables = {"id": here.project_id, "first": PAGE, "filter": each.filter}
        yield Case(group="filters of a project", name=each.name, query=ISSUES_OF_PROJECT, variables=variables)
        named = {"slug": here.slug, "filter": each.filter}
        yield Case(group="filters of each project", name=each.name, query=ISSUES_OF_PROJECTS, variables=named)


def comparators(here: Workspace) -> Cases:
    """Each comparison of each field of the filter."""
    for each in _all_comparisons(here):
        yield _listed("comparators", each, here)


def trees(here: Workspace) -> Cases:
    """Random filters, each in one of the indexed orders."""
    orders = INDEXED_ORDERS["workspace_id"]
    for place, each in enumerate(random_trees(list(_all_comparisons(here)), number=TREES)):
        [by] = orders[place % len(orders)]
        given: dict[str, Any] = {"sort": [{_field(by): {"direction": "DESC" if place % 3 else "ASC"}}]}
        yield _listed("random filters", each, here, **given)
        yield _listed("random filters of a guest", each, here, reader=Reader.GUEST, **given)


def guests(here: Workspace) -> Cases:
    """Lists and usual conditions for a guest."""
    newest = Paged(column="project_id", parent_id=here.project_id, order=[("created_at", True), ("id", True)])
    variables = {"slug": here.slug, "first": PAGE}
    yield Case(
        group="sorts for a guest",
        name="createdAt desc",
        query=ISSUES,
        variables=variables,
        reader=Reader.GUEST,
        paged=newest,
    )
    for each in usual_conditions(here):
        yield _listed("filters for a guest", each, here, reader=Reader.GUEST)


def counts(here: Workspace) -> Cases:
    """`totalCount` with and without a filter."""
    named = {"slug": here.slug}
    yield Case(group="counts", name="no filter", query=COUNT, variables=named)
    yield Case(group="counts", name="each project", query=COUNTS_OF_PROJECTS, variables=named)
    yield Case(group="counts", name="trash", query=COUNT_OF_TRASH, variables=named)
    yield Case(group="counts", name="sub-issues", query=COUNT_OF_CHILDREN, variables={"id": here.parent_id})
    for each in usual_conditions(here):
        yield Case(group="counts", name=each.name, query=COUNT, variables=named | {"filter": each.filter})
        yield Case(
            group="counts for a guest",
            name=each.name,
            query=COUNT,
            variables=named | {"filter": each.filter},
            reader=Reader.GUEST,
        )


def mutations(here: Workspace) -> Cases:
    """Frequent changes. Repeated ones change the same issue, so that most of their pages have been written before."""
    group = "mutations"
    yield Case(
        group=group,
        name="issueCreate",
        query="""mutation ($input: IssueCreateInput!) {
          issueCreate(input: $input) { made: issue { id } errors { message } } }""",
        variables=lambda run: {"input": {"projectId": here.project_id, "title": _title(run), "description": _TEXT}},
        undo="""mutation ($id: ID!) { issueDelete(input: {id: $id}) { errors { message } }
          issuePurge(input: {id: $id}) { errors { message } } }""",
    )
    for name, variables in (
        ("issueUpdate: state", lambda run: {"id": here.issues[0], "stateId": here.states[run % 2]}),
        ("issueUpdate: title", lambda run: {"id": here.issues[1], "title": _title(run)}),
        ("issueUpdate: description", lambda run: {"id": here.issues[2], "description": f"{_TEXT} {run}"}),
    ):
        yield Case(group=group, name=name, query=_UPDATE, variables=_input(variables))
    yield Case(
        group=group,
        name="commentCreate",
        query="""mutation ($input: CommentCreateInput!) {
          commentCreate(input: $input) { comment { id } errors { message } } }""",
        variables=lambda run: {"input": {"issueId": here.issues[3], "body": f"{_TEXT} {run}"}},
    )


MEASUREMENTS: Sequence[Callable[[Workspace], Cases]] = (
    sorts,
    further_lists,
    single_objects,
    filters,
    guests,
    comparators,
    trees,
    counts,
    mutations,
)
UNINDEXED = ((IssueOrder.PRIORITY, IssueOrder.UPDATED_AT), (IssueOrder.DUE_DATE, IssueOrder.PRIORITY))
_UPDATE = """mutation ($input: IssueUpdateInput!) {
  issueUpdate(input: $input) { issue { id } errors { message } } }"""
_TEXT = "The list shows the first page again after the third one, on phones only. Steps: open, scroll, go back."


def _input(variables: Callable[[int], Mapping[str, Any]]) -> Callable[[int], Mapping[str, Any]]:
    return lambda run: {"input": variables(run)}


def _title(run: int) -> str:
    subjects = ("importer", "filter of the board", "weekly report", "mobile layout")
    return f"Let the {subjects[run % len(subjects)]} remember page {run}"


def usual_conditions(here: Workspace) -> Iterator[Condition]:
    """Conditions that people use, with many, few and no matches."""
    [label, *_] = here.examples["labels.name"]
    [person, *_] = here.examples["assignees.name"]
    [_, old, *_] = here.examples["updatedAt"]
    with_label = {"labels": {"some": {"name": {"eq": label}}}}
    unlabeled = {"labels": {"some": {"name": {"eq": ABSENT}}}}
    conditions: dict[str, dict[str, Any]] = {
        "state open": {"state": {"category": {"in": ["UNSTARTED", "STARTED"]}}},
        "open and urgent": {"state": {"category": {"eq": "STARTED"}}, "priority": {"eq": "URGENT"}},
        "priority urgent": {"priority": {"eq": "URGENT"}},
        "label": with_label,
        "label unknown": unlabeled,
        "no label": {"labels": {"none": {}}},
        "assignee by name": {"assignees": {"some": {"name": {"eq": person}}}},
        "creator unknown": {"creator": {"name": {"eq": ABSENT}}},
        "text frequent": {"text": "search"},
        "text of two words": {"text": "search page"},
        "text absent": {"text": ABSENT},
        "title contains": {"title": {"contains": "search"}},
        "title contains absent": {"title": {"contains": ABSENT}},
        "title contains two characters": {"title": {"contains": "qq"}},
        "title starts with": {"title": {"startsWith": "Let "}},
        "identifier": {"identifier": {"eq": here.identifier}},
        "number above": {"number": {"gt": 1000}},
        "number beyond all": {"number": {"gt": 1_000_000_000}},
        "estimate absent": {"estimate": {"eq": 9999}},
        "due before": {"dueDate": {"lt": here.examples["dueDate"][1]}},
        "due never": {"dueDate": {"isNull": True}},
        "updated before": {"updatedAt": {"lt": old}},
        "completed before": {"completedAt": {"lt": here.examples["completedAt"][1]}},
        "archived": {"archivedAt": {"isNull": False}},
        "not urgent": {"not": {"priority": {"eq": "URGENT"}}},
        "text or label": {"or": [{"text": ABSENT}, with_label]},
        "text or title": {"or": [{"text": ABSENT}, {"title": {"contains": ABSENT}}]},
        "two labels": {"and": [with_label, unlabeled]},
    }
    for name, condition in conditions.items():
        yield Condition(name, condition)


def _all_comparisons(here: Workspace) -> Iterator[Condition]:
    return comparisons(graphql_schema(schema).type_map["IssueFilter"], here.examples)  # type: ignore[arg-type]


def _listed(group: str, condition: Condition, here: Workspace, *, reader: Reader = Reader.MEMBER, **given: Any) -> Case:
    variables = {"slug": here.slug, "first": PAGE, "filter": condition.filter} | given
    return Case(group=group, name=condition.name, query=ISSUES, variables=variables, reader=reader)
