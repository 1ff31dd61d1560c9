from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.accounts.model import User
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.projects.ports import StateRepository
from domain.shared.actor import Actor
from domain.shared.batches import BatchRun, BatchUow
from domain.shared.events import Event
from domain.shared.pages import Page, PageRequest
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.transfers.commands import ImportDraft
from domain.transfers.identity_ports import IdentityStore
from domain.transfers.model import ImportLoss, ImportMapping, ImportRun, LossKind, Upload
from domain.transfers.records import Item
from domain.workspaces.model import Member, Workspace
from domain.workspaces.ports import MemberRepository, UserRepository


class Unstorable(Exception):
    """The database rejected one of many rows. The transaction must be rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIssue:
    """An issue of an earlier batch or import, the digest of its record in that file, and the last run that saw it."""

    issue: Issue
    digest: str
    run_id: str
    assignee_ids: frozenset[str]
    label_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredComment:
    """A comment of an earlier import, with the values that show whether it changed."""

    id: str
    digest: str
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A placeholder account for a person of another tracker."""

    user: User
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """The record that an imported entity was made from."""

    id: str
    digest: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLink:
    """An issue's link to an assignee or a label."""

    issue_id: str
    other_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedParent:
    """An issue with a parent that the file names by key, and optionally by id."""

    issue_id: str
    site_id: str
    parent_key: str
    parent_id: str | None
    line: int


class FileFormat(Protocol):
    """Reads the files of one other tracker."""

    def __call__(self, chunks: Iterable[bytes], /, *, skip: int, include_restricted: bool) -> Iterator[Item | None]:
        """The items of the file after the first `skip`; None for a part of the file without an item.

        Raises WrongKind if the file holds no issues at all, and FileTooLarge.
        """
        ...


