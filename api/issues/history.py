"""GraphQL types of the history of issues."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Union

import strawberry

from api.accounts.types import User
from api.audit.history import ChangeType, EntryFields
from api.issues.priorities import Priority
from api.labels.types import Label
from api.milestones.types import Milestone
from api.projects.types import Project, State
from api.shared import loads
from api.shared.enums import describe_enum
from api.shared.fields import related_list
from api.shared.list_sizes import WITH_PARENT, ReadWithParent
from domain.audit.history import Named
from domain.audit.queries import HistoryQuery
from domain.issues import history
from strawberry_compiled import related

describe_enum(
    history.DateField,
    name="IssueDateField",
    description="A date of an issue.",
    START_DATE="The start date, `startDate`.",
    DUE_DATE="The due date, `dueDate`.",
)


class IssueChangeKind(StrEnum):
    """Kinds of changes of the slices that a schema is built for (api/schema.py)."""


describe_enum(IssueChangeKind, name="IssueChangeKind", description="Kind of a change in the history of an issue.")


def _name(description: str) -> Any:
    return related("id", loads.names, graphql_type=str | None, description=description)


@strawberry.type(description="A workflow state that a change names. The state may have been deleted since.")
class NamedState(ReadWithParent):
    describes = Named

    id: strawberry.ID = strawberry.field(description="ID of the workflow state.")
    name = _name(
        "Current name of the workflow state, or its last name if the state was deleted. Null if the state is not "
        "visible to you, or was deleted with its project."
    )
    state = related(
        "id",
        loads.states,
        graphql_type=State | None,
        description="The workflow state. Null if it was deleted or is not visible to you.",
    )


@strawberry.type(description="A label that a change names. The label may have been deleted since.")
class NamedLabel(ReadWithParent):
    describes = Named

    id: strawberry.ID = strawberry.field(description="ID of the label.")
    name = _name("Current name of the label, or its last name if the label was deleted.")
    label = related(
        "id", loads.labels, graphql_type=Label | None, description="The label. Null if the label was deleted."
    )


@strawberry.type(description="A milestone that a change names. The milestone may have been deleted since.")
class NamedMilestone(ReadWithParent):
    describes = Named

    id: strawberry.ID = strawberry.field(description="ID of the milestone.")
    name = _name(
        "Current name of the milestone, or its last name if the milestone was deleted. Null if the milestone is not "
        "visible to you, or was deleted with its project."
    )
    milestone = related(
        "id",
        loads.milestones,
        graphql_type=Milestone | None,
        description="The milestone. Null if it was deleted or is not visible to you.",
    )


@strawberry.type(description="A project that a change names. The project may have been deleted since.")
class NamedProject(ReadWithParent):
    describes = Named

    id: strawberry.ID = strawberry.field(description="ID of the project.")
    name = _name("Current name of the project. Null if the project was deleted or is not visible to you.")
    project = related(
        "id",
        loads.projects,
        graphql_type=Project | None,
        description="The project. Null if it was deleted or is not visible to you.",
    )


@strawberry.type(description="An issue that a change names. The issue may have been deleted since.")
class NamedIssue(ReadWithParent):
    describes = Named

    id: strawberry.ID = strawberry.field(description="ID of the issue.")
    name = related(
        "id",
        loads.names,
        graphql_type=str | None,
        description="Current title of the issue. Null if the issue was deleted permanently or is not visible to you.",
    )
    issue = related(
        "id",
        loads.issues,
        graphql_type=Annotated["Issue", strawberry.lazy("api.issues.types")] | None,  # noqa: F821  of a module that imports this one
        description="The issue. Null if it was deleted permanently or is not visible to you.",
    )


@strawberry.type(description="Creation of an issue, with the values that it was created with.")
class IssueCreation(ChangeType):
    describes = history.IssueCreation

    title: str | None = strawberry.field(description="Title that the issue was created with.")
    description: str | None = strawberry.field(description="Description that the issue was created with, in Markdown.")
    state: NamedState | None = strawberry.field(description="Workflow state that the issue was created in.")
    priority: Priority | None = strawberry.field(description="Priority that the issue was created with.")
    estimate: int | None = strawberry.field(
        description="Estimate that the issue was created with. Null if it was created without an estimate."
    )
    start_date: date | None = strawberry.field(
        description="Start date that the issue was created with. Null if it was created without a start date."
    )
    due_date: date | None = strawberry.field(
        description="Due date that the issue was created with. Null if it was created without a due date."
    )
    labels: list[NamedLabel] = strawberry.field(
        metadata=WITH_PARENT, description="Labels that the issue was created with, at most 50."
    )
    milestone: NamedMilestone | None = strawberry.field(
        description="Milestone that the issue was created with. Null if it was created without a milestone."
    )
    parent: NamedIssue | None = strawberry.field(
        description="Parent that the issue was created under. Null if it was created without a parent. Hidden from "
        "guests."
    )
    project: NamedProject | None = strawberry.field(description="The project that the issue was created in.")
    external_source: str | None = strawberry.field(
        description="Tracker that the issue was imported from, such as `jira`. Null if the issue was not imported."
    )
    external_key: str | None = strawberry.field(
        description="Key of the issue in the tracker that it was imported from. Null if the issue was not imported."
    )
    assignees = related_list(
        "assignee_ids",
        loads.user_lists,
        graphql_type=list[User],
        description="Users who were assigned when the issue was created, at most 20.",
    )


@strawberry.type(description="Change of the title of an issue.")
class TitleChange(ChangeType):
    describes = history.TitleChange

    before: str | None = strawberry.field(
        name="from",
        description="Title before the change. Null if the issue came from a project that is not visible to you.",
    )
    after: str | None = strawberry.field(
        name="to",
        description="Title after the change. Null if the issue moved to a project that is not visible to you.",
    )


@strawberry.type(description="Change of the description of an issue.")
class DescriptionChange(ChangeType):
    describes = history.DescriptionChange

    before: str | None = strawberry.field(
        name="from",
        description="Description before the change, in Markdown. Null if the issue came from a project that is not "
        "visible to you.",
    )
    after: str | None = strawberry.field(
        name="to",
        description="Description after the change, in Markdown. Null if the issue moved to a project that is not "
        "visible to you.",
    )


@strawberry.type(description="Change of the workflow state of an issue.")
class StateChange(ChangeType):
    describes = history.StateChange

    before: NamedState | None = strawberry.field(
        name="from",
        description="Workflow state before the change. Null if the issue came from a project that is not visible to "
        "you.",
    )
    after: NamedState | None = strawberry.field(
        name="to",
        description="Workflow state after the change. Null if the issue moved to a project that is not visible to you.",
    )


@strawberry.type(description="Change of the priority of an issue.")
class PriorityChange(ChangeType):
    describes = history.PriorityChange

    before: Priority | None = strawberry.field(
        name="from",
        description="Priority before the change. Null if the issue came from a project that is not visible to you.",
    )
    after: Priority | None = strawberry.field(
        name="to",
        description="Priority after the change. Null if the issue moved to a project that is not visible to you.",
    )


@strawberry.type(description="Change of the estimate of an issue.")
class EstimateChange(ChangeType):
    describes = history.EstimateChange

    before: int | None = strawberry.field(
        name="from", description="Estimate before the change. Null if the issue had no estimate."
    )
    after: int | None = strawberry.field(
        name="to", description="Estimate after the change. Null if the estimate was removed."
    )


@strawberry.type(description="Change of the start date or the due date of an issue.")
class DateChange(ChangeType):
    describes = history.DateChange

    date_field: history.DateField = strawberry.field(name="field", description="The date that changed.")
    before: date | None = strawberry.field(
        name="from", description="Date before the change. Null if the issue did not have the date."
    )
    after: date | None = strawberry.field(name="to", description="Date after the change. Null if the date was removed.")


@strawberry.type(description="Change of the users who are assigned to an issue.")
class AssigneesChange(ChangeType):
    describes = history.AssigneesChange

    added = related_list(
        "added_ids", loads.user_lists, graphql_type=list[User], description="Users who were assigned, at most 20."
    )
    removed = related_list(
        "removed_ids", loads.user_lists, graphql_type=list[User], description="Users who were unassigned, at most 20."
    )


@strawberry.type(description="Change of the labels of an issue.")
class LabelsChange(ChangeType):
    describes = history.LabelsChange

    added: list[NamedLabel] = strawberry.field(metadata=WITH_PARENT, description="Labels that were added, at most 50.")
    removed: list[NamedLabel] = strawberry.field(
        metadata=WITH_PARENT, description="Labels that were removed, at most 50."
    )


@strawberry.type(description="Change of the milestone of an issue.")
class MilestoneChange(ChangeType):
    describes = history.MilestoneChange

    before: NamedMilestone | None = strawberry.field(
        name="from", description="Milestone before the change. Null if the issue had no milestone."
    )
    after: NamedMilestone | None = strawberry.field(
        name="to", description="Milestone after the change. Null if the issue was removed from its milestone."
    )


@strawberry.type(description="Change of the parent of an issue. Hidden from guests.")
class ParentChange(ChangeType):
    describes = history.ParentChange

    before: NamedIssue | None = strawberry.field(
        name="from", description="Parent before the change. Null if the issue had no parent."
    )
    after: NamedIssue | None = strawberry.field(
        name="to", description="Parent after the change. Null if the issue was removed from its parent."
    )


@strawberry.type(description="Move of an issue to another project.")
class ProjectChange(ChangeType):
    describes = history.ProjectChange

    before: NamedProject | None = strawberry.field(
        name="from", description="The project that the issue left. Null if the project is not visible to you."
    )
    after: NamedProject | None = strawberry.field(
        name="to", description="The project that the issue moved to. Null if the project is not visible to you."
    )


@strawberry.type(description="Archiving of an issue, or its restoration from the archive.")
class ArchiveChange(ChangeType):
    describes = history.ArchiveChange

    is_archived: bool = strawberry.field(description="True if the issue was archived, false if it was restored.")


@strawberry.type(description="Move of an issue to the trash, or its restoration from the trash.")
class TrashChange(ChangeType):
    describes = history.TrashChange

    is_trashed: bool = strawberry.field(
        description="True if the issue was moved to the trash, false if it was restored."
    )


CHANGES = (
    IssueCreation,
    TitleChange,
    DescriptionChange,
    StateChange,
    PriorityChange,
    EstimateChange,
    DateChange,
    AssigneesChange,
    LabelsChange,
    MilestoneChange,
    ParentChange,
    ProjectChange,
    ArchiveChange,
    TrashChange,
)
IssueChange: Any = Annotated[
    Union[CHANGES],  # noqa: UP007  a tuple of types
    strawberry.union("IssueChange", description="A change in the history of an issue."),
]


@strawberry.type(description="An entry in the history of an issue: what one event changed.")
class IssueHistoryEntry(EntryFields):
    changes: Sequence[Any] = strawberry.field(
        graphql_type=list[IssueChange],
        metadata=WITH_PARENT,
        description="Changes that were made at once. Changes that are not visible to you, or not of the requested "
        "kinds, are left out.",
    )


def issue_history_query(
    kinds: Annotated[
        list[IssueChangeKind] | None,
        strawberry.argument(description="Return only changes of these kinds. Null returns changes of all kinds."),
    ] = None,
) -> HistoryQuery:
    return HistoryQuery(of="issue", kinds=None if kinds is None else frozenset(kind.value for kind in kinds))
