from domain.accounts.commands import ProfileChanges, Registration
from domain.accounts.model import SignedIn, User, UserId
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import AccountUow, PasswordHasher, UserReader
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.errors import Unauthenticated
from domain.shared.ids import IdFactory
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written


class AccountService:
    def __init__(
        self,
        uow: OpenUow[AccountUow],
        users: UserReader,
        hasher: PasswordHasher,
        clock: Clock,
        ids: IdFactory,
        rules: PasswordRules,
    ) -> None:
        self._uow = uow
        self._users = users
        self._hasher = hasher
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def create(self, actor: Actor, registration: Registration) -> Written[User]:
        """Creates an account whose address is confirmed by an operator or an invitation.

        Raises Rejected naming every broken rule, Conflict for a taken address.
        """
        user_id = UserId(self._ids.new(User.prefix))
        user = User.registered(registration, id=user_id, now=self._clock.now(), rules=self._rules)
        password_hash = await self._hasher.hash(registration.password)
        async with self._uow(actor) as uow:
            await uow.users.add(user)
            await uow.passwords.add(user.id, password_hash, now=user.created_at)
            uow.note(SecurityEventKind.REGISTERED, user_id=user.id)
            return await uow.commit(user)

    async def update_profile(self, actor: Actor, changes: ProfileChanges) -> Written[User]:
        """Updates the actor's profile."""
        user_id = actor.require_session()
        async with self._uow(actor) as uow:
            user = await uow.users.by_id(user_id, for_update=True)
            if user is None:
                raise _gone()
            changed = user.changed(changes, now=uow.now)
            await uow.users.save(user, changed)
            return await uow.commit(changed)

    async def viewer(self, actor: Actor) -> User:
        """The signed-in user."""
        if isinstance(actor, SignedIn):
            return actor.account
        user_id = UserId(actor.signed_in_id)
        found = await self._users.named_by_ids(actor, [user_id])
        if not found:
            raise _gone()
        return found[user_id]


def _gone() -> Unauthenticated:
    return Unauthenticated("This account no longer exists.")
