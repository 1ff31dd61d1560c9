"""`workgraph permissions`: the table of who may do what."""

import typer

from domain.shared.actor import PERMISSIONS, SCOPES, Permission, Role

_ALLOWED = "yes"

commands = typer.Typer(add_completion=False)


@commands.command()
def permissions() -> None:
    """Print which role may do what, and which scope an API key needs for it."""
    print(printed_permissions())


def printed_permissions() -> str:
    """One line per permission: the roles that have it, and the scope that an API key needs for it besides."""
    head = ["", *(role.value.lower() for role in Role), "scope"]
    rows = [
        [
            permission.value,
            *(_ALLOWED if permission in PERMISSIONS[role] else "" for role in Role),
            SCOPES[permission].value.lower(),
        ]
        for permission in Permission
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))
    return "\n".join(lines)
