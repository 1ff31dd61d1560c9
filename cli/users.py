"""`workgraph user`: user accounts."""

import sys
from typing import Annotated

import typer

from cli.application import with_app
from cli.lazy import module_commands
from domain.accounts.commands import Registration
from domain.shared.actor import Actor

Email = Annotated[str, typer.Argument(help="Email address of the user.")]

commands = module_commands(help="Manage user accounts.", no_args_is_help=True)


@commands.command("create")
def create_user(email: Email, name: Annotated[str, typer.Option(help="Display name of the user.")]) -> None:
    """Create a user account.

    On a terminal, the command prompts for the password; elsewhere, the password is the first line of standard input.
    """
    is_prompted = sys.stdin.isatty()
    password = typer.prompt("Password", hide_input=True) if is_prompted else sys.stdin.readline().rstrip("\n")
    registration = Registration(email=email, name=name, password=password)
    print(f"Created {with_app(lambda app: app.accounts.create(Actor.system(), registration)).value.id}.")


@commands.command("deactivate")
def deactivate_user(email: Email) -> None:
    """End all sessions of a user, and refuse further sign-ins."""
    print(f"Deactivated {with_app(lambda app: app.activations.deactivate(Actor.system(), email)).value.id}.")


@commands.command("reactivate")
def reactivate_user(email: Email) -> None:
    """Allow a deactivated user to sign in again."""
    print(f"Reactivated {with_app(lambda app: app.activations.reactivate(Actor.system(), email)).value.id}.")


@commands.command("delete")
def delete_user(email: Email) -> None:
    """Delete a user account permanently.

    Issues and comments of the user stay, without a name.
    """
    print(f"Deleted {with_app(lambda app: app.deletions.delete(Actor.system(), email)).value.id}.")
