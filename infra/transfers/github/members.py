"""Members of GitHub's objects that an import uses; the reader reports all other members."""

from infra.transfers.members import kind, listed_kind

# an archive, or a response of the search API
ARCHIVE = listed_kind(
    "archive",
    *("issues", "items", "labels", "magic", "pulls", "repo"),
    formal=("incomplete_results", "timestamp", "total_count"),
)
ISSUE = listed_kind(
    "issue",
    *("assignees", "author", "body", "closedAt", "comments", "createdAt", "id", "labels", "mergedAt", "number"),
    *("pull_request", "reviews", "state", "stateReason", "title", "updatedAt", "url"),
    formal=(
        *("assignee", "authorAssociation", "comments_url", "events_url", "labels_url", "repository_url", "score"),
        "timeline_url",
    ),
)
LABEL = kind("labels", "color", "description", "id", "name", "node_id")
COMMENT = kind("comments", "author", "body", "createdAt", "updatedAt")
REVIEW = kind("reviews", "author", "body", "comments", "createdAt", "id", "state", "updatedAt")
REMARK = kind("reviews.comments", "body", "createdAt", "updatedAt")
