"""The composition root: every adapter is chosen here, by hand, and every service gets what it needs."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from domain.accounts.mailed_links import MailedLinks
from domain.accounts.model import RegistrationPolicy
from domain.accounts.notice_service import NoticeService
from domain.accounts.one_time import OneTimeSecrets
from domain.accounts.passwords import PasswordRules
from domain.accounts.registration_service import RegistrationService
from domain.accounts.service import AccountService
from domain.app import App, Readers
from domain.audit.security_service import SecurityLogService
from domain.audit.service import AuditService
from domain.auth.activation_service import ActivationService
from domain.auth.api_key_service import ApiKeyService
from domain.auth.api_keys import ApiKeyHolders
from domain.auth.email_service import EmailService
from domain.auth.model import AuthOptions
from domain.auth.password_service import PasswordService
from domain.auth.proof import PasswordProof
from domain.auth.refresh import RefreshTokens
from domain.auth.service import AuthService
from domain.auth.session_service import SessionService
from domain.comments.service import CommentService
from domain.documents.service import DocumentService
from domain.issues.service import IssueService
from domain.labels.service import LabelService
from domain.milestones.service import MilestoneService
from domain.projects.member_service import ProjectMemberService
from domain.projects.service import ProjectService
from domain.projects.state_service import StateService
from domain.seed.service import SeedService
from domain.shared.clock import Clock
from domain.shared.mail import Mailer
from domain.transfers.placeholder_service import PlaceholderService
from domain.transfers.service import ImportService
from domain.workspaces.deletion_service import DeletionService
from domain.workspaces.invitation_service import InvitationService
from domain.workspaces.secrets import InvitationSecrets
from domain.workspaces.service import WorkspaceService
from infra.accounts.frequent_passwords import shipped_frequent_passwords
from infra.accounts.hashing import PasslibPasswordHasher
from infra.accounts.reader import SqlCredentialReader, SqlUserReader
from infra.audit.reader import SqlEventReader, SqlSecurityLogReader
from infra.audit.streams import RedisEventStream
from infra.auth.key_uses import SqlKeyUses
from infra.auth.keys import AesKeyMaker, derived_key
from infra.auth.reader import SqlApiKeyReader, SqlSessionReader
from infra.auth.tokens import JoseTokenSigner
from infra.comments.reader import SqlCommentReader
from infra.db.engine import EngineOptions, open_engines
from infra.db.read import ReadSession
from infra.db.statement_trace import ContextStatementTrace
from infra.documents.reader import SqlDocumentReader
from infra.issues.reader import SqlIssueReader
from infra.jobs.queue import ArqJobQueue
from infra.labels.reader import SqlLabelReader
from infra.limits.budget import LocalBudget, RedisBudget
from infra.limits.throttle import LocalThrottle, RedisThrottle
from infra.mail.letters import JinjaLetters
from infra.mail.mailbox import DiskMailbox, MailboxMailer
from infra.mail.smtp import SmtpMailer, SmtpServer, UnsetMailer
from infra.milestones.reader import SqlMilestoneReader
from infra.projects.reader import SqlProjectMemberReader, SqlProjectReader, SqlStateReader
from infra.settings import Settings
from infra.shared.clock import SystemClock
from infra.shared.files import DiskFileStore
from infra.shared.health import ServerHealth
from infra.shared.ids import Uuid7IdFactory
from infra.shared.redis import redis_client
from infra.transfers.encodings import recognized
from infra.transfers.formats import FORMATS
from infra.transfers.reader import SqlImporterReader, SqlImportReader
from infra.uow import SqlUowFactory
from infra.workspaces.reader import SqlInvitationReader, SqlMemberReader, SqlWorkspaceReader

# A hash takes 19 MiB and a whole core. With a second thread a process on two cores checks a fourth more passwords,
# and who reads meanwhile waits four times as long as otherwise (p99; with one, one and a half times).
HASHING_THREADS = 1


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """The application on its servers; everything it opened is closed when the block is left."""
    redis_url = settings.redis_url.get_secret_value()
    clock = SystemClock()
    ids = Uuid7IdFactory(clock)
    trace = ContextStatementTrace() if settings.is_development else None
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(
            open_engines(settings.database_url.get_secret_value(), engine_options(settings), trace)
        )
        queue = ArqJobQueue(redis_url)
        stack.push_async_callback(queue.aclose)
        redis = redis_client(redis_url)
        stack.push_async_callback(redis.aclose)
        threads = stack.enter_context(ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="hash"))
        reads = ReadSession(engines.read)
        events = SqlEventReader(reads)
        stream = RedisEventStream(events, redis_url)
        stack.push_async_callback(stream.aclose)
        uow = SqlUowFactory(engines.write, clock, ids, queue.after_commit, make_way=reads.make_way)
        throttle = RedisThrottle(redis, LocalThrottle())
        hasher = PasslibPasswordHasher(threads)
        options = auth_options(settings)
        secret = settings.secret_key.get_secret_value()
        keys = AesKeyMaker(secret, ids)
        credentials = SqlCredentialReader(reads)
        sessions = SqlSessionReader(reads)
        read = readers(reads)
        mail = mailer(settings, clock)
        api_keys = SqlApiKeyReader(reads)
        key_uses = SqlKeyUses(engines.write)
        stack.push_async_callback(key_uses.aclose)
        rules = PasswordRules(shortest=settings.password_characters, common=shipped_frequent_passwords())
        proof = PasswordProof(uow, credentials, hasher, throttle)
        url = settings.issuer
        link_secrets = OneTimeSecrets(derived_key(secret, "one-time links 1"))
        links = MailedLinks(link_secrets, throttle, clock, ids, mail, public_url=url)
        yield App(
            accounts=AccountService(uow, read.users, hasher, clock, ids, rules),
            activations=ActivationService(uow, proof, clock),
            api_keys=ApiKeyService(uow, api_keys, clock, ids),
            audit=AuditService(events, stream),
            auth=AuthService(
                uow,
                sessions,
                credentials,
                hasher,
                JoseTokenSigner(keys, clock, options),
                keys,
                RefreshTokens(derived_key(secret, "refresh tokens 1")),
                ApiKeyHolders(api_keys, key_uses, clock),
                throttle,
                clock,
                ids,
                options,
            ),
            budget=RedisBudget(redis, LocalBudget(clock), clock),
            placeholders=PlaceholderService(uow),
            clock=clock,
            comments=CommentService(uow, clock, ids),
            deletions=DeletionService(uow, proof, clock),
            documents=DocumentService(uow, SqlDocumentReader(reads), clock),
            emails=EmailService(uow, proof, links, clock),
            health=ServerHealth(engines.write, redis),
            imports=ImportService(
                uow,
                read.imports,
                SqlImporterReader(reads),
                DiskFileStore(settings.files),
                FORMATS,
                recognized,
                clock,
                ids,
                most_bytes=settings.upload_bytes,
            ),
            invitations=InvitationService(
                uow,
                SqlInvitationReader(reads),
                InvitationSecrets(derived_key(secret, "invitations 1")),
                throttle,
                clock,
                ids,
                mail,
                hasher,
                rules,
                public_url=settings.issuer,
            ),
            issues=IssueService(uow, clock, ids),
            labels=LabelService(uow, clock, ids),
            milestones=MilestoneService(uow, clock, ids),
            notices=NoticeService(mail, public_url=url),
            passwords=PasswordService(uow, proof, hasher, rules, links, clock),
            project_members=ProjectMemberService(uow, clock, ids),
            projects=ProjectService(uow, clock, ids),
            read=read,
            reads=reads.scope,
            registrations=RegistrationService(
                uow,
                hasher,
                rules,
                links,
                clock,
                ids,
                policy=RegistrationPolicy(settings.registration),
            ),
            security_log=SecurityLogService(SqlSecurityLogReader(reads)),
            seed=SeedService(uow, hasher, rules, clock, ids),
            sessions=SessionService(uow, sessions, clock, options),
            states=StateService(uow, clock, ids),
            statement_trace=trace,
            workspaces=WorkspaceService(uow, clock, ids, mail, public_url=settings.issuer),
        )


def readers(reads: ReadSession) -> Readers:
    return Readers(
        comments=SqlCommentReader(reads),
        imports=SqlImportReader(reads),
        issues=SqlIssueReader(reads),
        labels=SqlLabelReader(reads),
        members=SqlMemberReader(reads),
        milestones=SqlMilestoneReader(reads),
        project_members=SqlProjectMemberReader(reads),
        projects=SqlProjectReader(reads),
        states=SqlStateReader(reads),
        users=SqlUserReader(reads),
        workspaces=SqlWorkspaceReader(reads),
    )


def engine_options(settings: Settings) -> EngineOptions:
    return EngineOptions(
        pool_size=settings.database_pool_size,
        pool_wait=settings.database_pool_seconds,
        write_wait=settings.request_seconds,
        write_queue=settings.database_write_queue,
        statement_timeout=settings.database_statement_seconds,
        lock_timeout=settings.database_lock_seconds,
    )


def auth_options(settings: Settings) -> AuthOptions:
    return AuthOptions(
        issuer=settings.issuer,
        access_life=timedelta(minutes=settings.access_token_minutes),
        idle_life=timedelta(days=settings.refresh_token_days),
        absolute_life=timedelta(days=settings.session_days),
    )


def mailer(settings: Settings, clock: Clock) -> Mailer:
    letters = JinjaLetters(site=settings.issuer)
    if settings.smtp_url.get_secret_value():
        server = SmtpServer(settings.smtp_url.get_secret_value(), encryption=settings.smtp_encryption)
        return SmtpMailer(server, letters, clock, sender=settings.mail_from)
    return MailboxMailer(mailbox(settings), letters, clock) if settings.has_mailbox else UnsetMailer()


def mailbox(settings: Settings) -> DiskMailbox:
    return DiskMailbox(settings.data_dir / "mail")
