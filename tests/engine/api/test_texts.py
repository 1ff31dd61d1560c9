"""Texts that clients send and read: Unicode forms, and names of fields in messages."""

import unicodedata

from tests.sample.world import LibraryWorld

COMPOSED = "Café Žižkov"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


async def test_texts_come_back_composed(world: LibraryWorld) -> None:
    sent = {"shelfId": world.here.shelf.id, "title": DECOMPOSED, "description": DECOMPOSED}
    payload = await world.owner.mutate("bookCreate", sent, "book { title description }")
    assert payload["book"] == {"title": COMPOSED, "description": DECOMPOSED}


async def test_a_message_names_two_fields(world: LibraryWorld) -> None:
    days = {"lentOn": "2026-02-01", "dueOn": "2026-01-31"}
    payload = await world.owner.mutate("bookCreate", {"shelfId": world.here.shelf.id, "title": "Late", **days})
    [error] = payload["errors"]
    assert (error["message"], error["path"]) == ("`lentOn` must not be after `dueOn`.", ["input", "lentOn"])
