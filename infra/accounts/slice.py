from domain.accounts.jobs import SendAccountNotice, SendEmailChangeLink, SendPasswordResetLink, SendRegistrationLink
from domain.accounts.mailed_links import MailedLinks
from domain.accounts.model import RegistrationPolicy
from domain.accounts.notice_service import NoticeService
from domain.accounts.one_time import OneTimeSecrets
from domain.accounts.passwords import PasswordRules
from domain.accounts.registration_service import RegistrationService
from domain.accounts.service import AccountService
from domain.accounts.slice import SLICE as RULES
from domain.app import App
from infra.accounts.frequent_passwords import shipped_frequent_passwords
from infra.accounts.reader import SqlCredentialReader, SqlUserReader
from infra.accounts.repository import SqlOneTimeLinkRepository, SqlPasswordRepository, SqlUserRepository
from infra.accounts.tables import OneTimeLinkRow, PasswordRow, UserRow
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters


class AccountRepositories(Repositories):
    links = first_use(SqlOneTimeLinkRepository)
    passwords = first_use(SqlPasswordRepository)
    users = first_use(SqlUserRepository)


def credentials(parts: Parts) -> SqlCredentialReader:
    return SqlCredentialReader(parts.reads)


def password_rules(parts: Parts) -> PasswordRules:
    return PasswordRules(shortest=parts.settings.password_characters, common=shipped_frequent_passwords())


def mailed_links(parts: Parts) -> MailedLinks:
    secrets = OneTimeSecrets(parts.key_for("one-time links 1"))
    return MailedLinks(secrets, parts.throttle, parts.clock, parts.ids, parts.mail, public_url=parts.settings.issuer)


def _provide(app: App, parts: Parts) -> None:
    app.read.users = SqlUserReader(parts.reads)
    rules, links = password_rules(parts), mailed_links(parts)
    app.accounts = AccountService(parts.uow, app.read.users, parts.hasher, parts.clock, parts.ids, rules)
    app.notices = NoticeService(parts.mail, public_url=parts.settings.issuer)
    policy = RegistrationPolicy(parts.settings.registration)
    app.registrations = RegistrationService(parts.uow, parts.hasher, rules, links, parts.ids, policy=policy)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        UserRow,
        PasswordRow,
        OneTimeLinkRow,
    ),
    repositories=AccountRepositories,
    provide=_provide,
    jobs={
        SendAccountNotice: lambda app, actor, job: app.notices.send(actor, job),
        SendEmailChangeLink: lambda app, actor, job: app.emails.send(actor, job),
        SendPasswordResetLink: lambda app, actor, job: app.passwords.send_reset(actor, job),
        SendRegistrationLink: lambda app, actor, job: app.registrations.send(actor, job),
    },
)
