"""Members of Jira's objects that an import uses; the reader reports all other members."""

from infra.transfers.members import kind, listed_kind

SEARCH = listed_kind(
    "search",
    *("issues", "isLast", "total"),
    formal=("expand", "maxResults", "names", "nextPageToken", "schema", "startAt"),
)
ISSUE = listed_kind("issue", "fields", "id", "key", "self", formal=("expand",))
FIELDS = listed_kind(
    "fields",
    *("assignee", "comment", "components", "created", "creator", "description", "duedate", "environment", "epic"),
    *(
        "fixVersions",
        "issuerestriction",
        "issuetype",
        "labels",
        "parent",
        "priority",
        "project",
        "reporter",
        "resolution",
    ),
    *("resolutiondate", "security", "status", "summary", "updated"),
    # Not content of their own: subtasks name their parent, the status has the category, and times give the ratio.
    formal=("lastViewed", "statusCategory", "statuscategorychangedate", "subtasks", "workratio"),
)
PROJECT = kind("project", "id", "key", "name")
STATUS = kind("status", "id", "name", "statusCategory")
STATUS_CATEGORY = kind("status.statusCategory", "key")
RESOLUTION = kind("resolution", "id", "name")
PRIORITY = kind("priority", "name")
TYPE = kind("issuetype", "id", "name")
COMPONENT = kind("components", "id", "name")
VERSION = kind("fixVersions", "id", "name", "releaseDate")
PARENT = kind("parent", "id", "key")
EPIC = kind("epic", "id", "key")
USER = kind("user", "accountId", "active", "displayName", "emailAddress", "key", "name")
COMMENTS = kind("comment", "comments", "total")
COMMENT = kind(
    "comments",
    *("author", "body", "created", "id", "jsdPublic", "properties", "updateAuthor", "updated", "visibility"),
)
