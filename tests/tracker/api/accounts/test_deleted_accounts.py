"""Issues and comments of deleted accounts."""

from domain.shared.actor import Actor, Role
from tests.tracker.api.world import World

WRITTEN = """query ($issue: ID!, $comment: ID!) {
  issue: node(id: $issue) { ... on Issue { title creator { ...Person } assignees { ...Person } } }
  comment: node(id: $comment) { ... on Comment { body author { ...Person } } }
}
fragment Person on User { id name isDeleted }"""
ISSUES = """query ($slug: String!) { workspace(slug: $slug) {
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
    nobody = {"id": member.id, "name": "Deleted user", "isDeleted": True}
    assert await world.owner.run(WRITTEN, **ids) == {
        "issue": {"title": here.issue.title, "creator": nobody, "assignees": [nobody]},
        "comment": {"body": here.comment.body, "author": nobody},
    }
    found = await world.owner.run(ISSUES, slug=here.workspace.slug)
    assert found["workspace"]["issues"] == {"totalCount": 1}
