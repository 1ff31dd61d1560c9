from infra.db.first_use import Repositories, first_use
from infra.issues.repository import SqlIssueRepository


class IssueRepositories(Repositories):
    issues = first_use(SqlIssueRepository)
