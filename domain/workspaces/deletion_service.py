from collections.abc import Sequence
from dataclasses import replace

from domain.accounts.jobs import Notice
from domain.accounts.model import User
from domain.accounts.notice_service import tell
from domain.auth.proof import PasswordProof, required_person
from domain.shared.actor import Actor
from domain.shared.errors import Conflict
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written
from domain.workspaces.errors import WorkspaceErrorCode
from domain.workspaces.events import MemberRemoved
from domain.workspaces.model import Member, Workspace
from domain.workspaces.ports import DeletionUow


class DeletionService:
    """Deletes accounts permanently. Content remains, without any personal data of its author."""

    def __init__(self, uow: OpenUow[DeletionUow], proof: PasswordProof) -> None:
        self._uow = uow
        self._proof = proof

    async def delete_own(self, actor: Actor, password: str) -> None:
        """Deletes the actor's own account.

        Raises what the proof does, and Conflict while they are the last owner of a workspace.
        """
        user_id = await self._proof.require(actor, password)
        async with self._uow(_from_nowhere(actor)) as uow:
            user = await uow.users.by_id(user_id, for_update=True)
            assert user is not None, "the password has just been right"
            await uow.commit(await self._delete(uow, user))

    async def delete(self, actor: Actor, email: str) -> Written[User]:
        """Deletes another user's account, for the server operator."""
        async with self._uow(_from_nowhere(actor)) as uow:
            found = await required_person(actor, uow.users, email)
            user = await uow.users.by_id(found.id, for_update=True)
            assert user is not None, "accounts are never removed"
            return await uow.commit(await self._delete(uow, user))

    async def _delete(self, uow: DeletionUow, user: User) -> User:
        # The account is locked, and granting a membership locks it too: no membership can be added meanwhile.
        places = await uow.members.places_of(user.id)
        ids = [place.workspace_id for place in places]
        # In the order of their ids, and before their owners are counted: two owners who go at once take turns.
        workspaces = await uow.workspaces.get_all(Actor.system(), ids, for_update=True)
        await self._require_heirs(uow, user, workspaces)
        for place in places:
            await self._leave(uow, place)
        await self._forget(uow, user)
        deleted = user.deleted(now=uow.now)
        await uow.users.save(user, deleted)
        await uow.users.deactivate(user.id, now=deleted.updated_at)
        uow.note(SecurityEventKind.ACCOUNT_DELETED, user_id=user.id)
        tell(uow, Notice.DELETED, user)
        return deleted

    async def _require_heirs(self, uow: DeletionUow, user: User, workspaces: Sequence[Workspace]) -> None:
        orphans = []
        for workspace in workspaces:
            owners = await uow.members.owners(workspace.id)
            if [owner.user_id for owner in owners] == [user.id]:
                orphans.append(f"{workspace.name} ({workspace.slug})")
        if orphans:
            message = f"Workspaces without another owner: {', '.join(orphans)}. Transfer or delete them first."
            raise Conflict(message, code=WorkspaceErrorCode.LAST_OWNER)

    async def _leave(self, uow: DeletionUow, place: Member) -> None:
        member = await uow.members.of_user(place.workspace_id, place.user_id)
        if member is None:  # removed by another request meanwhile
            return
        await uow.members.remove(member)
        uow.record(MemberRemoved.between(member, None))
        kind = SecurityEventKind.MEMBER_REMOVED
        uow.note(kind, user_id=member.user_id, subject_id=member.id, workspace_id=member.workspace_id)

    async def _forget(self, uow: DeletionUow, user: User) -> None:
        await uow.passwords.remove(user.id)
        await uow.sessions.remove_all(user.id)
        await uow.api_keys.remove_all(user.id)
        await uow.security_log.forget_origins(user.id)
        await uow.links.withdraw(user.id, *([user.email] if user.email is not None else []))


def _from_nowhere(actor: Actor) -> Actor:
    """Drops the request's client info so that deleting an account records no IP address."""
    return replace(actor, client=None)
