"""The comments of one batch of an import."""

from collections.abc import Collection, Mapping, Sequence

from domain.accounts.model import UserId
from domain.comments.events import CommentCreated, CommentUpdated
from domain.comments.model import Comment, CommentId
from domain.issues.model import Issue
from domain.shared.ids import IdFactory
from domain.transfers.digests import digest_of_texts, iso_text
from domain.transfers.people import NOBODY
from domain.transfers.ports import ImportUow, SourceRecord
from domain.transfers.records import CommentRecord, IssueRecord, LossCode
from domain.transfers.tally import Tally


async def write_comments(
    uow: ImportUow,
    tally: Tally,
    people: Mapping[str, str],
    pairs: Sequence[tuple[IssueRecord, Issue]],
    *,
    ids: IdFactory,
    stored_issues: Collection[str],
) -> list[SourceRecord]:
    """Adds and changes comments in the file's order; deleted ones stay deleted. Returns what is to be remembered.

    New issues already count the comments of their records; `stored_issues` are the IDs of all others.
    """
    stored_earlier = [issue for _, issue in pairs if issue.id in stored_issues]
    existing = await uow.imports.comments(stored_earlier) if stored_earlier else {}
    new: list[Comment] = []
    changed: dict[str, Comment] = {}
    sources: list[SourceRecord] = []
    for issue, comment in _each_once(tally, pairs):
        stored = existing.get((issue.id, comment.key))
        digest = _digest_of(comment)
        if stored is not None and (stored.digest == digest or stored.is_deleted):
            tally.count("comments_unchanged")
            continue
        author_id = UserId(people[comment.author_key or NOBODY])
        if stored is None:
            written = _built(comment, issue, author_id, id=CommentId(ids.new_in(issue.workspace_id, Comment.prefix)))
            new.append(written)
            uow.record(CommentCreated.between(None, written))
        else:
            written = changed[stored.id] = _built(comment, issue, author_id, id=CommentId(stored.id))
        sources.append(SourceRecord(id=written.id, digest=digest, source=comment.source_text))
    tally.count("comments_created", len(new))
    await uow.imports.add_comments(new, counted_in=stored_issues)
    await _save(uow, tally, changed)
    return sources


async def _save(uow: ImportUow, tally: Tally, said: Mapping[str, Comment]) -> None:
    """Writes comments whose text in the file differs from the stored text."""
    stored = await uow.imports.lock_comments(list(said.values()))
    changed = []
    for before in stored.values():
        after = said[before.id]
        if after == before:
            tally.count("comments_unchanged")
        else:
            changed.append(after)
            uow.record(CommentUpdated.between(before, after))
    tally.count("comments_changed", len(changed))
    await uow.imports.save_comments(changed)


def _each_once(tally: Tally, pairs: Sequence[tuple[IssueRecord, Issue]]) -> list[tuple[Issue, CommentRecord]]:
    found = []
    for record, issue in pairs:
        seen = set[str]()
        for comment in record.comments:
            if comment.key in seen:
                tally.lose(record, "comments", LossCode.DUPLICATE, "The issue already has a comment with this key.")
                continue
            seen.add(comment.key)
            found.append((issue, comment))
    return found


def _built(record: CommentRecord, issue: Issue, author_id: UserId, *, id: CommentId) -> Comment:
    updated_at = record.updated_at or record.created_at
    return Comment(
        id=id,
        workspace_id=issue.workspace_id,
        project_id=issue.project_id,
        issue_id=issue.id,
        author_id=author_id,
        body=record.body,
        external_key=record.key,
        edited_at=updated_at if updated_at > record.created_at else None,
        deleted_at=None,
        created_at=record.created_at,
        updated_at=updated_at,
    )


def _digest_of(record: CommentRecord) -> str:
    return digest_of_texts(
        record.author_key,
        record.body,
        record.created_at.isoformat(),
        iso_text(record.updated_at),
    )
