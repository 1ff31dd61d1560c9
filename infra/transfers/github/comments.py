"""Comments of GitHub issues and pull requests: comments, reviews and review comments on lines."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from domain.transfers.records import CommentRecord, LossCode
from infra.transfers.addresses import github_ids
from infra.transfers.github import members as kinds
from infra.transfers.reading import Reading
from infra.transfers.reasons import OTHER_TIME

_VERDICTS = {"APPROVED": "Approved", "CHANGES_REQUESTED": "Requested changes", "DISMISSED": "Dismissed review"}


def comments_of(reading: Reading, fields: dict[str, object], issue_created: datetime) -> tuple[CommentRecord, ...]:
    """Comments in order of time. A review with text becomes a comment, and so does each of its line comments."""
    said = _Said(reading, issue_created)
    comments = [
        said.comment(f"comment {said.place(item)}", item, author=item.get("author"))
        for item in reading.each("comments", fields.get("comments"), kinds.COMMENT)
    ]
    for review in reading.each("reviews", fields.get("reviews"), kinds.REVIEW):
        comments += said.review(review)
    unique: dict[str, CommentRecord] = {}
    for comment in comments:
        if comment.key in unique:
            reading.lose("reviews", LossCode.DUPLICATE, "The pull request already has a review with this ID.")
        unique.setdefault(comment.key, comment)
    return tuple(sorted(unique.values(), key=lambda comment: comment.created_at))


class _Said:
    def __init__(self, reading: Reading, issue_created: datetime) -> None:
        self._reading = reading
        self._issue_created = issue_created
        self._seen: Counter[str] = Counter()

    def place(self, item: dict[str, object]) -> str:
        """Identity of a comment without an id, stable across exports.

        The author is not part of it because the author's name may change between exports.
        """
        created = self._reading.name("comments", item.get("createdAt"))
        self._seen[created] += 1
        return f"{created} {self._seen[created]}"

    def comment(self, key: str, item: dict[str, object], *, author: object, verdict: str = "") -> CommentRecord:
        reading = self._reading
        text = reading.text("comments.body", item.get("body"))
        if verdict:
            text = f"**{verdict}**\n\n{text}" if text.strip() else f"**{verdict}**"
        body = reading.fitting("comments.body", text)
        created = reading.instant("comments.createdAt", item.get("createdAt"))
        updated = reading.instant("comments.updatedAt", item.get("updatedAt"))
        if created is None:
            reading.lose("comments.createdAt", LossCode.MISSING, OTHER_TIME)
            created = updated or self._issue_created
        return CommentRecord(
            key=reading.name("comments.id", key),
            author_key=reading.login("comments.author", author),
            body=body,
            created_at=created,
            updated_at=updated if updated != created else None,
            source_text=text if text != body else None,
        )

    def review(self, review: dict[str, object]) -> Iterator[CommentRecord]:
        reading = self._reading
        author = review.get("author")
        node_id = reading.name("reviews.id", review.get("id"))
        key = f"review {github_ids(node_id)[0] or node_id or self.place(review)}"
        state = reading.name("reviews.state", review.get("state")).upper()
        verdict = _VERDICTS.get(state, "")
        body = review.get("body")
        if verdict or (isinstance(body, str) and body.strip()):
            yield self.comment(key, review, author=author, verdict=verdict)
        remarks = reading.each("reviews.comments", review.get("comments"), kinds.REMARK)
        for ordinal, remark in enumerate(remarks, 1):
            yield self.comment(f"{key} {ordinal}", remark, author=author)
