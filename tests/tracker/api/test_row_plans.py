"""Compiled queries read only the columns that they show, and build no entity of the lists that they show."""

import gc
import re
from typing import Any
from weakref import ref

import pytest

from api.graphql.documents import DocumentCache
from api.graphql.runner import OperationRunner, graphql_schema
from api.schema import schema
from api.shared.context import Context
from infra.comments import reader as comments
from infra.db.projected import NamedColumns
from infra.issues import reader as issues
from infra.projects import reader as projects
from tests import api_defaults as defaults
from tests.statements import watched
from tests.tracker.api.test_statements import REFERENCE_LIST, fill
from tests.tracker.api.world import World


class Compiled:
    """Runs queries compiled, whatever the mode of the suite."""

    def __init__(self, world: World, **options: Any) -> None:
        self._world = world
        self._documents = DocumentCache(graphql_schema(schema), defaults.limits())
        self._runner = OperationRunner(schema, defaults.execution(stock_runs=0, **options), hides_suggestions=False)

    async def differences(self) -> int:
        """Differences that the shadow runs found so far."""
        await self._runner.shadow.settle()
        return self._runner.counts.shadow_differences

    async def run(self, query: str, *, kept: Any = None, **variables: Any) -> Any:
        """The data; the context of the run keeps `kept` beside what it has loaded."""
        prepared = self._documents.prepare(query)
        context = Context(app=self._world.app, actor=self._world.member.actor)
        context.loaders["kept"] = kept
        answer = await self._runner.execute(prepared, prepared.operation(None), variables=variables, context=context)
        assert not answer.errors
        return answer.data


class Kept:
    """An object that a context keeps."""


async def test_what_a_query_has_loaded_is_freed_without_a_garbage_collection(world: World) -> None:
    """Collections stopped the server for 10 ms and more."""
    await fill(world, 2)
    compiled, kept = Compiled(world), Kept()
    known, slug = ref(kept), world.here.workspace.slug
    await compiled.run(REFERENCE_LIST, slug=slug, first=5)
    gc.disable()
    try:
        await compiled.run(REFERENCE_LIST, kept=kept, slug=slug, first=5)
        del kept
        assert known() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("taken", "path"), [(None, None), ("description", "workspace.issues.nodes.0.title")], ids=["right", "wrong"]
)
async def test_a_shadow_run_notices_rows_of_other_columns(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    taken: str | None,
    path: str | None,
) -> None:
    if taken is not None:
        columns = issues._ISSUES.columns
        shifted = NamedColumns({name: columns[taken if name == "title" else name] for name in columns})
        monkeypatch.setattr(issues._ISSUES, "columns", shifted)
    await fill(world, 1)
    compiled = Compiled(world, shadow_one_in=1)
    await compiled.run(REFERENCE_LIST, slug=world.here.workspace.slug, first=5)
    assert await compiled.differences() == (0 if path is None else 1)
    told = [record.facts["path"] for record in caplog.records if record.name == "api.graphql.shadow"]  # type: ignore[attr-defined]
    assert told == ([] if path is None else [path])


def selected(statement: str) -> list[str]:
    """Columns of the statement's innermost list of columns of issues."""
    found = re.search(r"SELECT ((?:issue\.\w+(?: AS \w+)?(?:, )?)+)", " ".join(statement.split()))
    assert found is not None, statement
    return [each.partition(" ")[0].removeprefix("issue.") for each in found[1].split(", ")]


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("id", {"id"}),
        ("number title", {"number", "title"}),
        ("priority creator { name }", {"priority", "creator_id"}),
        ("identifier", {"number", "state_id"}),
        ("labels { name }", {"id", "workspace_id"}),
        ("comments { totalCount }", {"id", "workspace_id", "comment_count"}),
    ],
)
async def test_a_list_selects_the_columns_that_it_shows(world: World, selection: str, columns: set[str]) -> None:
    query = f"query ($slug: String!) {{ workspace(slug: $slug) {{ issues {{ nodes {{ {selection} }} }} }} }}"
    with watched() as kept:
        await Compiled(world).run(query, slug=world.here.workspace.slug)
    [statement] = [each for each in kept.statements if "lifecycle" in each]
    # The keys of the order are selected for cursors.
    assert set(selected(statement)) == columns | {"created_at", "id"}


async def test_no_entity_of_the_reference_list_is_built(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def built(*_row: Any) -> None:
        raise AssertionError("an entity was built")

    await fill(world, 3)
    for owner, name in (
        (issues._ISSUES, "build"),
        (comments._COMMENTS, "build"),
        (world.app.read.users, "_build"),
        (issues, "_build_user"),
        (issues, "_build_label"),
        (projects, "_build_state"),
        (projects, "_build_project"),
    ):
        monkeypatch.setattr(owner, name, built)
    data = await Compiled(world).run(REFERENCE_LIST, slug=world.here.workspace.slug, first=5)
    nodes = data["workspace"]["issues"]["nodes"]
    assert len(nodes) == 4
    assert all(len(node["comments"]["nodes"]) == 3 for node in nodes[:3])
    assert all(node["creator"]["name"] and node["labels"] and node["assignees"] for node in nodes[:3])
