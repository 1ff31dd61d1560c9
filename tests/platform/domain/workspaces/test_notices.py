"""Mails about changed memberships."""

from domain.shared.actor import Role
from domain.workspaces.jobs import SendMemberRemoval, SendOwnershipMoved
from domain.workspaces.mails import MemberRemoval, OwnershipMoved
from tests.platform.domain.workspaces.conftest import CLAIMED, House


async def test_a_removed_member_is_notified(house: House) -> None:
    ada = await house.person(name="Ada", email="ada@example.org")
    member = await house.join(ada)
    await house.workspaces.remove_member(house.as_owner, member.id)
    [job] = await house.jobs(SendMemberRemoval.kind)
    assert job == {"workspace_id": house.workspace.id, "user_id": ada.id}
    await house.workspaces.send_removal(CLAIMED, SendMemberRemoval(**job))
    [mail] = house.mailer.sent
    assert (mail.id, mail.to) == ("job_1", "ada@example.org")
    assert mail.letter == MemberRemoval(person="Ada", workspace="Acme & Søn")
    assert (await house.log())[-1] == ("MEMBER_REMOVED", ada.id, house.owner.id, member.id)


async def test_a_member_who_leaves_gets_no_mail(house: House) -> None:
    ada = await house.person()
    member = await house.join(ada)
    await house.workspaces.remove_member(house.actor(ada, Role.MEMBER), member.id)
    assert await house.jobs(SendMemberRemoval.kind) == []


async def test_a_member_who_is_back_gets_no_removal_mail(house: House) -> None:
    ada = await house.person()
    member = await house.join(ada)
    await house.workspaces.remove_member(house.as_owner, member.id)
    await house.join(ada)
    await house.workspaces.send_removal(CLAIMED, SendMemberRemoval(workspace_id=house.workspace.id, user_id=ada.id))
    assert house.mailer.sent == []


async def test_both_owners_are_notified_of_a_transfer(house: House) -> None:
    ada = await house.person(name="Ada", email="ada@example.org")
    member = await house.join(ada)
    await house.workspaces.transfer_ownership(house.as_owner, house.workspace.id, member.id)
    for job in await house.jobs(SendOwnershipMoved.kind):
        await house.workspaces.send_ownership_moved(CLAIMED, SendOwnershipMoved(**job))
    facts = {
        "workspace": "Acme & Søn",
        "old_owner": "Olga",
        "new_owner": "Ada",
        "url": "https://tracker.example.org/acme",
    }
    assert [(mail.to, mail.letter) for mail in house.mailer.sent] == [
        ("ada@example.org", OwnershipMoved(person="Ada", **facts)),
        ("olga@example.org", OwnershipMoved(person="Olga", **facts)),
    ]
    assert [line[:3] for line in (await house.log())[-2:]] == [
        ("MEMBER_ROLE_CHANGED", ada.id, house.owner.id),
        ("MEMBER_ROLE_CHANGED", house.owner.id, house.owner.id),
    ]


async def test_a_deleted_workspace_sends_no_mail(house: House) -> None:
    ada = await house.person()
    await house.workspaces.delete(house.as_owner, house.workspace.id)
    removal = SendMemberRemoval(workspace_id=house.workspace.id, user_id=ada.id)
    moved = SendOwnershipMoved(
        workspace_id=house.workspace.id, old_owner_id=house.owner.id, new_owner_id=ada.id, is_to_new_owner=True
    )
    await house.workspaces.send_removal(CLAIMED, removal)
    await house.workspaces.send_ownership_moved(CLAIMED, moved)
    assert house.mailer.sent == []
