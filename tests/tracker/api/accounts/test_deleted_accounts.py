"""Deleted accounts as other users see them."""

from domain.shared.actor import Actor, Role
from tests.tracker.api.world import World

WRITTEN = """query ($issue: ID!, $comment: ID!) {
  issue: node(id: $issue) { ... on Issue { title creator { ...Person } assignees { ...Person } } }
  comment: node(id: $comment) { ... on Comment { body author { ...Person } } }
}
fragment Person on User { id name initials email timeZone isDeleted isPlaceholder }"""
WORKSPACE = """query ($slug: String!) { workspace(slug: $slug) {
  members { nodes { role } }
  issues(filter: { creator: { name: { eq: "Deleted user" } } }) { totalCount }
} }"""


async def test_content_of_a_deleted_user_stays_without_a_name(world: World):
    here = world.here
    member = here.people[Role.MEMBER]
    assigned = {"id": here.issue.id, "assignees": {"set": [member.id]}}
    await world.member.mutate("issueUpdate", assigned)
    ids = {"issue": here.issue.id, "comment": here.comment.id}
    before = await world.owner.run(WRITTEN, **ids)
    assert before["issue"]["creator"]["isDeleted"] is False

    await world.app.deletions.delete(Actor.system(), member.email or "")
    nobody = {
        "id": member.id,
        "name": "Deleted user",
        "initials": "DU",
        "email": None,
        "timeZone": "UTC",
        "isDeleted": True,
        "isPlaceholder": False,
    }
    assert await world.owner.run(WRITTEN, **ids) == {
        "issue": {"title": here.issue.title, "creator": nobody, "assignees": [nobody]},
        "comment": {"body": here.comment.body, "author": nobody},
    }
    found = (await world.owner.run(WORKSPACE, slug=here.workspace.slug))["workspace"]
    assert sorted(each["role"] for each in found["members"]["nodes"]) == ["ADMIN", "GUEST", "OWNER"]
    assert found["issues"] == {"totalCount": 1}
    [removed] = (await world.events())[-1:]
    assert (removed[1], removed[2]) == ("member.removed", here.members[Role.MEMBER].id)
