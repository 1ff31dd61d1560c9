from domain.app import App
from domain.issues.service import IssueService
from domain.issues.slice import SLICE as RULES
from infra.db.first_use import Repositories, first_use
from infra.db.named_rows import NamedRows
from infra.issues.matching import SqlMatchingIssues
from infra.issues.reader import SqlIssueReader
from infra.issues.references import SqlLabelReferences, SqlMilestoneReferences, SqlStateReferences
from infra.issues.repository import SqlIssueRepository
from infra.issues.tables import IssueAliasRow, IssueAssigneeRow, IssueLabelRow, IssueRow, IssueWordsRow
from infra.parts import Parts, SliceAdapters


class IssueRepositories(Repositories):
    issues = first_use(SqlIssueRepository, with_sizes=True)
    matching_issues = first_use(SqlMatchingIssues)
    label_references = first_use(SqlLabelReferences, with_sizes=True)
    milestone_references = first_use(SqlMilestoneReferences, with_sizes=True)
    state_references = first_use(SqlStateReferences, with_sizes=True)


def _provide(app: App, parts: Parts) -> None:
    app.read.issues = SqlIssueReader(parts.reads)
    app.issues = IssueService(parts.uow, parts.ids)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        IssueRow,
        IssueWordsRow,
        IssueAssigneeRow,
        IssueLabelRow,
        IssueAliasRow,
    ),
    named=(NamedRows(name=IssueRow.title, area_id=IssueRow.project_id),),
    repositories=IssueRepositories,
    provide=_provide,
)
