"""The application's whole public face: one attribute per service, and `read` with one attribute per reader."""

from dataclasses import dataclass

from domain.accounts.notice_service import NoticeService
from domain.accounts.ports import UserReader
from domain.accounts.registration_service import RegistrationService
from domain.accounts.service import AccountService
from domain.audit.change_set_service import ChangeSetService
from domain.audit.ports import ChangeSetReader, HistoryReader, NameReader
from domain.audit.security_service import SecurityLogService
from domain.audit.service import AuditService
from domain.auth.activation_service import ActivationService
from domain.auth.api_key_service import ApiKeyService
from domain.auth.email_service import EmailService
from domain.auth.password_service import PasswordService
from domain.auth.service import AuthService
from domain.auth.session_service import SessionService
from domain.batches.ports import BatchRunReader
from domain.batches.service import BatchService
from domain.comments.ports import CommentReader
from domain.comments.service import CommentService
from domain.documents.service import DocumentService
from domain.issues.ports import IssueReader
from domain.issues.service import IssueService
from domain.labels.ports import LabelReader
from domain.labels.service import LabelService
from domain.milestones.ports import MilestoneReader
from domain.milestones.service import MilestoneService
from domain.projects.member_service import ProjectMemberService
from domain.projects.ports import ProjectMemberReader, ProjectReader, StateReader
from domain.projects.purge_service import PurgeService
from domain.projects.service import ProjectService
from domain.projects.state_service import StateService
from domain.seed.service import SeedService
from domain.shared.budget import Budget
from domain.shared.clock import Clock
from domain.shared.health import Health
from domain.shared.provided import Provided
from domain.shared.statement_trace import StatementTrace
from domain.shared.uow import ReadScope
from domain.shared.usage import MeasureUsage, TimeBudget
from domain.transfers.placeholder_service import PlaceholderService
from domain.transfers.ports import ImportReader
from domain.transfers.service import ImportService
from domain.undo.service import UndoService
from domain.workspaces.cascade_service import CascadeService
from domain.workspaces.deletion_service import DeletionService
from domain.workspaces.invitation_service import InvitationService
from domain.workspaces.ports import MemberReader, WorkspaceReader
from domain.workspaces.service import WorkspaceService


@dataclass(init=False, repr=False)
class Readers(Provided):
    """Readers that resolvers call directly: each method takes the actor first, then entities that the actor may see.

    Lookups by id find only what the actor may see. Lists are in the order of the given parents.
    """

    batch_runs: BatchRunReader
    change_sets: ChangeSetReader
    comments: CommentReader
    histories: HistoryReader
    imports: ImportReader
    issues: IssueReader
    labels: LabelReader
    members: MemberReader
    milestones: MilestoneReader
    names: NameReader
    project_members: ProjectMemberReader
    projects: ProjectReader
    states: StateReader
    users: UserReader
    workspaces: WorkspaceReader


@dataclass(init=False, repr=False)
class App(Provided):
    """The services of all slices, and their readers. An attribute that no slice provides raises AttributeError."""

    budget: Budget
    clock: Clock
    health: Health
    read: Readers
    reads: ReadScope
    statement_trace: StatementTrace | None
    time_budget: TimeBudget
    usage: MeasureUsage

    # The platform
    accounts: AccountService
    activations: ActivationService
    api_keys: ApiKeyService
    audit: AuditService
    auth: AuthService
    batches: BatchService
    cascades: CascadeService
    change_sets: ChangeSetService
    deletions: DeletionService
    documents: DocumentService
    emails: EmailService
    invitations: InvitationService
    notices: NoticeService
    passwords: PasswordService
    registrations: RegistrationService
    security_log: SecurityLogService
    sessions: SessionService
    undo: UndoService
    workspaces: WorkspaceService

    # The tracker
    comments: CommentService
    imports: ImportService
    issues: IssueService
    labels: LabelService
    milestones: MilestoneService
    placeholders: PlaceholderService
    project_members: ProjectMemberService
    projects: ProjectService
    purges: PurgeService
    seed: SeedService
    states: StateService
