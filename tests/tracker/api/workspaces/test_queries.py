import pytest

from tests.tracker.api.world import World


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
@pytest.mark.parametrize("field", ["project(key: $text) { id }", "issue(identifier: $text) { id }"])
async def test_text_that_cannot_be_stored_is_refused(world: World, field: str, text: str):
    query = f'query ($text: String!) {{ workspace(slug: "{world.here.workspace.slug}") {{ {field} }} }}'
    assert await world.member.failed(query, text=text) == [("INVALID_INPUT", "")]
