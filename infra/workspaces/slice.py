from infra.db.first_use import Repositories, first_use
from infra.workspaces.repository import SqlInvitationRepository, SqlMemberRepository, SqlWorkspaceRepository


class WorkspaceRepositories(Repositories):
    invitations = first_use(SqlInvitationRepository)
    members = first_use(SqlMemberRepository)
    workspaces = first_use(SqlWorkspaceRepository)
