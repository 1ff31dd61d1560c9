from domain.app import App
from domain.labels.service import LabelService
from domain.labels.slice import SLICE as RULES
from infra.db.first_use import Repositories, first_use
from infra.db.named_rows import NamedRows
from infra.labels.reader import SqlLabelReader
from infra.labels.repository import SqlLabelRepository
from infra.labels.tables import LabelRow
from infra.parts import Parts, SliceAdapters


class LabelRepositories(Repositories):
    labels = first_use(SqlLabelRepository)


def _provide(app: App, parts: Parts) -> None:
    app.read.labels = SqlLabelReader(parts.reads)
    app.labels = LabelService(parts.uow, parts.ids)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(LabelRow,),
    named=(NamedRows(name=LabelRow.name),),
    repositories=LabelRepositories,
    provide=_provide,
)
