from domain.shared.errors import InvalidInput

ACCEPTED = (
    "Send a JSON file of Jira or GitHub issues, in UTF-8 or UTF-16, optionally with gzip: one issue per line, a"
    ' list of issues, a search result such as {"issues": […]}, or a GitHub archive.'
)


class WrongKind(InvalidInput):
    """The file is of a kind that cannot be imported."""
