from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.shared.actor import Actor
from domain.shared.errors import Conflict, InvalidInput, LimitExceeded
from domain.shared.events import FieldChange
from domain.shared.ids import IdFactory
from domain.shared.many import BatchResult, Created, Rows, check_number, in_time
from domain.shared.repositories import Found
from domain.shared.sets import SetChange
from domain.shared.unset import UNSET
from domain.shared.uow import NO_LINKS, OpenUow, Written
from tests.sample.domain import events
from tests.sample.domain.commands import (
    AuthorDraft,
    BookBatchCreate,
    BookChanges,
    BookDraft,
    ShelfChanges,
    ShelfDraft,
    TagDraft,
)
from tests.sample.domain.errors import LibraryErrorCode
from tests.sample.domain.jobs import AnnounceBook
from tests.sample.domain.model import MOST_TAGS, Author, AuthorId, Book, BookId, Shelf, ShelfId, Tag, TagId
from tests.sample.domain.ports import LibraryUow
from tests.sample.domain.slice import BOOK_WRITE, SHELF_WRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Targets:
    """Objects that new or changed books refer to, as far as the actor sees them."""

    authors: Found[Author]
    books: Found[Book]
    tags: Found[Tag]

    @classmethod
    async def load(
        cls,
        uow: LibraryUow,
        actor: Actor,
        *,
        author_ids: Collection[str],
        parent_ids: Collection[str],
        tag_ids: Collection[str],
    ) -> "_Targets":
        return cls(
            authors=await uow.authors.find(actor, author_ids),
            books=await uow.books.find(actor, parent_ids),
            tags=await uow.tags.find(actor, tag_ids),
        )

    def check(self, *, shelf_id: str, author_id: str | None, parent_id: str | None) -> None:
        """Raises NotFound for an author or parent that the actor does not see, Conflict for one on another shelf."""
        if author_id is not None:
            self.authors.get(author_id, path=("author_id",))
        if parent_id is not None and self.books.get(parent_id, path=("parent_id",)).shelf_id != shelf_id:
            raise Conflict("The parent stands on another shelf. Choose a book of the same shelf.", path=("parent_id",))

    def check_tags(self, tag_ids: Collection[str], added: Collection[str], path: tuple[str, ...]) -> None:
        for tag_id in sorted(added):
            self.tags.get(tag_id, path=path)
        if len(tag_ids) > MOST_TAGS:
            raise LimitExceeded(f"A book can have at most {MOST_TAGS} tags.", path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewBook(Created[Book]):
    tag_ids: frozenset[str] = frozenset()


class LibraryService:
    def __init__(self, uow: OpenUow[LibraryUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids
        self.announced: list[str] = []
        """IDs of the books that this process has announced."""

    async def create_shelf(self, actor: Actor, workspace_id: str, draft: ShelfDraft) -> Written[Shelf]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, path=("workspace_id",))
            actor.require(SHELF_WRITE, workspace.id)
            shelf_id = ShelfId(self._ids.new_in(workspace.id, Shelf.prefix))
            shelf = Shelf.drafted(draft, id=shelf_id, workspace=workspace, now=uow.now)
            await uow.shelves.add(shelf)
            uow.record(events.ShelfCreated.between(None, shelf))
            return await uow.commit(shelf)

    async def update_shelf(self, actor: Actor, shelf_id: str, changes: ShelfChanges) -> Written[Shelf]:
        async with self._uow(actor) as uow:
            shelf = await uow.shelves.get(actor, shelf_id, for_update=True)
            actor.require(SHELF_WRITE, shelf.workspace_id)
            changed = shelf.changed(changes, now=uow.now)
            await uow.check_unchanged(shelf, changed, changes)
            if changed != shelf:
                await uow.shelves.save(shelf, changed)
                uow.record(events.ShelfUpdated.between(shelf, changed))
            return await uow.commit(changed)

    async def delete_shelf(self, actor: Actor, shelf_id: str) -> Written[str]:
        """Deletes a shelf; raises Conflict if books stand on it."""
        async with self._uow(actor) as uow:
            shelf = await uow.shelves.get(actor, shelf_id, for_update=True)
            actor.require(SHELF_WRITE, shelf.workspace_id)
            await uow.shelves.remove(shelf)
            uow.record(events.ShelfDeleted.between(shelf, None))
            return await uow.commit(shelf.id)

    async def create_author(self, actor: Actor, workspace_id: str, draft: AuthorDraft) -> Written[Author]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, path=("workspace_id",))
            actor.require(BOOK_WRITE, workspace.id)
            author_id = AuthorId(self._ids.new_in(workspace.id, Author.prefix))
            author = Author.drafted(draft, id=author_id, workspace=workspace, now=uow.now)
            await uow.authors.add(author)
            uow.record(events.AuthorCreated.between(None, author))
            return await uow.commit(author)

    async def create_tag(self, actor: Actor, workspace_id: str, draft: TagDraft) -> Written[Tag]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, path=("workspace_id",))
            actor.require(BOOK_WRITE, workspace.id)
            tag = Tag.drafted(
                draft, id=TagId(self._ids.new_in(workspace.id, Tag.prefix)), workspace=workspace, now=uow.now
            )
            await uow.tags.add(tag)
            uow.record(events.TagCreated.between(None, tag))
            return await uow.commit(tag)

    async def create(self, actor: Actor, shelf_id: str, draft: BookDraft) -> Written[Book]:
        async with self._uow(actor) as uow:
            shelf = await self._open_shelf(uow, actor, shelf_id)
            decide = await self._decision(uow, actor, shelf, [draft])
            new = decide(draft)
            await self._save(uow, [new])
            return await uow.commit(new.after)

    async def create_all(self, actor: Actor, command: BookBatchCreate) -> Written[BatchResult[Book]]:
        check_number(command.books, ("books",))
        async with in_time(command), self._uow(actor) as uow:
            shelf = await self._open_shelf(uow, actor, command.shelf_id)
            decide = await self._decision(uow, actor, shelf, command.books)
            rows = Rows[Book, _NewBook].of_drafts(command, "books", decide)
            if not rows.are_refused:
                await self._save(uow, rows.decided)
            result = rows.result()
            if result.is_refused or command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

    async def update(self, actor: Actor, book_id: str, changes: BookChanges) -> Written[Book]:
        async with self._uow(actor) as uow:
            book = await uow.books.get(actor, book_id, for_update=True)
            actor.require(BOOK_WRITE, book.workspace_id)
            tag_ids = await uow.books.tag_ids_of(book) if changes.tags is not UNSET else frozenset[str]()
            wanted = _applied(changes.tags, tag_ids) if changes.tags is not UNSET else tag_ids
            await self._check_targets(uow, actor, book, changes, wanted, added=wanted - tag_ids)
            changed = book.changed(changes, now=uow.now)
            links = NO_LINKS
            if wanted != tag_ids:
                changed = changed.touched(now=uow.now)
                links = {"tags": FieldChange(before=sorted(tag_ids), after=sorted(wanted))}
            await uow.check_unchanged(book, changed, changes, links=links)
            if changed != book:
                await uow.books.save(book, changed)
                await uow.books.retag(book, tag_ids, wanted)
                uow.record(events.BookUpdated.between(book, changed, **links))
            return await uow.commit(changed)

    async def archive(self, actor: Actor, book_id: str) -> Written[Book]:
        return await self._revise(actor, book_id, Book.archived, events.BookArchived)

    async def restore(self, actor: Actor, book_id: str) -> Written[Book]:
        return await self._revise(actor, book_id, Book.restored, events.BookRestored)

    async def delete(self, actor: Actor, book_id: str) -> Written[str]:
        """Deletes a book permanently; raises Conflict if it has volumes."""
        async with self._uow(actor) as uow:
            book = await uow.books.get(actor, book_id, for_update=True)
            actor.require(BOOK_WRITE, book.workspace_id)
            await uow.books.retag(book, await uow.books.tag_ids_of(book), frozenset())
            await uow.books.remove(book)
            await uow.forget_texts(book.workspace_id, [book.id])
            uow.record(events.BookDeleted.between(book, None))
            return await uow.commit(book.id)

    async def announce(self, actor: Actor, job: AnnounceBook) -> None:
        async with self._uow(actor) as uow:
            await uow.commit(None)
        self.announced.append(job.book_id)

    async def _revise(
        self, actor: Actor, book_id: str, change: Callable[..., Book], event: type[events.BookEvent]
    ) -> Written[Book]:
        async with self._uow(actor) as uow:
            book = await uow.books.get(actor, book_id, for_update=True)
            actor.require(BOOK_WRITE, book.workspace_id)
            changed = change(book, now=uow.now)
            if changed != book:
                await uow.books.save(book, changed)
                uow.record(event.between(book, changed))
            return await uow.commit(changed)

    async def _open_shelf(self, uow: LibraryUow, actor: Actor, shelf_id: str) -> Shelf:
        shelf = await uow.shelves.get(actor, shelf_id, path=("shelf_id",), for_update=True)
        actor.require(BOOK_WRITE, shelf.workspace_id)
        return shelf

    async def _decision(
        self, uow: LibraryUow, actor: Actor, shelf: Shelf, drafts: Sequence[BookDraft]
    ) -> Callable[[BookDraft], _NewBook]:
        """A function that makes a book of a draft, with what the drafts refer to."""
        targets = await _Targets.load(
            uow,
            actor,
            author_ids={each.author_id for each in drafts if each.author_id is not None},
            parent_ids={each.parent_id for each in drafts if each.parent_id is not None},
            tag_ids={tag_id for each in drafts for tag_id in each.tag_ids},
        )

        def decide(draft: BookDraft) -> _NewBook:
            return self._created(draft, shelf, targets, now=uow.now)

        return decide

    def _created(self, draft: BookDraft, shelf: Shelf, targets: _Targets, *, now: datetime) -> _NewBook:
        targets.check(shelf_id=shelf.id, author_id=draft.author_id, parent_id=draft.parent_id)
        tag_ids = frozenset(draft.tag_ids)
        targets.check_tags(tag_ids, tag_ids, ("tag_ids",))
        book_id = BookId(self._ids.new_in(shelf.workspace_id, Book.prefix))
        book = Book.drafted(draft, id=book_id, shelf=shelf, now=now)
        further = {"shelf_id": FieldChange(after=shelf.id)}
        if tag_ids:
            further["tags"] = FieldChange(before=[], after=sorted(tag_ids))
        return _NewBook(after=book, event=events.BookCreated.between(None, book, **further), tag_ids=tag_ids)

    async def _save(self, uow: LibraryUow, new: Sequence[_NewBook]) -> None:
        await uow.books.add_all([each.after for each in new])
        if tagged := {each.after.id: each.tag_ids for each in new if each.tag_ids}:
            await uow.books.add_tags(new[0].after.workspace_id, tagged)
        for each in new:
            uow.record(each.event)

    async def _check_targets(
        self,
        uow: LibraryUow,
        actor: Actor,
        book: Book,
        changes: BookChanges,
        wanted: frozenset[str],
        *,
        added: frozenset[str],
    ) -> None:
        author_id = changes.author_id if changes.author_id not in (UNSET, book.author_id) else None
        parent_id = changes.parent_id if changes.parent_id not in (UNSET, book.parent_id) else None
        if parent_id:
            await uow.books.lock_volumes(book.workspace_id)
        targets = await _Targets.load(
            uow,
            actor,
            author_ids=[author_id] if author_id else [],
            parent_ids=[parent_id] if parent_id else [],
            tag_ids=added,
        )
        targets.check(shelf_id=book.shelf_id, author_id=author_id or None, parent_id=parent_id or None)
        targets.check_tags(wanted, added, ("tags",))
        if parent_id:
            parent = targets.books.get(parent_id, path=("parent_id",))
            if parent.id == book.id or book.id in await uow.books.ancestor_ids(parent):
                message = "A book cannot be its own volume. Choose another parent."
                raise Conflict(message, path=("parent_id",), code=LibraryErrorCode.OWN_VOLUME)


def _applied(change: SetChange, before: frozenset[str]) -> frozenset[str]:
    if change.set is not None and (change.add or change.remove):
        raise InvalidInput("Use either `set`, or `add` and `remove`.", path=("tags",))
    return change.applied_to(before)
