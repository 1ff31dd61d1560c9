"""Trusted documents: the operator's commands, and what servers then run."""

from pathlib import Path

import pytest

from cli.documents import DocumentsRefused, add_files, listed, remove_ids, stale
from domain.documents.model import document_id
from domain.shared.actor import Actor
from domain.shared.errors import NotFound, PermissionDenied, Unauthenticated
from tests import api_defaults
from tests.sample.world import LibraryWorld
from tests.served import served

LIMITS = api_defaults.limits()
VIEWER = "query Viewer { viewer { name } }"
SLUGS = "query Slugs($n: Int) { workspaces(first: $n) { nodes { slug } } }\n"
DEAR = "{ workspaces(first: 100) { nodes { members(first: 100) { nodes { id } } } } }"


def written(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / f"{name}.graphql").write_text(text)
    return [folder / f"{name}.graphql" for name in texts]


async def test_documents_are_added_listed_and_removed(world: LibraryWorld, tmp_path: Path) -> None:
    app = world.app
    files = written(tmp_path, viewer=VIEWER, slugs=SLUGS)
    ids = [f"sha256:{document_id(text)}" for text in (VIEWER, SLUGS)]
    for _ in range(2):  # a second time changes nothing
        assert await add_files(app, files, LIMITS) == list(map("{}  {}".format, ids, files))
    lines = await listed(app)
    assert [line.split()[0] for line in lines] == sorted(ids)
    assert lines[ids[1] < ids[0]].endswith(f" UTC, {len(VIEWER)} bytes")
    assert await stale(app, LIMITS) == []
    with pytest.raises(NotFound):
        await remove_ids(app, [ids[0], "sha256:" + "0" * 64])
    assert len(await listed(app)) == 2
    await remove_ids(app, [ids[0], ids[1].removeprefix("sha256:")])
    assert await listed(app) == []


async def test_all_or_none_are_added(world: LibraryWorld, tmp_path: Path) -> None:
    app = world.app
    files = written(tmp_path, fine=VIEWER, wrong="{ viewer { shoeSize } }", broken="{ viewer", dear=DEAR)
    (tmp_path / "bytes.graphql").write_bytes(b"\xff")
    with pytest.raises(DocumentsRefused) as refusal:
        await add_files(app, files, LIMITS)
    lines = str(refusal.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        f"{tmp_path}/wrong.graphql:1:12",
        f"{tmp_path}/broken.graphql:1:9",
        f"{tmp_path}/dear.graphql",
    ]
    for name in ("bytes", "none"):
        with pytest.raises(DocumentsRefused, match=name):
            await add_files(app, [tmp_path / f"{name}.graphql"], LIMITS)
    assert await listed(app) == []


async def test_a_check_finds_what_this_version_would_refuse(world: LibraryWorld) -> None:
    app = world.app
    old = "{ viewer { name nickname } }"
    await app.documents.add(Actor.system(), [old, VIEWER])
    (problem,) = await stale(app, LIMITS)
    assert problem.startswith(f"sha256:{document_id(old)}:1:17: ")
    assert len(await stale(app, api_defaults.limits(depth=1))) == 2


async def test_only_the_operator_may_change_or_see_them(world: LibraryWorld) -> None:
    documents, actor = world.app.documents, world.owner.actor
    for attempt in (documents.add(actor, [VIEWER]), documents.remove(actor, ["a"]), documents.all(actor)):
        with pytest.raises(PermissionDenied):
            await attempt
    with pytest.raises(Unauthenticated):
        await documents.text(Actor(), document_id(VIEWER))
    assert await documents.text(actor, document_id(VIEWER)) is None


async def test_a_server_of_trusted_documents_runs_what_was_added(world: LibraryWorld) -> None:
    await world.app.documents.add(Actor.system(), [VIEWER])
    async with served(world, api_defaults.http(are_trusted_only=True)) as client:
        answer = await client.post("/graphql", json={"documentId": f"sha256:{document_id(VIEWER)}"})
        assert answer.json()["data"] == {"viewer": {"name": "Owner"}}
        answer = await client.post("/graphql", json={"query": VIEWER})
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["DOCUMENT_NOT_TRUSTED"]
        page = await client.get("/graphiql")
        assert "WORKGRAPH_DOCUMENTS=trusted" in page.text
