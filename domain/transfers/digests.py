"""Telling whether a file says anything new."""

from datetime import date, datetime
from hashlib import blake2b

from domain.transfers.records import IssueRecord, MilestoneRecord

_ABSENT = "\x00"


def digest_of_texts(*texts: str | None) -> str:
    """A 128-bit digest of the texts, in which None and empty text differ."""
    digest = blake2b(digest_size=16)
    for text in texts:
        content = (_ABSENT if text is None else text).encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8))
        digest.update(content)
    return digest.hexdigest()


def iso_text(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def digest_of(record: IssueRecord) -> str:
    """128-bit digest of the issue's own fields; parents, comments and people are compared separately."""
    return digest_of_texts(
        record.title,
        record.description,
        record.state_name,
        record.state_category,
        record.priority.name,
        repr(record.labels),
        repr(record.assignee_keys),
        record.creator_key,
        record.created_at.isoformat(),
        record.updated_at.isoformat(),
        iso_text(record.completed_at),
        iso_text(record.due_date),
        *_milestone_texts(record),
    )


def _milestone_texts(record: IssueRecord) -> tuple[str | None, ...]:
    """Empty for an issue without milestones, so that digests of earlier versions remain valid."""
    milestone = record.milestone
    return (milestone.name, milestone.external_id) if isinstance(milestone, MilestoneRecord) else ()
