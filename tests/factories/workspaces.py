from datetime import UTC, datetime

import factory

from domain.shared.actor import Role
from domain.shared.secrets import digest_of
from domain.workspaces.model import Invitation, Member, Workspace
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

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Member.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    user_id = factory.LazyFunction(lambda: IDS.new("usr"))
    role = Role.MEMBER
    created_at = MADE
    updated_at = MADE


class InvitationFactory(factory.Factory):
    """Invitation by a link with the given token, or by mail if an address is given."""

    class Meta:
        model = Invitation

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)
        token = factory.Sequence(lambda number: f"wgi_{number:043}")

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Invitation.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    email = None
    role = Role.MEMBER
    generation = 1
    area_ids = ()
    digest = factory.LazyAttribute(lambda made: digest_of(made.token))
    created_by_id = factory.LazyFunction(lambda: IDS.new("usr"))
    created_at = MADE
    expires_at = datetime(2100, 1, 1, tzinfo=UTC)
    accepted_at = None
    accepted_by_id = None
    revoked_at = None
