from functools import cached_property

from domain.app import App
from domain.workspaces.cascade_service import CascadeService
from domain.workspaces.deletion_service import DeletionService
from domain.workspaces.invitation_service import InvitationService
from domain.workspaces.jobs import (
    DeleteWorkspace,
    SendInvitation,
    SendMemberRemoval,
    SendMemberWelcome,
    SendOwnershipMoved,
    SendWorkspaceDeletion,
)
from domain.workspaces.secrets import InvitationSecrets
from domain.workspaces.service import WorkspaceService
from domain.workspaces.slice import SLICE as RULES
from infra.accounts.slice import password_rules
from infra.auth.slice import password_proof
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters
from infra.shared.files import DiskFileStore
from infra.workspaces.deletion import SqlWorkspaceContents, deletion_order
from infra.workspaces.reader import SqlInvitationReader, SqlMemberReader, SqlWorkspaceReader
from infra.workspaces.repository import SqlInvitationRepository, SqlMemberRepository, SqlWorkspaceRepository
from infra.workspaces.tables import AreaGrantRow, InvitationRow, MemberRow, RevisionRow, WorkspaceRow


class WorkspaceRepositories(Repositories):
    invitations = first_use(SqlInvitationRepository)
    members = first_use(SqlMemberRepository)
    workspaces = first_use(SqlWorkspaceRepository, with_sizes=True)

    @cached_property
    def workspace_contents(self) -> SqlWorkspaceContents:
        return SqlWorkspaceContents(self.connection, deletion_order(self.tables))


def _provide(app: App, parts: Parts) -> None:
    app.read.members = SqlMemberReader(parts.reads)
    app.read.workspaces = SqlWorkspaceReader(parts.reads)
    url = parts.settings.issuer
    files = DiskFileStore(parts.settings.files)
    app.cascades = CascadeService(parts.uow, password_proof(parts), files, parts.mail)
    app.deletions = DeletionService(parts.uow, password_proof(parts))
    app.invitations = InvitationService(
        parts.uow,
        SqlInvitationReader(parts.reads),
        InvitationSecrets(parts.key_for("invitations 1")),
        parts.throttle,
        parts.clock,
        parts.ids,
        parts.mail,
        parts.hasher,
        password_rules(parts),
        public_url=url,
    )
    app.workspaces = WorkspaceService(parts.uow, parts.ids, parts.mail, public_url=url)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        WorkspaceRow,
        RevisionRow,
        MemberRow,
        InvitationRow,
        AreaGrantRow,
    ),
    repositories=WorkspaceRepositories,
    provide=_provide,
    jobs={
        DeleteWorkspace: lambda app, actor, job: app.cascades.run(actor, job),
        SendInvitation: lambda app, actor, job: app.invitations.send(actor, job),
        SendMemberRemoval: lambda app, actor, job: app.workspaces.send_removal(actor, job),
        SendMemberWelcome: lambda app, actor, job: app.workspaces.send_welcome(actor, job),
        SendWorkspaceDeletion: lambda app, actor, job: app.cascades.send_deletion(actor, job),
        SendOwnershipMoved: lambda app, actor, job: app.workspaces.send_ownership_moved(actor, job),
    },
)
