from domain.app import App
from domain.seed.service import SeedService
from domain.seed.slice import SLICE as RULES
from infra.accounts.slice import password_rules
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters
from infra.seed.repository import SqlSeedRepository
from infra.seed.tables import SeedRunRow


class SeedRepositories(Repositories):
    seed = first_use(SqlSeedRepository, with_sizes=True)


def _provide(app: App, parts: Parts) -> None:
    app.seed = SeedService(parts.uow, parts.hasher, password_rules(parts), parts.ids)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(SeedRunRow,),
    repositories=SeedRepositories,
    provide=_provide,
)
