from functools import cached_property

from infra.db.first_use import Repositories, first_use
from infra.projects.repository import (
    SqlInvitedProjects,
    SqlProjectMemberRepository,
    SqlProjectRepository,
    SqlStateRepository,
)


class ProjectRepositories(Repositories):
    project_members = first_use(SqlProjectMemberRepository)
    projects = first_use(SqlProjectRepository)
    states = first_use(SqlStateRepository)

    @cached_property
    def invited_projects(self) -> SqlInvitedProjects:
        return SqlInvitedProjects(self.connection, self.ids)
