"""`workgraph permissions`: the table of roles, permissions and scopes."""

from cli.lazy import module_commands
from domain.shared.actor import Role
from domain.slices import PLATFORM, TRACKER

_ALLOWED = "yes"

commands = module_commands()


@commands.command()
def permissions() -> None:
    """Print the permissions of each role, and the API key scope that each permission requires."""
    print(printed_permissions())


def printed_permissions() -> str:
    """One line per permission: the roles that have it, and the scope that an API key needs."""
    head = ["", *(role.value.lower() for role in Role), "scope"]
    rows = [
        [
            permission.action,
            *(_ALLOWED if role in permission.roles else "" for role in Role),
            permission.scope.value.lower(),
        ]
        for each in (*PLATFORM, *TRACKER)
        for permission in each.permissions
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))
    return "\n".join(lines)
