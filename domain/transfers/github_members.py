"""The members of a GitHub archive's objects that an import uses; the reader reports all others."""

from domain.transfers.members import kind, listed_kind

ARCHIVE = listed_kind("archive", "magic", "repo", "labels", "issues", "pulls", formal=("timestamp",))
ISSUE = listed_kind(
    "issue",
    *("assignees", "author", "body", "closedAt", "comments", "createdAt", "id", "labels", "mergedAt", "number"),
    *("reviews", "state", "stateReason", "title", "updatedAt", "url"),
    formal=("authorAssociation",),
)
LABEL = kind("labels", "color", "description", "name")
COMMENT = kind("comments", "author", "body", "createdAt", "updatedAt")
REVIEW = kind("reviews", "author", "body", "comments", "createdAt", "id", "state", "updatedAt")
REMARK = kind("reviews.comments", "body", "createdAt", "updatedAt")
