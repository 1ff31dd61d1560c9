"""Restrictions of Jira issues and comments to some users.

A mark of unexpected form counts as a restriction, so that an import never publishes restricted content.
"""

from collections.abc import Iterator, Mapping

_INTERNAL = "sd.public.comment"  # property of comments in Jira Service Management


def is_restricted_issue(fields: Mapping[str, object]) -> bool:
    """Whether the issue has a security level, or names the roles that see it (team-managed projects)."""
    if fields.get("security"):
        return True
    restriction = fields.get("issuerestriction")
    return bool(restriction.get("issuerestrictions") if isinstance(restriction, dict) else restriction)


def is_restricted_comment(comment: Mapping[str, object]) -> bool:
    """Whether the comment is for a group or role, or is an internal note of a service desk."""
    if comment.get("visibility") or comment.get("jsdPublic") not in (None, True):
        return True
    properties = comment.get("properties")
    if isinstance(properties, dict):
        properties = [{"key": key, "value": value} for key, value in properties.items()]
    if not isinstance(properties, list):
        return bool(properties)
    return any(_is_internal(value) for value in _internal_marks(properties))


def _internal_marks(properties: list[object]) -> Iterator[object]:
    """Values of the property that marks internal notes."""
    for entity in properties:
        if isinstance(entity, dict) and entity.get("key") == _INTERNAL:
            yield entity.get("value")


def _is_internal(value: object) -> bool:
    internal = value.get("internal") if isinstance(value, dict) else value
    return internal not in (None, False, "false")
