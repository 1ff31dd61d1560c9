from domain.shared.actor import Actor
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.errors import Conflict, InvalidInput
from domain.shared.events import FieldChange
from domain.shared.uow import OpenUow, Written
from domain.transfers.claims import MEMBER_CLAIM, Claim, hand_over, remove_placeholder
from domain.transfers.commands import PlaceholderAdoption
from domain.transfers.ports import PlaceholderUow
from domain.workspaces.events import MemberClaimed
from domain.workspaces.model import Member
from domain.workspaces.slice import MEMBER_MANAGE


class PlaceholderService:
    """Assigns placeholders that imports created to members."""

    def __init__(self, uow: OpenUow[PlaceholderUow]) -> None:
        self._uow = uow

    async def adopt(self, actor: Actor, adoption: PlaceholderAdoption) -> Written[Claim]:
        """Gives a placeholder's work and assignments to a member of the same workspace and removes the placeholder."""
        async with self._uow(actor) as uow:
            placeholder = await uow.members.get(
                actor, adoption.placeholder_id, path=("placeholder_id",), for_update=True
            )
            member = await uow.members.get(actor, adoption.member_id, path=("member_id",), for_update=True)
            actor.require(MEMBER_MANAGE, placeholder.workspace_id)
            if member.workspace_id != placeholder.workspace_id:
                raise InvalidInput("{field} must be a member of the placeholder's workspace.", path=("member_id",))
            adopted = await uow.users.by_id(placeholder.user_id)
            if adopted is None or not adopted.is_placeholder:
                raise Conflict("{field} must be a placeholder that an import created.", path=("placeholder_id",))
            if member.id == placeholder.id:
                raise InvalidInput("{field} must not be the placeholder itself.", path=("member_id",))
            if await uow.batch_runs.have_subject(placeholder.workspace_id, placeholder.id):
                message = "The work of this placeholder is already being handed over."
                raise Conflict(message, path=("placeholder_id",))
            return await uow.commit(await self._begin(uow, placeholder, member))

    async def _begin(self, uow: PlaceholderUow, placeholder: Member, member: Member) -> Claim:
        """Hands over up to 1,000 issues and comments at once, and more by a batch run."""
        workspace_id, user_id = placeholder.workspace_id, placeholder.user_id
        handed_over = FieldChange(before=user_id, after=member.user_id)
        await uow.members.save(member, member.touched(now=uow.now))
        uow.record(MemberClaimed(workspace_id=workspace_id, subject_id=member.id, changes={"user_id": handed_over}))
        await uow.placeholders.recognize(workspace_id, from_id=user_id, to_id=member.user_id)
        ids = await uow.placeholders.ids(workspace_id, user_id, most=MOST_AT_ONCE + 1)
        if len(ids) > MOST_AT_ONCE:
            kind, subject = MEMBER_CLAIM, placeholder.id
            run_id = uow.begin_batch(kind, workspace_id=workspace_id, subject_id=subject, target_id=member.id)
            return Claim(id=member.id, batch_run_id=run_id)
        await hand_over(uow, ids, placeholder, member, now=uow.now)
        await remove_placeholder(uow, placeholder)
        return Claim(id=member.id)
