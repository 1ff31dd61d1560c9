"""`workgraph keys`."""

import typer

from cli.application import with_app
from domain.shared.actor import Actor

commands = typer.Typer(add_completion=False, help="Keys that sign access tokens.", no_args_is_help=True)


@commands.command("list")
def list_keys() -> None:
    """Show the signing keys, oldest first."""
    for key in with_app(lambda app: app.auth.keys(Actor.system())):
        print(f"{key.id}  made {key.created_at:%Y-%m-%d %H:%M} UTC, signs from {key.signs_from:%Y-%m-%d %H:%M} UTC")


@commands.command("rotate")
def rotate_keys() -> None:
    """Make a new signing key; tokens of the old one stay valid until they expire."""
    new = with_app(lambda app: app.auth.rotate_keys(Actor.system())).value
    print(
        f"Made {new.id}, which signs from {new.signs_from:%H:%M:%S} UTC on; tokens of the old one live out their time."
    )
