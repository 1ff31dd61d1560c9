"""Null in fields of an input that cannot be cleared, over HTTP."""

from tests import api_defaults
from tests.sample.world import LibraryWorld
from tests.served import served


async def test_all_nulls_of_one_input_are_named_at_once_and_siblings_keep_their_answers(world: LibraryWorld) -> None:
    """Over HTTP, between two mutations that succeed."""
    book_id = world.here.book.id
    query = """mutation ($bad: BookUpdateInput!, $id: ID!) {
      before: bookUpdate(input: {id: $id, title: "One"}) { book { title } errors { code } }
      bad: bookUpdate(input: $bad) { book { title } revision errors { code path } }
      after: bookUpdate(input: {id: $id, pages: 3}) { book { title pages } errors { code } } }"""
    bad = {"id": book_id, "tags": None, "title": None, "pages": 5}
    async with served(world, api_defaults.http()) as client:
        body = {"query": query, "variables": {"bad": bad, "id": book_id}}
        answer = (await client.post("/graphql", json=body)).json()
    assert "errors" not in answer
    assert answer["data"] == {
        "before": {"book": {"title": "One"}, "errors": []},
        "bad": {
            "book": None,
            "revision": None,
            "errors": [
                {"code": "REQUIRED", "path": ["input", "title"]},
                {"code": "REQUIRED", "path": ["input", "tags"]},
            ],
        },
        "after": {"book": {"title": "One", "pages": 3}, "errors": []},
    }
