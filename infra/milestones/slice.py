from domain.app import App
from domain.milestones.service import MilestoneService
from domain.milestones.slice import SLICE as RULES
from infra.db.first_use import Repositories, first_use
from infra.db.named_rows import NamedRows
from infra.milestones.reader import SqlMilestoneReader
from infra.milestones.repository import SqlMilestoneRepository
from infra.milestones.tables import MilestoneRow
from infra.parts import Parts, SliceAdapters


class MilestoneRepositories(Repositories):
    milestones = first_use(SqlMilestoneRepository, with_sizes=True)


def _provide(app: App, parts: Parts) -> None:
    app.read.milestones = SqlMilestoneReader(parts.reads)
    app.milestones = MilestoneService(parts.uow, parts.ids)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(MilestoneRow,),
    named=(NamedRows(name=MilestoneRow.name, area_id=MilestoneRow.project_id),),
    repositories=MilestoneRepositories,
    provide=_provide,
)
