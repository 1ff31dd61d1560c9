from domain.accounts.jobs import Notice, SendAccountNotice
from domain.accounts.mails import AccountNotice
from domain.accounts.model import User
from domain.shared.actor import Actor
from domain.shared.mail import Mail, Mailer
from domain.shared.uow import UnitOfWork

_TEXTS = {
    Notice.EMAIL_CHANGE_ASKED: "A new email address for your account was requested with your password.",
    Notice.EMAIL_CHANGED: "The email address of your account was changed.",
    Notice.PASSWORD_CHANGED: "The password of your account was changed.",
    Notice.DEACTIVATED: "Your account was deactivated. The operator of this server can activate it again.",
    Notice.DELETED: "Your account was deleted. What you created remains, without your name.",
}
_REVERSIBLE = (Notice.EMAIL_CHANGE_ASKED, Notice.PASSWORD_CHANGED)
"""Changes that a password reset can stop; after others the notified address is not the account's any longer."""
FORGOTTEN_PATH = "/auth/password/forgot"


class NoticeService:
    """Notifies users by mail about changes of their accounts."""

    def __init__(self, mailer: Mailer, *, public_url: str) -> None:
        self._mailer = mailer
        self._public_url = public_url

    async def send(self, actor: Actor, job: SendAccountNotice) -> None:
        """Mails one notice."""
        notice = Notice(job.notice)
        url = self._public_url + FORGOTTEN_PATH if notice in _REVERSIBLE else None
        letter = AccountNotice(person=job.person, what=_TEXTS[notice], url=url)
        await self._mailer.send(Mail(id=mail_id(actor), to=job.email, letter=letter))


def tell(uow: UnitOfWork, notice: Notice, user: User) -> None:
    """Mails a notice to the address if it belongs to the account; sends nothing otherwise."""
    if user.email is not None:
        uow.enqueue(SendAccountNotice(notice=notice, person=user.name, email=user.email))


def mail_id(actor: Actor) -> str:
    """The job's id, which lets the recipient's server recognize a repeated mail."""
    return actor.job.id if actor.job is not None else "local"
