from infra.accounts.repository import SqlOneTimeLinkRepository, SqlPasswordRepository, SqlUserRepository
from infra.db.first_use import Repositories, first_use


class AccountRepositories(Repositories):
    links = first_use(SqlOneTimeLinkRepository)
    passwords = first_use(SqlPasswordRepository)
    users = first_use(SqlUserRepository)
