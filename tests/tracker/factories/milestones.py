import factory

from domain.milestones.model import Milestone
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.tracker.factories.projects import ProjectFactory


class MilestoneFactory(factory.Factory):
    class Meta:
        model = Milestone

    class Params:
        project = factory.SubFactory(ProjectFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Milestone.prefix))
    workspace_id = factory.SelfAttribute("project.workspace_id")
    project_id = factory.SelfAttribute("project.id")
    name = factory.Sequence(lambda number: f"Milestone {number}")
    due_date = None
    created_at = MADE
    updated_at = MADE