class ContentCheck(Protocol):
    def __call__(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The content, unchanged; raises WrongKind if its start shows that no format can read it."""
        ...


class ImportRunRepository(Repository[ImportRun], Protocol):
    async def unfinished(self, draft: ImportDraft, digest: str) -> ImportRun | None:
        """An unfinished run of the same file with the same options, locked."""
        ...

    async def has_open_job(self, run: ImportRun) -> bool:
        """Whether the run has a job that is running or waiting."""
        ...


class UploadRepository(Protocol):
    async def add(self, entity: Upload) -> None:
        """Stores the row of an uploaded file."""
        ...

    async def owned(self, owner_id: str, upload_id: str) -> Upload:
        """The user's file; raises NotFound for files of other users."""
        ...

    async def forget(self, upload_id: str) -> None:
        """Removes the row; does nothing if it does not exist."""
        ...


class ImportReport(Protocol):
    async def add(
        self,
        run: ImportRun,
        losses: Sequence[ImportLoss],
        mappings: Sequence[ImportMapping],
        unused: Sequence[LossKind] = (),
    ) -> None:
        """Adds to the run's report. All losses are counted; the first 10,000 of each kind are kept.

        `unused` are kinds of loss that are counted but not listed.
        """
        ...


class ImportStore(Protocol):
    """Writes sets of rows; every method raises Unstorable if the database rejects a value."""

    async def lock(self, workspace_id: str) -> None:
        """Locks the workspace against other imports until the end of the transaction."""
        ...

    async def lock_tree(self, workspace_id: str) -> None:
        """Locks the parents of the workspace's issues until the end of the transaction."""
        ...

    async def members_by_email(self, workspace_id: str, emails: Collection[str]) -> dict[str, str]:
        """User ids of members, by their address in lower case."""
        ...

    async def add_people(self, people: Sequence[NewPerson]) -> None:
        """Stores placeholders with their memberships."""
        ...

    async def labels(self, workspace_id: str, names: Collection[str], *, ids: Collection[str]) -> list[Label]:
        """The workspace's labels with these names, and with these ids."""
        ...

    async def add_labels(self, labels: Sequence[Label]) -> None:
        """Stores new labels."""
        ...

    async def milestones(self, project: Project, names: Collection[str], *, ids: Collection[str]) -> list[Milestone]:
        """The project's milestones with these names, and with these ids."""
        ...

    async def add_milestones(self, milestones: Sequence[Milestone]) -> None:
        """Stores new milestones."""
        ...

    async def add_states(self, states: Sequence[State]) -> None:
        """Stores new states."""
        ...

    async def issues(self, workspace_id: str, ids: Collection[str]) -> dict[str, StoredIssue]:
        """Imported issues by id, locked, with all values needed to compare them with a file."""
        ...

    async def comments(self, issues: Sequence[Issue]) -> dict[tuple[str, str], StoredComment]:
        """Imported comments of the issues, by issue id and key."""
        ...

    async def lock_comments(self, comments: Sequence[Comment]) -> dict[str, Comment]:
        """The comments as they are stored, by id, locked."""
        ...

    async def highest_number(self, project: Project) -> int:
        """The highest issue number of the project. No number can be assigned until the transaction ends."""
        ...

    async def raise_number(self, project: Project, number: int) -> None:
        """Makes the next number of the project greater than this."""
        ...

    async def taken_numbers(self, project: Project, numbers: Collection[int]) -> dict[int, str]:
        """The given numbers that issues have in the project, or had before they were moved, with the issues' ids."""
        ...

    async def add_issues(self, issues: Sequence[Issue]) -> None:
        """Stores new issues."""
        ...

    async def save_issues(self, changes: Sequence[tuple[Issue, Issue]], *, now: datetime) -> None:
        """Writes all that an import can change of issues, given before and after the change.

        The issues keep their former identifiers of other projects, which they lose at the time `now`.
        """
        ...

    async def link_assignees(self, workspace_id: str, *, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        """Assigns and unassigns people."""
        ...

    async def link_labels(self, workspace_id: str, *, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        """Adds labels to issues and removes labels from issues."""
        ...

    async def add_comments(self, comments: Sequence[Comment], *, counted_in: Collection[str]) -> None:
        """Stores new comments, and adds them to the counts of the issues with these ids, which are locked."""
        ...

    async def save_comments(self, comments: Sequence[Comment]) -> None:
        """Writes all that an import can change of comments."""
        ...

    async def move_comments(self, issues: Sequence[Issue]) -> None:
        """Sets the project of the issues' comments to that of their issue."""
        ...

    async def keep_sources(
        self, run: ImportRun, issues: Sequence[SourceRecord], comments: Sequence[SourceRecord], *, is_first_time: bool
    ) -> None:
        """Remembers digests and source texts, in place of earlier ones if there are any."""
        ...

    async def mark_seen(self, run: ImportRun, issue_ids: Sequence[str]) -> None:
        """Records that the run has read these issues."""
        ...

    async def name_parents(self, run: ImportRun, parents: Sequence[NamedParent]) -> None:
        """Stores references to parents until all issues exist."""
        ...

    async def take_parents(self, run: ImportRun, *, most: int) -> list[NamedParent]:
        """Removes and returns some of the stored references to parents."""
        ...

    async def issues_by_id(self, workspace_id: str, ids: Collection[str]) -> dict[str, Issue]:
        """The issues, by id, locked."""
        ...

    async def parents_above(self, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
        """The parent of these issues and of each ancestor, by issue id, without issues that have no parent."""
        ...


class PlaceholderStore(Protocol):
    async def ids(self, workspace_id: str, user_id: str, *, most: int) -> Sequence[str]:
        """Ids of at most that many issues and comments that the user created, wrote, or is assigned to."""
        ...

    async def fix(self, run: BatchRun) -> int:
        """Stores the ids of the issues and comments of the run's placeholder, as its rows, and returns their number."""
        ...

    async def hand_over(
        self, workspace_id: str, ids: Sequence[str], *, from_id: str, to_id: str, now: datetime
    ) -> Sequence[Event]:
        """Puts one user in the place of another on those of the issues and comments that name that user.

        Returns the events of the changed objects, which the caller records.
        """
        ...

    async def recognize(self, workspace_id: str, *, from_id: str, to_id: str) -> None:
        """Lets imports recognize a user of another tracker as the second user in place of the first."""
        ...


class ImportUow(UnitOfWork, Protocol):
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def states(self) -> StateRepository: ...
    @property
    def import_runs(self) -> ImportRunRepository: ...
    @property
    def import_report(self) -> ImportReport: ...
    @property
    def imports(self) -> ImportStore: ...
    @property
    def identities(self) -> IdentityStore: ...
    @property
    def uploads(self) -> UploadRepository: ...


class PlaceholderUow(BatchUow, Protocol):
    @property
    def members(self) -> MemberRepository: ...
    @property
    def users(self) -> UserRepository: ...
    @property
    def placeholders(self) -> PlaceholderStore: ...


class ImporterReader(Protocol):
    async def importer_id(self, workspace_id: str, email: str | None) -> str | None:
        """The member with that address; without one, the workspace's first owner."""
        ...


class ImportReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, ImportRun]:
        """The runs that the actor may see, by id; guests see none."""
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[ImportRun]]:
        """A page of the runs that the actor may see in each workspace, newest first; guests see none."""
        ...

    async def losses_of_runs(
        self, actor: Actor, runs: Sequence[ImportRun], request: PageRequest
    ) -> Sequence[Page[ImportLoss]]:
        """A page of the losses of each run, in the order of the file."""
        ...

    async def loss_kinds_of_runs(self, actor: Actor, runs: Sequence[ImportRun]) -> Sequence[Sequence[LossKind]]:
        """The kinds of loss of each run, the most frequent first."""
        ...

    async def mappings_of_runs(
        self, actor: Actor, runs: Sequence[ImportRun], request: PageRequest
    ) -> Sequence[Page[ImportMapping]]:
        """A page of the mappings of each run, by kind and name."""
        ...
