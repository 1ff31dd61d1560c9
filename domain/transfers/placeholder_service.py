from domain.shared.actor import Actor
from domain.shared.errors import Conflict, InvalidInput
from domain.shared.events import FieldChange
from domain.shared.uow import OpenUow, Written
from domain.transfers.commands import PlaceholderAdoption
from domain.transfers.ports import PlaceholderUow
from domain.workspaces.events import MemberClaimed, MemberRemoved
from domain.workspaces.model import Member
from domain.workspaces.slice import MEMBER_MANAGE


class PlaceholderService:
    """Assigns placeholders that imports created to members."""

    def __init__(self, uow: OpenUow[PlaceholderUow]) -> None:
        self._uow = uow

    async def adopt(self, actor: Actor, adoption: PlaceholderAdoption) -> Written[Member]:
        """Gives a placeholder's work and assignments to a member of the same workspace and removes the placeholder."""
        async with self._uow(actor) as uow:
            placeholder = await uow.members.get(
                actor, adoption.placeholder_id, path=("placeholder_id",), for_update=True
            )
            member = await uow.members.get(actor, adoption.member_id, path=("member_id",))
            actor.require(MEMBER_MANAGE, placeholder.workspace_id)
            if member.workspace_id != placeholder.workspace_id:
                raise InvalidInput("{field} must be a member of the placeholder's workspace.", path=("member_id",))
            adopted = await uow.users.by_id(placeholder.user_id)
            if adopted is None or not adopted.is_placeholder:
                raise Conflict("{field} must be a placeholder that an import created.", path=("placeholder_id",))
            if member.id == placeholder.id:
                raise InvalidInput("{field} must not be the placeholder itself.", path=("member_id",))
            await uow.placeholders.hand_over(
                placeholder.workspace_id, from_id=placeholder.user_id, to_id=member.user_id
            )
            await uow.members.remove(placeholder)
            handed_over = FieldChange(before=placeholder.user_id, after=member.user_id)
            uow.record(MemberClaimed.between(member, member, user_id=handed_over))
            uow.record(MemberRemoved.between(placeholder, None))
            return await uow.commit(member)
