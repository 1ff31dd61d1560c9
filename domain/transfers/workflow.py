"""Projects, states and labels as an import finds or makes them."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from domain.labels.commands import LabelDraft
from domain.labels.events import LabelCreated
from domain.labels.model import Label, LabelId
from domain.projects.categories import StateCategory
from domain.projects.commands import ProjectDraft, StateDraft
from domain.projects.events import ProjectCreated, StateCreated, StateUpdated
from domain.projects.model import DEFAULT_STATES, KEY, MOST_STATES, Project, ProjectId, State, StateId
from domain.shared.entities import revised
from domain.shared.errors import Conflict
from domain.shared.ids import IdFactory
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow
from domain.transfers.records import IssueRecord, LabelRecord, LossCode
from domain.transfers.sanitising import clean_line
from domain.transfers.tally import Tally
from domain.workspaces.model import Workspace

LONGEST_PROJECT_NAME = 80
LONGEST_STATE_NAME = 50
LONGEST_LABEL_NAME = 80
_LONGEST_KEY = 10
_COLORS = ("#5e6ad2", "#26b5ce", "#4cb782", "#f2c94c", "#f2994a", "#eb5757", "#bb87fc", "#8a8f98", "#2f80ed", "#d9730d")
_STATE_COLORS = {category: color for _, category, color in DEFAULT_STATES}
_ORDER = {category: place for place, category in enumerate(StateCategory)}


def project_key_of(text: str) -> str:
    """The text itself if it can be a project's key, or what of it can."""
    if KEY.fullmatch(text):
        return text
    kept = re.sub(r"[^A-Z0-9]", "", text.upper(), flags=re.ASCII).lstrip("0123456789")
    return kept[:_LONGEST_KEY] or "IMPORT"


def color_of(name: str) -> str:
    """One of ten colours, always the same for the same name."""
    return _COLORS[sha256(name.encode("utf-8", "replace")).digest()[0] % len(_COLORS)]


def label_names(record: IssueRecord) -> tuple[str, ...]:
    """The record's labels as they can be stored, each once."""
    names = (clean_line(label, longest=LONGEST_LABEL_NAME).text for label in record.labels)
    return tuple(dict.fromkeys(name for name in names if name))


class Workflow:
    """Finds or makes projects, states and labels for one batch."""

    def __init__(
        self, uow: ImportUow, run: ImportRun, workspace: Workspace, tally: Tally, *, ids: IdFactory, now: datetime
    ) -> None:
        self._uow = uow
        self._run = run
        self._workspace = workspace
        self._tally = tally
        self._ids = ids
        self._now = now

    async def project_for(self, record: IssueRecord) -> Project:
        """The project, locked; raises Conflict if it is archived."""
        key = project_key_of(self._run.project_key or record.project_key)
        project = await self._uow.imports.project(self._workspace.id, key)
        if project is None:
            draft = ProjectDraft(
                workspace_id=self._workspace.id,
                key=key,
                name=clean_line(record.project_name, longest=LONGEST_PROJECT_NAME).text or key,
            )
            project = Project.drafted(
                draft, id=ProjectId(self._ids.new(Project.prefix)), workspace=self._workspace, now=self._now
            )
            await self._uow.projects.add(project)
            self._uow.record(ProjectCreated.between(None, project))
        if project.archived_at is not None:
            raise Conflict(f"The project {key} is archived: restore it first.", path=("project_key",))
        return project

    async def states_for(self, project: Project, records: Sequence[IssueRecord]) -> dict[str, State]:
        """The project's states by the names that the records use."""
        existing = await self._uow.states.of(project.id)
        states = {state.name: state for state in existing}
        folded = {state.name.casefold(): state for state in existing}
        found: dict[str, State] = {}
        new: list[State] = []
        for record in records:
            if record.state_name in found:
                continue
            name = clean_line(record.state_name, longest=LONGEST_STATE_NAME).text or "Unknown"
            state = states.get(name) or folded.get(name.casefold())
            if state is None and len(states) >= MOST_STATES:
                state = _nearest(states.values(), record.state_category)
                reason = f"A project has at most {MOST_STATES} states; {state.name} stands in."
                self._tally.lose(record, "state", LossCode.TOO_MANY, reason)
            if state is None:
                state = self._new_state(project, name, record.state_category, len(states))
                new.append(state)
            states[state.name] = folded[state.name.casefold()] = state
            found[record.state_name] = state
        if new:
            await self._place(existing, new)
        return found

    async def labels_for(self, records: Sequence[IssueRecord]) -> dict[str, Label]:
        """Labels by their stored names."""
        names = {name for record in records for name in label_names(record)}
        labels = await self._uow.imports.labels(self._workspace.id, names) if names else {}
        described = {label.name: label for record in records for label in record.label_details}
        new = [self._new_label(name, described.get(name)) for name in sorted(names - labels.keys())]
        await self._uow.imports.add_labels(new)
        for label in new:
            self._uow.record(LabelCreated.between(None, label))
        self._tally.count("labels_created", len(new))
        return labels | {label.name: label for label in new}

    def _new_state(self, project: Project, name: str, category: StateCategory, position: int) -> State:
        draft = StateDraft(project_id=project.id, name=name, category=category, color=_STATE_COLORS[category])
        return State.drafted(
            draft, id=StateId(self._ids.new(State.prefix)), project=project, position=position, now=self._now
        )

    def _new_label(self, name: str, described: LabelRecord | None) -> Label:
        draft = LabelDraft(
            workspace_id=self._workspace.id,
            name=name,
            color=(described and described.color) or color_of(name),
            description=clean_line(described.description).text if described else None,
        )
        return Label.drafted(draft, id=LabelId(self._ids.new(Label.prefix)), workspace=self._workspace, now=self._now)

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
