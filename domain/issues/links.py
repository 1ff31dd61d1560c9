"""Changes of whom issues are assigned to and how they are labeled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.accounts.model import User
from domain.issues.model import Issue
from domain.issues.ports import IssueUow, LinkChange, LinkKind
from domain.labels.model import Label
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, ErrorCode, InvalidInput, LimitExceeded, NotFound
from domain.shared.events import FieldChange
from domain.shared.ids import check_id, is_id
from domain.shared.replacements import check_usable
from domain.shared.repositories import Found
from domain.shared.sets import SetChange

LinkChanges = Mapping[LinkKind, SetChange]

_DRAFTED = {LinkKind.ASSIGNEES: "assignee_ids", LinkKind.LABELS: "label_ids"}
"""Fields of a draft with the links of its issue."""
_CHANGED = {kind: kind.value for kind in LinkKind}
"""Fields of changes with the links of an issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLinks:
    """Wanted links of issues: read once for all issues what they name, then decided for each issue by itself."""

    before: Mapping[LinkKind, Mapping[str, frozenset[str]]]
    seeing: Mapping[str, frozenset[str]]
    """Users to assign, and assignees of issues that move, who see each project."""
    labels: Found[Label]
    paths: Mapping[LinkKind, str]

    @classmethod
    async def load(
        cls, uow: IssueUow, actor: Actor, wanted: Sequence[tuple[Issue, LinkChanges]], left: Mapping[str, str]
    ) -> "IssueLinks":
        """Reads the links of the issues, which are of one workspace, who may be assigned, and the labels.

        `left` are the projects that issues leave, by issue, which are given in their new project.
        """
        paths = _CHANGED
        if not wanted:
            return cls(before={}, seeing={}, labels=Found(Label), paths=paths)
        kinds = {kind for _, changes in wanted for kind in changes} | ({LinkKind.ASSIGNEES} if left else set())
        issues = [issue for issue, _ in wanted]
        before = await uow.issues.links_of(issues, sorted(kinds)) if kinds else {}
        added = _Added()
        for issue, changes in wanted:
            of_issue = {kind: before[kind][issue.id] for kind in changes}
            added.add(issue.project_id, of_issue, changes)
            if issue.id in left:
                added.users |= before[LinkKind.ASSIGNEES][issue.id]
                added.areas |= {issue.project_id, left[issue.id]}
        return await cls._read(uow, actor, issues[0].workspace_id, added, before=before, paths=paths)

    @classmethod
    async def of_new(cls, uow: IssueUow, actor: Actor, project: Project, wanted: Sequence[LinkChanges]) -> "IssueLinks":
        """Reads who may be assigned, and the labels, for new issues of the project."""
        added = _Added()
        for changes in wanted:
            added.add(project.id, {}, changes)
        return await cls._read(uow, actor, project.workspace_id, added, before={}, paths=_DRAFTED)

    @classmethod
    async def _read(
        cls,
        uow: IssueUow,
        actor: Actor,
        workspace_id: str,
        added: "_Added",
        *,
        before: Mapping[LinkKind, Mapping[str, frozenset[str]]],
        paths: Mapping[LinkKind, str],
    ) -> "IssueLinks":
        seeing = await uow.members.who_see(workspace_id, added.areas, added.users) if added.users else {}
        labels: Found[Label] = await uow.labels.find(actor, added.labels) if added.labels else Found(Label)
        return cls(before=before, seeing=seeing, labels=labels, paths=paths)

    def decide(self, issue: Issue, changes: LinkChanges) -> dict[LinkKind, LinkChange]:
        """Links before and after, of each kind that differs.

        Raises NotFound for unknown labels and users who cannot see the project, LimitExceeded beyond 20 assignees or
        50 labels.
        """
        decided = {}
        for kind in sorted(changes):
            path = (self.paths[kind],)
            change = changes[kind]
            if change.set is not None and (change.add or change.remove):
                raise InvalidInput("Use either `set`, or `add` and `remove`.", path=path)
            before = self.before.get(kind, {}).get(issue.id, frozenset())
            after = change.applied_to(before)
            if before == after:
                continue
            check = self._check_assignees if kind is LinkKind.ASSIGNEES else self._check_labels
            check(issue, after, after - before, path)
            decided[kind] = (before, after)
        return decided

    def check_move(self, before: Issue, after: Issue, links: Mapping[LinkKind, LinkChange]) -> None:
        """Raises Conflict if assignees see the project that the issue leaves, but not the one that it enters."""
        if before.project_id == after.project_id:
            return
        assigned = self.before[LinkKind.ASSIGNEES][before.id]
        if LinkKind.ASSIGNEES in links:
            assigned &= links[LinkKind.ASSIGNEES][1]
        nobody = frozenset[str]()
        excluded = assigned & self.seeing.get(before.project_id, nobody) - self.seeing.get(after.project_id, nobody)
        if excluded:
            raise Conflict(
                f"These assignees are guests without access to the new project: {', '.join(sorted(excluded))}. Give "
                "them access, or remove them from {other}.",
                path=("move", "project_id"),
                other=LinkKind.ASSIGNEES.value,
            )

    def _check_assignees(
        self, issue: Issue, after: frozenset[str], added: frozenset[str], path: tuple[str, ...]
    ) -> None:
        for user_id in sorted(added):
            check_id(user_id, User.prefix, path, noun="user")
        _check_number(LinkKind.ASSIGNEES, after, path)
        if not added <= self.seeing.get(issue.project_id, frozenset()):
            raise NotFound("Assignees must be members of the workspace with access to the project.", path=path)

    def _check_labels(self, issue: Issue, after: frozenset[str], added: frozenset[str], path: tuple[str, ...]) -> None:
        _check_number(LinkKind.LABELS, after, path)
        labels = [self.labels.get(label_id, path=path) for label_id in sorted(added)]
        if any(label.workspace_id != issue.workspace_id for label in labels):
            raise InvalidInput(
                "{field} contains a label of another workspace. Use labels of the issue's workspace.", path=path
            )
        for label in labels:
            check_usable(label, path)


