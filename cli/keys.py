"""`workgraph keys`: the keys that sign access tokens."""

from cli.application import with_app
from cli.lazy import module_commands
from domain.shared.actor import Actor

commands = module_commands(help="Manage the keys that sign access tokens.", no_args_is_help=True)


@commands.command("list")
def list_keys() -> None:
    """List the signing keys, oldest first."""
    for key in with_app(lambda app: app.auth.keys(Actor.system())):
        print(f"{key.id}  created {key.created_at:%Y-%m-%d %H:%M} UTC, signs from {key.signs_from:%Y-%m-%d %H:%M} UTC")


@commands.command("rotate")
def rotate_keys() -> None:
    """Create a new signing key.

    Access tokens that were signed with an earlier key stay valid until they expire.
    """
    new = with_app(lambda app: app.auth.rotate_keys(Actor.system())).value
    print(
        f"Created {new.id}, which signs from {new.signs_from:%H:%M:%S} UTC on. "
        "Access tokens of earlier keys stay valid until they expire."
    )
