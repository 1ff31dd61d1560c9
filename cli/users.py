"""`workgraph user`."""

import sys
from typing import Annotated

import typer

from cli.application import with_app
from domain.accounts.commands import Registration
from domain.shared.actor import Actor

commands = typer.Typer(add_completion=False, help="People.", no_args_is_help=True)


@commands.command("create")
def create_user(email: str, name: Annotated[str, typer.Option(help="How the person is shown.")]) -> None:
    """Register a person; the password is asked for, or read from the standard input."""
    is_asked = sys.stdin.isatty()
    password = typer.prompt("Password", hide_input=True) if is_asked else sys.stdin.readline().rstrip("\n")
    registration = Registration(email=email, name=name, password=password)
    print(f"Created {with_app(lambda app: app.accounts.create(Actor.system(), registration)).value.id}.")


@commands.command("deactivate")
def deactivate_user(email: str) -> None:
    """End all sessions of a person, who cannot sign in any more."""
    print(f"Deactivated {with_app(lambda app: app.activations.deactivate(Actor.system(), email)).value.id}.")


@commands.command("reactivate")
def reactivate_user(email: str) -> None:
    """Let a person sign in again."""
    print(f"Reactivated {with_app(lambda app: app.activations.reactivate(Actor.system(), email)).value.id}.")


@commands.command("delete")
def delete_user(email: str) -> None:
    """Delete a person's account for good; what they wrote stays, under no name."""
    print(f"Deleted {with_app(lambda app: app.deletions.delete(Actor.system(), email)).value.id}.")
