from infra.auth.repository import SqlApiKeyRepository, SqlSessionRepository, SqlSigningKeyRepository
from infra.db.first_use import Repositories, first_use


class AuthRepositories(Repositories):
    api_keys = first_use(SqlApiKeyRepository)
    sessions = first_use(SqlSessionRepository)
    signing_keys = first_use(SqlSigningKeyRepository)
