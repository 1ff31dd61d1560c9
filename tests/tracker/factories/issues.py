from datetime import timedelta

import factory

from domain.issues.model import Issue
from domain.issues.priorities import Priority
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.tracker.factories.projects import ProjectFactory, StateFactory


class IssueFactory(factory.Factory):
    """Issue with a number and a creation time above those of the issue built before."""

    class Meta:
        model = Issue

    class Params:
        project = factory.SubFactory(ProjectFactory)
        state = factory.SubFactory(StateFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Issue.prefix))
    workspace_id = factory.SelfAttribute("project.workspace_id")
    project_id = factory.SelfAttribute("project.id")
    number = factory.Sequence(lambda number: number + 1)
    title = factory.Sequence(lambda number: f"Issue {number}")
    description = ""
    state_id = factory.SelfAttribute("state.id")
    priority = Priority.NONE
    creator_id = factory.LazyFunction(lambda: IDS.new("usr"))
    milestone_id = None
    parent_id = None
    due_date = None
    estimate = None
    external_source = None
    external_key = None
    completed_at = None
    archived_at = None
    trashed_at = None
    created_at = factory.LazyAttribute(lambda issue: MADE + timedelta(minutes=issue.number))
    updated_at = factory.SelfAttribute("created_at")
