"""Updates of objects by their fields, and what an update that expects a revision has to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tests.client import UNCHANGED, Client
from tests.refusals import invalid
from tests.statements import counted
from tests.worlds import TwoWorkspaces

DETAILS = """errors { ... on ConflictError { conflictingFields currentRevision
  conflicts { field base current yours changedBy { id } changedAt } } }"""


@dataclass(frozen=True)
class Update:
    kind: str
    values: dict[str, Any]
    """Field of the input -> a new value."""
    selections: dict[str, str]
    """Field of the input -> the selection that shows it."""
    clearable: frozenset[str] = frozenset()
    id_field: str = "id"
    """Field of the input with the ID of the object."""
    orders: frozenset[str] = frozenset()
    """Fields of the input that are lists of IDs in their order."""

    def given(self, subject: str, **values: Any) -> dict[str, Any]:
        return {self.id_field: subject, **values}

    def path(self, name: str) -> tuple[str, ...]:
        """Path of the field below `input`."""
        return (name,)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """An update of one object of the world by a client."""

    world: TwoWorkspaces[Any]
    client: Client
    mutation: str
    subject: str
    update: Update

    async def mutate(self, select: str = "", **values: Any) -> Any:
        return await self.client.mutate(self.mutation, self.update.given(self.subject, **values), select)

    async def refused(self, **values: Any) -> list[tuple[str, str, str]]:
        return await self.client.refused(self.mutation, self.update.given(self.subject, **values))

    async def stored(self) -> dict[str, Any]:
        """The object's values as the input takes them."""
        fields = " ".join(f"{name}: {selection}" for name, selection in self.update.selections.items())
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {self.update.kind} {{ {fields} }} }} }}"
        node = (await self.world.owner.run(query, id=self.subject))["node"]
        return {name: _as_input(value, is_order=name in self.update.orders) for name, value in node.items()}

    async def of_new_value(self) -> tuple[str, Any]:
        """A field that has a value and its value; the update sets another one."""
        base = await self.stored()
        return next(
            (name, base[name])
            for name, value in self.update.values.items()
            if value != base[name] and base[name] is not None
        )


def _as_input(value: Any, *, is_order: bool) -> Any:
    if isinstance(value, list):
        ids = [item["id"] for item in value]
        return ids if is_order else {"set": sorted(ids)}
    return value["id"] if isinstance(value, dict) else value


def texts(value: Any) -> Sequence[str] | None:
    """The value of an input as conflicts show it."""
    if isinstance(value, dict):
        return sorted(value["set"])
    if isinstance(value, list):
        return value
    return None if value is None else [str(value)]


async def revision(world: TwoWorkspaces[Any]) -> int:
    query = "query ($slug: String!) { workspace(slug: $slug) { revision } }"
    found: int = (await world.owner.run(query, slug=world.here.workspace.slug))["workspace"]["revision"]
    return found


async def expect_nothing_overwritten(tried: Tried) -> None:
    """Asserts that each field that changed meanwhile is a conflict, and can be sent again with the new revision."""
    base, update = await tried.stored(), tried.update
    for name, theirs in update.values.items():
        if base[name] == theirs:
            continue
        seen = await revision(tried.world)
        first = await tried.mutate(**{name: theirs})
        assert first["errors"] == []
        before = await tried.world.rows()
        if base[name] is not None or name in update.clearable:
            mine = {name: base[name]}
            payload = await tried.mutate(DETAILS, **mine, expectedRevision=seen)
            [error] = payload["errors"]
            kind, code, path = error["__typename"], error["code"], error["path"]
            assert (kind, code, path) == ("ConflictError", "CONFLICT", ["input", *update.path(name)])
            assert error["conflictingFields"] == [name]
            assert error["currentRevision"] == first["revision"]
            [shown] = error["conflicts"]
            changed_at = shown.pop("changedAt")
            assert shown == {
                "field": name,
                "base": texts(base[name]),
                "current": texts(theirs),
                "yours": texts(base[name]),
                "changedBy": {"id": tried.client.actor.user_id},
            }
            assert changed_at
            assert payload["revision"] is None
            assert await tried.world.rows() == before
            merged = await tried.mutate(**mine, expectedRevision=error["currentRevision"])
            assert merged["errors"] == []


async def expect_merged(tried: Tried) -> None:
    """Asserts that changes of different fields, which all expect the first revision, are merged."""
    seen = await revision(tried.world)
    base = await tried.stored()
    values = {name: value for name, value in tried.update.values.items() if value != base[name]}
    assert len(values) > 1
    for name, value in values.items():
        payload = await tried.mutate(**{name: value}, expectedRevision=seen)
        assert payload["errors"] == [], name
    assert await tried.stored() == base | values


async def expect_no_conflict_of_equal_values(tried: Tried) -> None:
    """Asserts that the same value, and a change that was undone, are no conflicts."""
    name, before = await tried.of_new_value()
    seen, value = await revision(tried.world), tried.update.values[name]
    await tried.mutate(**{name: value})
    assert await tried.mutate(**{name: value}, expectedRevision=seen) == UNCHANGED
    await tried.mutate(**{name: before})
    assert (await tried.mutate(**{name: value}, expectedRevision=seen))["errors"] == []
    assert (await tried.stored())[name] == value


async def expect_revisions_of_the_log_only(tried: Tried) -> None:
    """Asserts that revisions which are in the future or no longer logged are refused."""
    mine = dict([*tried.update.values.items()][:1])
    first = await tried.mutate(**mine, expectedRevision=0)
    last = first["revision"]
    assert (first["errors"], last > 0) == ([], True)
    before = await tried.world.rows()
    future = await tried.refused(**mine, expectedRevision=last + 1)
    assert future == invalid("expectedRevision", "OUT_OF_RANGE")
    assert await tried.world.rows() == before
    async with tried.world.engine.begin() as connection:
        await connection.execute(text("DELETE FROM event"))
        await connection.execute(text(f"UPDATE workspace_revision SET first_revision = {last + 1}"))
    gone = await tried.refused(**mine, expectedRevision=0)
    assert gone == invalid("expectedRevision", "REVISION_GONE")
    assert await tried.mutate(**mine, expectedRevision=last) == UNCHANGED


async def expect_no_conflict_of_a_retry(tried: Tried) -> None:
    name, value = next(iter(tried.update.values.items()))
    mine = {name: value, "expectedRevision": await revision(tried.world), "idempotencyKey": "k1"}
    first = await tried.mutate(**mine)
    assert first["errors"] == []
    assert await tried.mutate(**mine) == first


async def expect_one_statement_more(tried: Tried) -> None:
    """Asserts that an expected revision takes one statement, and that none takes no statement."""
    name, before = await tried.of_new_value()
    taken: list[list[str]] = []
    for expected in ({}, {"expectedRevision": None}, {"expectedRevision": 0}):
        await tried.mutate(**{name: before})
        async with tried.world.engine.begin() as connection:
            await connection.execute(text("DELETE FROM event"))
            await connection.execute(text("UPDATE workspace_revision SET revision = 0"))
        with counted() as statements:
            payload = await tried.mutate(**{name: tried.update.values[name]}, **expected)
        assert (payload["errors"], payload["revision"] is None) == ([], False)
        taken.append(list(statements))
    plain, null, checked = taken
    assert len(plain) == len(null) == len(checked) - 1
    assert not any("jsonb_each" in statement for statement in plain)
