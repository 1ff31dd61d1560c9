from functools import cached_property

from domain.app import App
from domain.projects.jobs import RecordPurges
from domain.projects.member_service import ProjectMemberService
from domain.projects.purge_service import PurgeService
from domain.projects.service import ProjectService
from domain.projects.slice import SLICE as RULES
from domain.projects.state_service import StateService
from infra.db.first_use import Repositories, first_use
from infra.db.named_rows import NamedRows
from infra.parts import Parts, SliceAdapters
from infra.projects.reader import SqlProjectMemberReader, SqlProjectReader, SqlStateReader
from infra.projects.repository import (
    SqlProjectAreas,
    SqlProjectMemberRepository,
    SqlProjectRepository,
    SqlStateRepository,
)
from infra.projects.tables import ProjectKeyRow, ProjectNumberRow, ProjectRow, StateRow


class ProjectRepositories(Repositories):
    project_members = first_use(SqlProjectMemberRepository)
    projects = first_use(SqlProjectRepository, with_sizes=True)
    states = first_use(SqlStateRepository)

    @cached_property
    def areas(self) -> SqlProjectAreas:
        return SqlProjectAreas(self.connection, self.ids, self.sizes)


def _provide(app: App, parts: Parts) -> None:
    app.read.project_members = SqlProjectMemberReader(parts.reads)
    app.read.projects = SqlProjectReader(parts.reads)
    app.read.states = SqlStateReader(parts.reads)
    app.project_members = ProjectMemberService(parts.uow, parts.ids)
    app.projects = ProjectService(parts.uow, parts.ids)
    app.purges = PurgeService(parts.uow)
    app.states = StateService(parts.uow, parts.ids)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        ProjectRow,
        ProjectKeyRow,
        ProjectNumberRow,
        StateRow,
    ),
    named=(
        NamedRows(name=ProjectRow.name, area_id=ProjectRow.id),
        NamedRows(name=StateRow.name, area_id=StateRow.project_id),
    ),
    repositories=ProjectRepositories,
    provide=_provide,
    jobs={
        RecordPurges: lambda app, actor, job: app.purges.run(actor, job),
    },
)
