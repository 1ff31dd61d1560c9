from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.comments.model import Comment
from domain.comments.queries import CommentQuery
from domain.issues.model import Issue
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork


class CommentUow(UnitOfWork, Protocol):
    @property
    def comments(self) -> Repository[Comment]: ...
    @property
    def issues(self) -> Repository[Issue]: ...


class CommentReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Comment]:
        """The comments that the actor may see, by id."""
        ...

    async def of_issues(
        self, actor: Actor, issues: Sequence[Issue], query: CommentQuery, request: PageRequest
    ) -> Sequence[Page[Comment]]:
        """A page of the comments on each issue."""
        ...
