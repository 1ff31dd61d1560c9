from infra.audit.repository import SqlSecurityLog
from infra.db.first_use import Repositories, first_use


class AuditRepositories(Repositories):
    security_log = first_use(SqlSecurityLog)
