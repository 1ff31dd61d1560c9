import factory

from domain.shared.actor import Role
from domain.workspaces.model import Member, Workspace
from tests.factories.accounts import IDS
from tests.factories.moments import MADE


class WorkspaceFactory(factory.Factory):
    class Meta:
        model = Workspace

    id = factory.LazyFunction(lambda: IDS.new(Workspace.prefix))
    slug = factory.Sequence(lambda number: f"workspace-{number}")
    name = factory.Sequence(lambda number: f"Workspace {number}")
    created_at = MADE
    updated_at = MADE


class MemberFactory(factory.Factory):
    class Meta:
        model = Member

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyFunction(lambda: IDS.new(Member.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    user_id = factory.LazyFunction(lambda: IDS.new("usr"))
    role = Role.MEMBER
    created_at = MADE
    updated_at = MADE
