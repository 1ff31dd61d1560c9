"""Undo of changes of issues."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.issues.errors import IssueErrorCode
from domain.issues.events import IssueArchived, IssueRestored, IssueTrashed, updates
from domain.issues.links import as_changes, by_kind, too_many
from domain.issues.model import OWN_ANCESTOR, Issue
from domain.issues.ports import LinkChange, LinkKind
from domain.issues.targets import IssueTargets
from domain.projects.model import Project
from domain.shared.entities import rechecked
from domain.shared.errors import Conflict
from domain.shared.events import Event, FieldChange, as_texts, changes_between
from domain.shared.net_changes import NetChange
from domain.shared.repositories import Found
from domain.shared.undoing import NotRestored, Undo, UndoKind, Undone

OF_IMPORTS = frozenset(("creator_id", "external_source", "external_key"))
"""Fields that change by imports and the adoption of their placeholders only, which cannot be undone."""
LIFECYCLE = frozenset(("archived_at", "trashed_at"))
_NO_CHANGE = FieldChange()
_MISSING = {
    LinkKind.ASSIGNEES: "Some users can no longer be assigned: they are no longer members of the workspace.",
    LinkKind.LABELS: "Some labels can no longer be added: they no longer exist, or are being deleted.",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """Values that the fields of several issues get back, and objects that they refer to."""

    wanted: Mapping[str, dict[str, Any]]
    targets: IssueTargets
    projects: Found[Project]
    """Locked projects to which issues move back."""
    numbered: Collection[tuple[str, int]]
    """Projects and numbers of these that other issues have."""
    parents: Mapping[str, str | None]
    """Parents above the issues as they will be, by issue."""
    links: "KnownLinks"


@dataclass(frozen=True, kw_only=True)
class KnownLinks:
    """Links of issues, and what can be linked again: labels that still exist, and users who are still members."""

    stored: Mapping[LinkKind, Mapping[str, frozenset[str]]]
    possible: Mapping[LinkKind, frozenset[str]]

    @classmethod
    async def load(cls, undo: Undo, nets: Sequence[NetChange], found: Mapping[str, Issue]) -> "KnownLinks":
        kinds = [kind for kind in LinkKind if any(kind.value in net.fields for net in nets)]
        issues = [found[net.subject_id] for net in nets if any(kind.value in net.fields for kind in kinds)]
        removed = {kind: frozenset[str]().union(*(_sides(net, kind)[0] for net in nets)) for kind in kinds}
        users, label_ids = removed.get(LinkKind.ASSIGNEES, ()), removed.get(LinkKind.LABELS, ())
        labels = await undo.uow.labels.find(undo.actor, label_ids)
        return cls(
            stored=await undo.uow.issues.links_of(issues, kinds) if issues else {},
            possible={
                # Users without access to the project too: imports assign them, and they stay when they lose access.
                LinkKind.ASSIGNEES: await undo.uow.members.among(undo.workspace_id, users) if users else frozenset(),
                LinkKind.LABELS: frozenset(label.id for label in labels if label.deleting_since is None),
            },
        )

    def restored(self, row: Undone, issue: Issue) -> Mapping[LinkKind, LinkChange]:
        """Links before and after; notes those that cannot be restored, each by itself."""
        links = {}
        for kind in self.stored:
            removed, added = _sides(row.net, kind)
            stored = self.stored[kind].get(issue.id, frozenset())
            if removed - stored - self.possible[kind]:
                row.refuse(NotRestored(_MISSING[kind], [kind.value]))
            after = stored - added | removed & (stored | self.possible[kind])
            if len(after) > kind.most:
                row.refuse(too_many(kind, kind.value))
            elif after != stored:
                links[kind] = (stored, after)
        return links


@dataclass(frozen=True, kw_only=True)
class UndoIssues(UndoKind[Issue]):
    """Undoes changes of issues. A created issue is moved to the trash."""

    def restorable(self, net: NetChange) -> Collection[str]:
        moved = ["project_id"] if "project_id" in net.fields else []
        return moved + [name for name in super().restorable(net) if name not in OF_IMPORTS]

    def wanted(self, row: Undone, entity: Issue) -> dict[str, Any]:
        wanted = super().wanted(row, entity)
        if "project_id" not in row.net.fields or entity.project_id == row.net.fields["project_id"].before:
            return wanted
        if row.net.after("milestone_id") != entity.milestone_id:
            row.touched["milestone_id"] = entity.milestone_id
        if not row.touched.keys().isdisjoint(_PLACE):
            # State and milestone belong to the project: an issue goes back with all of them or stays.
            return self._without_place(wanted)
        # The issue can have the same number in both projects.
        return {"number": entity.number, **wanted} if "project_id" in wanted else wanted

    def _without_place(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in wanted.items() if name not in (*_PLACE, *self.follows)}

    def fixed_at_creation(self) -> Collection[str]:
        return [name for name in super().fixed_at_creation() if name not in self.follows]

    def events(self, before: Issue, after: Issue, links: Mapping[str, FieldChange]) -> Sequence[Event]:
        changed = changes_between(before, after, self.updated.logged).keys() | links.keys()
        if before.project_id != after.project_id or not changed <= LIFECYCLE:
            return updates(before, after, **links)
        if before.trashed_at is None and after.trashed_at is not None:
            return [IssueTrashed.between(before, after)]
        return [(IssueRestored if after.archived_at is None else IssueArchived).between(before, after)]

    async def locked(self, undo: Undo, nets: Sequence[NetChange]) -> Mapping[str, Issue]:
        moves = [net.fields["project_id"] for net in nets if "project_id" in net.fields]
        if moves:
            # Projects are locked before issues, as by all moves.
            sides = {str(side) for move in moves for side in (move.before, move.after)}
            await undo.uow.projects.find(undo.actor, sides, for_update=True)
        return await super().locked(undo, nets)

    async def load(self, undo: Undo, nets: Sequence[NetChange], found: Mapping[str, Issue]) -> Known:
        rows = [undo.rows[net.subject_id] for net in nets if net.subject_id in found]
        wanted = {row.net.subject_id: self.wanted(row, found[row.net.subject_id]) for row in rows}
        adopted = {issue_id: each["parent_id"] for issue_id, each in wanted.items() if each.get("parent_id")}
        parents: dict[str, str | None] = {}
        if adopted:
            # Two concurrent moves together could close a cycle.
            await undo.uow.issues.lock_tree(undo.workspace_id)
            parents |= await undo.uow.issues.parents_above(undo.workspace_id, set(adopted.values()))
        reparented = {issue_id: each["parent_id"] for issue_id, each in wanted.items() if "parent_id" in each}
        places = {(each["project_id"], each["number"]) for each in wanted.values() if "project_id" in each}
        return Known(
            wanted=wanted,
            targets=await IssueTargets.load(
                undo.uow,
                undo.actor,
                state_ids=_ids("state_id", wanted),
                milestone_ids=_ids("milestone_id", wanted),
                parent_ids=set(adopted.values()),
                project_ids={
                    project_id
                    for issue_id in adopted
                    for project_id in (found[issue_id].project_id, wanted[issue_id].get("project_id"))
                    if project_id is not None
                },
            ),
            projects=await undo.uow.projects.find(undo.actor, {project_id for project_id, _ in places}),
            numbered=await undo.uow.issues.numbered(undo.workspace_id, places) if places else (),
            parents=parents | reparented,
            links=await KnownLinks.load(undo, [row.net for row in rows], found),
        )

    def reverted(self, undo: Undo, row: Undone, entity: Issue, known: Known) -> Issue:
        now, wanted = undo.uow.now, dict(known.wanted[entity.id])
        after = entity
        with row.part():
            after = _moved(known, entity, wanted, now=now)
        if wanted.get("project_id", after.project_id) != after.project_id:
            wanted = self._without_place(wanted)
        for restore in (_in_state, _planned, _with_parent):
            with row.part():
                after = restore(known, after, wanted, now=now)
        simple = {name: value for name, value in wanted.items() if name not in _REFERENCES}
        if wanted.get("state_id", after.state_id) != after.state_id:
            simple.pop("completed_at", None)
        if simple:
            with row.part():
                after = rechecked(after, now=now, **simple)
        row.links = known.links.restored(row, after)
        return after.touched(now=now) if row.links else after

    async def load_created(
        self, undo: Undo, nets: Sequence[NetChange], found: Mapping[str, Issue]
    ) -> Mapping[LinkKind, Mapping[str, frozenset[str]]]:
        links: Mapping[LinkKind, Mapping[str, frozenset[str]]]
        links = await undo.uow.issues.links_of(list(found.values()), list(LinkKind))
        return links

    def is_as_created(self, row: Undone, entity: Issue, known: Mapping[LinkKind, Mapping[str, frozenset[str]]]) -> bool:
        for kind, links in known.items():
            stored = sorted(links[entity.id])
            if stored != (row.net.after(kind.value) or []):
                row.touched[kind.value] = stored
        return super().is_as_created(row, entity, known)

    async def save(self, undo: Undo, changes: Sequence[tuple[Issue, Issue]]) -> None:
        if not changes:
            return
        links = {before.id: undo.rows[before.id].links for before, _ in changes}
        relinked = by_kind((before, links[before.id]) for before, _ in changes)
        await undo.uow.issues.relink_all(undo.workspace_id, relinked)
        await undo.uow.issues.save_all(changes)
        await undo.uow.comments.follow([after for before, after in changes if before.project_id != after.project_id])
        for before, after in changes:
            undo.record(after, self.events(before, after, as_changes(links[before.id])))


_PLACE = ("project_id", "number", "state_id", "milestone_id")
_REFERENCES = frozenset((*_PLACE, "parent_id"))
_Wanted = dict[str, Any]


def _moved(known: Known, issue: Issue, wanted: _Wanted, *, now: datetime) -> Issue:
    """The issue in its former project, with its former number, state and milestone."""
    if "project_id" not in wanted:
        return issue
    place = wanted["project_id"], wanted["number"]
    project = known.projects.get(wanted["project_id"], path=("project_id",))
    project.check_usable(("project_id",))
    if place in known.numbered:
        raise Conflict("Another issue has the number that this one had in the project.", path=("project_id",))
    state = known.targets.state(wanted["state_id"], project_id=project.id)
    moved = issue.moved_into(project, state, number=wanted["number"], now=now)
    milestone = known.targets.milestone(wanted.get("milestone_id"), project_id=project.id)
    return moved.planned_for(milestone, now=now)


def _in_state(known: Known, issue: Issue, wanted: _Wanted, *, now: datetime) -> Issue:
    if "state_id" not in wanted:
        return issue
    return issue.moved_to(known.targets.state(wanted["state_id"], project_id=issue.project_id), now=now)


def _planned(known: Known, issue: Issue, wanted: _Wanted, *, now: datetime) -> Issue:
    if "milestone_id" not in wanted:
        return issue
    milestone = known.targets.milestone(wanted["milestone_id"], project_id=issue.project_id)
    return issue.planned_for(milestone, now=now)


def _with_parent(known: Known, issue: Issue, wanted: _Wanted, *, now: datetime) -> Issue:
    if "parent_id" not in wanted:
        return issue
    parent = known.targets.parent(wanted["parent_id"], workspace_id=issue.workspace_id, project_id=issue.project_id)
    above, passed = wanted["parent_id"], {issue.id}
    while above is not None:
        if above in passed:
            raise Conflict(OWN_ANCESTOR, path=("parent_id",), code=IssueErrorCode.PARENT_CYCLE)
        passed.add(above)
        above = known.parents.get(above)
    return issue.with_parent(parent, now=now)


def _sides(net: NetChange, kind: LinkKind) -> tuple[frozenset[str], frozenset[str]]:
    """Links that the change set removed, and those that it added."""
    change = net.fields.get(kind.value, _NO_CHANGE)
    before, after = (frozenset(as_texts(side) or ()) for side in (change.before, change.after))
    return before - after, after - before


def _ids(name: str, wanted: Mapping[str, _Wanted]) -> frozenset[str]:
    return frozenset(each[name] for each in wanted.values() if each.get(name) is not None)
