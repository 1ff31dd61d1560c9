import factory

from domain.projects.categories import StateCategory
from domain.projects.model import Project, ProjectMember, State
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import MemberFactory, WorkspaceFactory


class ProjectFactory(factory.Factory):
    class Meta:
        model = Project

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Project.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    key = factory.Sequence(lambda number: f"P{number}")
    name = factory.Sequence(lambda number: f"Project {number}")
    archived_at = None
    created_at = MADE
    updated_at = MADE


class StateFactory(factory.Factory):
    class Meta:
        model = State

    class Params:
        project = factory.SubFactory(ProjectFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, State.prefix))
    workspace_id = factory.SelfAttribute("project.workspace_id")
    project_id = factory.SelfAttribute("project.id")
    name = factory.Sequence(lambda number: f"State {number}")
    category = StateCategory.BACKLOG
    color = "#8a8f98"
    position = 0
    created_at = MADE
    updated_at = MADE


class ProjectMemberFactory(factory.Factory):
    class Meta:
        model = ProjectMember

    class Params:
        project = factory.SubFactory(ProjectFactory)
        member = factory.SubFactory(MemberFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, ProjectMember.prefix))
    workspace_id = factory.SelfAttribute("project.workspace_id")
    area_id = factory.SelfAttribute("project.id")
    member_id = factory.SelfAttribute("member.id")
    created_at = MADE
