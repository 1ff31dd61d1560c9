"""Lookup and creation of states and labels during an import."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from domain.labels.commands import LabelDraft
from domain.labels.events import LabelCreated
from domain.labels.model import Label, LabelId
from domain.projects.categories import StateCategory
from domain.projects.commands import StateDraft
from domain.projects.events import StateCreated, StateUpdated
from domain.projects.model import DEFAULT_STATES, MOST_STATES, Project, State, StateId
from domain.shared.entities import revised
from domain.shared.ids import IdFactory
from domain.shared.replacements import in_use, usable
from domain.transfers.identities import ExternalRef, Registry
from domain.transfers.identity_ports import ExternalObject, ObjectKind
from domain.transfers.ports import ImportUow
from domain.transfers.records import IssueRecord, LabelRecord, LossCode
from domain.transfers.replaced import existing_targets, with_replacements
from domain.transfers.sanitizing import clean_line
from domain.transfers.tally import Tally
from domain.workspaces.model import Workspace

LONGEST_STATE_NAME = 50
LONGEST_LABEL_NAME = 80
_COLORS = ("#5e6ad2", "#26b5ce", "#4cb782", "#f2c94c", "#f2994a", "#eb5757", "#bb87fc", "#8a8f98", "#2f80ed", "#d9730d")
_STATE_COLORS = {category: color for _, category, color in DEFAULT_STATES}
_ORDER = {category: place for place, category in enumerate(StateCategory)}


def color_of(name: str) -> str:
    """A color from ten, always the same for one name."""
    return _COLORS[sha256(name.encode("utf-8", "replace")).digest()[0] % len(_COLORS)]


def label_names(record: IssueRecord) -> tuple[str, ...]:
    """The record's labels as they can be stored, each once."""
    names = (clean_line(label, longest=LONGEST_LABEL_NAME).text for label in record.labels)
    return tuple(dict.fromkeys(name for name in names if name))


def state_ref(record: IssueRecord) -> ExternalRef:
    return ExternalRef(record.state_name, record.state_id)