def as_changes(links: Mapping[LinkKind, LinkChange]) -> dict[str, FieldChange]:
    """The links that differ, for the issue's event."""
    return {kind.value: FieldChange(before=sorted(old), after=sorted(new)) for kind, (old, new) in links.items()}


def by_kind(decided: Iterable[tuple[Issue, Mapping[LinkKind, LinkChange]]]) -> dict[LinkKind, dict[str, LinkChange]]:
    """The links of several issues as a repository writes them."""
    found: dict[LinkKind, dict[str, LinkChange]] = {}
    for issue, links in decided:
        for kind, change in links.items():
            found.setdefault(kind, {})[issue.id] = change
    return found


@dataclass(slots=True)
class _Added:
    """Ids that issues are newly linked to, and the projects of issues with new assignees."""

    users: set[str] = field(default_factory=set)
    areas: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)

    def add(self, project_id: str, links: Mapping[LinkKind, frozenset[str]], changes: LinkChanges) -> None:
        for kind, change in changes.items():
            before = links.get(kind, frozenset())
            after = change.applied_to(before)
            # An issue with too many links is refused, so what they are linked to is not read.
            if len(after) > kind.most or after <= before:
                continue
            if kind is LinkKind.LABELS:
                self.labels |= after - before
            else:
                self.users |= {user_id for user_id in after - before if is_id(user_id, User.prefix)}
                self.areas.add(project_id)


def _check_number(kind: LinkKind, after: frozenset[str], path: tuple[str, ...]) -> None:
    if len(after) > kind.most:
        raise too_many(kind, *path)


def too_many(kind: LinkKind, *path: str) -> LimitExceeded:
    return LimitExceeded(
        f"An issue can have at most {kind.most} {kind.value}.", path=path, code=ErrorCode.LIMIT_EXCEEDED
    )
