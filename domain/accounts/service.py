from collections.abc import Sequence

from domain.accounts.commands import ProfileChanges, Registration
from domain.accounts.model import SignedIn, User, UserId
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import AccountReader, AccountUow, PasswordHasher
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
        read: AccountReader,
        hasher: PasswordHasher,
        clock: Clock,
        ids: IdFactory,
        rules: PasswordRules,
    ) -> None:
        self._uow = uow
        self._read = read
        self._hasher = hasher
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def create(self, actor: Actor, registration: Registration) -> Written[User]:
        """Makes the account of somebody whose address is known to be theirs: an operator vouches, or an invitation.

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
        """Changes what others see of the actor."""
        user_id = actor.require_session()
        async with self._uow(actor) as uow:
            user = await uow.users.by_id(user_id, for_update=True)
            if user is None:
                raise _gone()
            changed = user.changed(changes, now=self._clock.now())
            await uow.users.save(user, changed)
            return await uow.commit(changed)

    async def viewer(self, actor: Actor) -> User:
        """The person who asks."""
        if isinstance(actor, SignedIn):
            return actor.account
        found = await self._read.users_by_ids([actor.signed_in_id])
        if not found:
            raise _gone()
        return found[actor.signed_in_id]

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, User]:
        """Those of the people whom the actor may see."""
        return await self._read.by_ids(actor, ids)

    async def users_by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, User]:
        """The people named by what the actor has been shown already: nothing is checked again."""
        return await self._read.users_by_ids(ids)


def _gone() -> Unauthenticated:
    return Unauthenticated("This account no longer exists.")
