from infra.db.first_use import Repositories, first_use
from infra.seed.repository import SqlSeedRepository


class SeedRepositories(Repositories):
    seed = first_use(SqlSeedRepository)
