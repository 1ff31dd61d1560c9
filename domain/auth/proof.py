"""Proof required to change an account: the user's password, since a token can be stolen, or the operator."""

from domain.accounts.model import User
from domain.accounts.ports import CredentialReader, PasswordHasher, UserRepository
from domain.auth.ports import AuthUow
from domain.shared.actor import Actor
from domain.shared.errors import ErrorCode, NotFound, PermissionDenied
from domain.shared.security import SecurityEventKind
from domain.shared.throttle import Bucket, Throttle, counted_try
from domain.shared.uow import OpenUow

TRIES = 5
WINDOW = 60.0  # seconds


class PasswordProof:
    def __init__(
        self, uow: OpenUow[AuthUow], read: CredentialReader, hasher: PasswordHasher, throttle: Throttle
    ) -> None:
        self._uow = uow
        self._read = read
        self._hasher = hasher
        self._throttle = throttle

    async def require(self, actor: Actor, password: str) -> str:
        """The person's id; raises PermissionDenied for a wrong password or no session of their own, TooOften."""
        user_id = actor.signed_in_id
        if actor.session_id is None:
            raise PermissionDenied("This action requires a session. Sign in with your password.")
        await self.prove(actor, user_id, password, tries=user_id)
        return user_id

    async def prove(self, actor: Actor, user_id: str, password: str, *, tries: str) -> None:
        """Checks the user's password; raises the same error for every failure and counts failures under `tries`."""
        buckets = [Bucket(f"proof:{tries}", TRIES, WINDOW)]
        async with counted_try(self._throttle, buckets):
            credentials = await self._read.credentials_of(user_id)
            verdict = await self._hasher.verify(password, credentials.password_hash if credentials else None)
        if not verdict.is_right:
            async with self._uow(actor) as uow:
                uow.note(SecurityEventKind.PASSWORD_REFUSED, user_id=user_id)
                await uow.commit(None)
            raise PermissionDenied(
                "The current password is wrong.", path=("current_password",), code=ErrorCode.INVALID_CREDENTIALS
            )
        await self._throttle.give_back(buckets)


async def required_person(actor: Actor, users: UserRepository, email: str) -> User:
    """The account named by the operator; raises PermissionDenied for other actors, and NotFound."""
    if not actor.is_system:
        raise PermissionDenied("Only the server operator can manage another user's account.")
    user = await users.by_email(email)
    if user is None:
        raise NotFound("No account has this email address.", path=("email",))
    return user
