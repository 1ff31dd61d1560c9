"""Parents of lists, which are read with one statement for each of their workspaces."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.pages import Page
from domain.shared.projections import Names, in_order
from infra.db.keyset import KeysetPlan
from infra.db.pages import Build
from infra.db.projected import NamedColumns
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.rows import NO_ROWS, ListsOfRows, Rows, runs_of

E = TypeVar("E")


class Identified(Protocol):
    """An entity of a workspace, which can be the parent of other entities."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...


P = TypeVar("P", bound=Identified)


def values_of(entities: Sequence[Any], name: str) -> list[Any]:
    """The attribute of each entity. Parents that are rows have it as a column."""
    column = getattr(entities, "column", None)
    return [getattr(entity, name) for entity in entities] if column is None else column(name)


def ids_of(entities: Sequence[Identified]) -> list[str]:
    return values_of(entities, "id")


def by_workspace(entities: Sequence[P]) -> dict[str, Sequence[P]]:
    """The entities of each workspace, for one statement per workspace. Nearly always there is one."""
    workspaces = set(values_of(entities, "workspace_id"))
    if len(workspaces) == 1:
        return {workspaces.pop(): entities}
    return {each: [entity for entity in entities if entity.workspace_id == each] for each in sorted(workspaces)}


def ids_by_workspace(entities: Sequence[Identified], ids: list[str]) -> dict[str, list[str]]:
    """The IDs of the entities, given in their order, by workspace."""
    workspaces = values_of(entities, "workspace_id")
    several = set(workspaces)
    if len(several) == 1:
        return {several.pop(): ids}
    found: dict[str, list[str]] = {each: [] for each in sorted(several)}
    for id_, workspace_id in zip(ids, workspaces, strict=True):
        found[workspace_id].append(id_)
    return found


async def pages_by_workspace(
    reads: ReadSession,
    plan: KeysetPlan,
    parents: Sequence[Identified],
    rows: AnySelect,
    build: Build[E],
    *,
    parent: InstrumentedAttribute[str],
) -> list[Page[E]]:
    """The page of the list under each of the parents; `rows` are limited by `in_workspace`."""
    found: dict[str, Page[E]] = {}
    for workspace_id, ids in ids_by_workspace(parents, ids_of(parents)).items():
        if parent.key == "workspace_id":
            # No LATERAL join on the workspace, because the planner could take its value from the join.
            of_one = replace(plan, parents=[workspace_id])
            found[workspace_id] = await of_one.page(reads, rows, build, workspace_id=workspace_id)
            continue
        part = replace(plan, parents=ids)
        pages = await part.pages(reads, rows, build, parent=parent, workspace_id=workspace_id)
        found |= zip(part.parents, pages, strict=True)
    return [found[each.id] for each in parents]


async def lists_by_workspace(
    reads: ReadSession,
    parents: Sequence[Identified],
    rows: AnySelect,
    columns: NamedColumns,
    names: Names,
    *,
    parent: InstrumentedAttribute[str],
) -> ListsOfRows:
    """The list under each of the parents; `rows` are limited by `in_workspace` and `ids`, and ordered by parent."""
    wanted = in_order(names)
    statement = columns.select(rows, wanted, parent)
    ids, found = ids_of(parents), list[AnyRow]()
    for workspace_id, own_ids in ids_by_workspace(parents, ids).items():
        found += await reads.fetch(statement, workspace_id=workspace_id, ids=own_ids)
    lists = runs_of(found)
    return ListsOfRows(Rows(wanted, found), [lists.get(each, NO_ROWS) for each in ids])