class Workflow:
    """Finds or creates the states and labels of one batch."""

    def __init__(
        self, uow: ImportUow, workspace: Workspace, registry: Registry, tally: Tally, *, ids: IdFactory, now: datetime
    ) -> None:
        self._uow = uow
        self._workspace = workspace
        self._registry = registry
        self._tally = tally
        self._ids = ids
        self._now = now

    async def load_states(self, projects: Iterable[Project], records: Sequence[IssueRecord]) -> None:
        """Reads the recorded identities of the records' states in these projects."""
        refs = {state_ref(record) for record in records}
        await self._registry.load(ObjectKind.STATE, refs, scopes=[project.id for project in projects])

    async def states_for(self, project: Project, records: Sequence[IssueRecord]) -> dict[ExternalRef, State]:
        """The project's states by their names in the records: recorded by an import, matched by name, or new."""
        existing = await self._uow.states.of(project)
        by_id: dict[str, State] = {state.id: state for state in existing}
        states = {state.name: state for state in existing}
        folded = {state.name.casefold(): state for state in existing}
        recorded = await self._recorded_states(project, by_id, records)
        found: dict[ExternalRef, State] = {}
        new: list[State] = []
        for record in records:
            ref = state_ref(record)
            if ref in found:
                continue
            name = clean_line(record.state_name, longest=LONGEST_STATE_NAME).text or "Unknown"
            state = recorded.get(ref) or states.get(name) or folded.get(name.casefold())
            state = None if state is None else in_use(state, by_id)
            if state is None and len(states) >= MOST_STATES:
                state = in_use(_nearest(states.values(), record.state_category), by_id)
                reason = (
                    f"A project can have at most {MOST_STATES} workflow states. The state {state.name} is used instead."
                )
                self._tally.lose(record, "state", LossCode.TOO_MANY, reason)
            if state is None:
                state = self._new_state(project, name, record.state_category, len(states))
                new.append(state)
            states[state.name] = folded[state.name.casefold()] = state
            found[ref] = state
            self._registry.put(ObjectKind.STATE, ref, state.id, scope=project.id)
        if new:
            await self._place(existing, new)
        return found

    async def labels_for(self, records: Sequence[IssueRecord]) -> dict[str, Label]:
        """Labels by their names in the records: recorded by an import, matched by name, or new.

        A label that is being replaced gives way to its replacement; one that is being deleted is left out.
        """
        described = {label.name: label for record in records for label in record.label_details}
        refs = {
            name: ExternalRef(name, described[name].external_id if name in described else None)
            for record in records
            for name in label_names(record)
        }
        if not refs:
            return {}
        await self._registry.load(ObjectKind.LABEL, refs.values())
        targets = {name: each.target_id for name, ref in refs.items() if (each := self._label_object(ref))}
        targets = await existing_targets(self._uow.identities, self._workspace.id, targets, self._labels_by_ids)
        labels = await self._uow.imports.labels(self._workspace.id, refs, ids=set(targets.values()))
        by_id, by_name = await with_replacements(labels, self._labels_by_ids), {label.name: label for label in labels}
        found: dict[str, Label] = {}
        new: list[Label] = []
        for name in sorted(refs):
            label = by_id.get(targets.get(name, "")) or by_name.get(name)
            if label is None:
                label = self._new_label(name, described.get(name))
                new.append(label)
            elif (label := usable(label, by_id)) is None:
                self._leave_out(name, records)
                continue
            found[name] = label
            self._registry.put(ObjectKind.LABEL, refs[name], label.id)
        await self._uow.imports.add_labels(new)
        for label in new:
            self._uow.record(LabelCreated.between(None, label))
        self._tally.count("labels_created", len(new))
        return found

    async def _labels_by_ids(self, ids: Collection[str]) -> list[Label]:
        return await self._uow.imports.labels(self._workspace.id, (), ids=ids)

    def _leave_out(self, name: str, records: Sequence[IssueRecord]) -> None:
        for record in records:
            if name in label_names(record):
                reason = "A label that is being deleted is left out."
                self._tally.lose(record, "labels", LossCode.NOT_KEPT, reason)

    def _label_object(self, ref: ExternalRef) -> ExternalObject | None:
        return self._registry.get(ObjectKind.LABEL, ref)

    async def _recorded_states(
        self, project: Project, by_id: Mapping[str, State], records: Sequence[IssueRecord]
    ) -> dict[ExternalRef, State]:
        """Recorded states; a deleted state is replaced by the state that its issues moved to."""
        refs = {state_ref(record) for record in records}
        objects = {ref: self._registry.get(ObjectKind.STATE, ref, scope=project.id) for ref in refs}
        targets = {ref: each.target_id for ref, each in objects.items() if each is not None}
        # Each step needs at least one more deleted state, so that the chain ends.
        while gone := {target for target in targets.values() if target not in by_id}:
            replaced = await self._uow.identities.replacements(self._workspace.id, gone)
            targets = {
                ref: replaced.get(target, target)
                for ref, target in targets.items()
                if target in by_id or target in replaced
            }
        return {ref: by_id[target] for ref, target in targets.items()}

    def _new_state(self, project: Project, name: str, category: StateCategory, position: int) -> State:
        draft = StateDraft(project_id=project.id, name=name, category=category, color=_STATE_COLORS[category])
        return State.drafted(
            draft,
            id=StateId(self._ids.new_in(project.workspace_id, State.prefix)),
            project=project,
            position=position,
            now=self._now,
        )

    def _new_label(self, name: str, described: LabelRecord | None) -> Label:
        draft = LabelDraft(
            name=name,
            color=(described and described.color) or color_of(name),
            description=clean_line(described.description).text if described else None,
        )
        return Label.drafted(
            draft,
            id=LabelId(self._ids.new_in(self._workspace.id, Label.prefix)),
            workspace=self._workspace,
            now=self._now,
        )

    async def _place(self, existing: Sequence[State], new: Sequence[State]) -> None:
        """Puts each new state behind the last one of its category or an earlier one, moving the others up."""
        order = list(existing)
        for state in new:
            before = [place for place, other in enumerate(order) if _ORDER[other.category] <= _ORDER[state.category]]
            order.insert(before[-1] + 1 if before else 0, state)
        added = {state.id for state in new}
        placed = [revised(state, now=self._now, position=position) for position, state in enumerate(order)]
        created = [state for state in placed if state.id in added]
        moved = [
            (state, after)
            for state, after in zip(order, placed, strict=True)
            if after is not state and after.id not in added
        ]
        await self._uow.imports.add_states(created)
        await self._uow.states.place([after for _, after in moved])
        for state in created:
            self._uow.record(StateCreated.between(None, state))
        for state, after in moved:
            self._uow.record(StateUpdated.between(state, after))


def _nearest(states: Iterable[State], category: StateCategory) -> State:
    return min(states, key=lambda state: (abs(_ORDER[state.category] - _ORDER[category]), state.position))
