"""Exact sizes of lists of issues: collected while a Unit of Work runs, stored by its commit, and read by lists."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from infra.db.arrays import among
from infra.db.read import ReadSession
from infra.db.tables import ListSizeRow
from infra.db.visibility import in_workspace


class ListKey(NamedTuple):
    """A list with a size of its own: the issues of one lifecycle under one parent."""

    workspace_id: str
    parent_id: str
    lifecycle: int


_SIZES = select(ListSizeRow.parent_id, ListSizeRow.lifecycle, ListSizeRow.size).where(
    in_workspace(ListSizeRow.workspace_id), among(ListSizeRow.parent_id, "sized")
)


class SizedList(NamedTuple):
    """A list whose sizes are stored: the issues of some lifecycles under each parent."""

    lifecycles: tuple[int, ...]
    is_whole_for_guests: bool
    """Whether guests who see the parent see all its issues. Under a workspace, they see those of their areas."""

    async def sizes(
        self, reads: ReadSession, workspace_id: str, areas: Sequence[str] | None, parent_ids: Sequence[str]
    ) -> Mapping[str, int]:
        """Size of the list under each of the workspace's parents, or of its areas together under the workspace."""
        sizes = dict.fromkeys(parent_ids if areas is None else areas, 0)
        rows = await reads.fetch_aside(_SIZES, workspace_id=workspace_id, sized=list(sizes))
        for parent_id, lifecycle, size in rows:
            if lifecycle in self.lifecycles:
                sizes[parent_id] += size
        return sizes if areas is None else dict.fromkeys(parent_ids, sum(sizes.values()))


class ListSizes:
    """Changes of list sizes in one transaction."""

    def __init__(self) -> None:
        self._changes: Counter[ListKey] = Counter()
        self._removed: set[tuple[str, str]] = set()

    def change(self, lists: Iterable[ListKey], by: int) -> None:
        """Notes that each of the lists gets this many issues, or loses them."""
        for each in lists:
            self._changes[each] += by

    def remove(self, workspace_id: str, parent_id: str) -> None:
        """Notes that the parent is deleted, and its lists with it."""
        self._removed.add((workspace_id, parent_id))

    @property
    def workspace_ids(self) -> set[str]:
        """Workspaces that have something to write."""
        changed = {key.workspace_id for key, change in self._changes.items() if change}
        return changed | {workspace_id for workspace_id, _ in self._removed}

    def changes_in(self, workspace_id: str) -> dict[str, Any]:
        """The changes in one workspace in the form that `workgraph_commit` stores.

        The lock of the workspace's revision counter lets one transaction at a time get there. The order of keys
        protects transactions that record no event, and therefore lock no counter.
        """
        removed = sorted(parent_id for workspace, parent_id in self._removed if workspace == workspace_id)
        changed = sorted(
            (key.parent_id, key.lifecycle, change)
            for key, change in self._changes.items()
            if change and key.workspace_id == workspace_id and key.parent_id not in removed
        )
        names = ("parent_id", "lifecycle", "change")
        kinds = {"changed": [dict(zip(names, each, strict=True)) for each in changed], "removed": removed}
        return {kind: rows for kind, rows in kinds.items() if rows}
