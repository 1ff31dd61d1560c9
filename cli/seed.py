"""`workgraph seed`: demo data."""

import sys
from typing import Annotated

import typer

from cli.application import with_app
from cli.lazy import module_commands
from domain.seed.commands import DEFAULT_SIZE, LARGEST_SIZE, SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from domain.shared.jobs import Progress
from infra.operator_error import OperatorError
from infra.settings import load_settings

commands = module_commands()


@commands.command()
def seed(
    size: Annotated[int, typer.Option(min=1, max=LARGEST_SIZE, help="Number of issues to create.")] = DEFAULT_SIZE,
    slug: Annotated[str, typer.Option("--workspace", help="Slug of the workspace to create.")] = DEMO_SLUG,
    owner_email: Annotated[
        str, typer.Option("--owner", help="Email address of the user who owns the workspace.")
    ] = DEMO_EMAIL,
    is_confirmed: Annotated[
        bool, typer.Option("--yes", help="Confirm demo data in production, where the owner must have an account.")
    ] = False,
) -> None:
    """Create a workspace with demo data.

    An existing workspace is left unchanged.
    """
    settings = load_settings()
    if settings.is_production and not is_confirmed:
        raise OperatorError("Demo data in production requires --yes, and --owner with the email address of an account.")
    is_demo_owner = owner_email == DEMO_EMAIL and not settings.is_production
    password = DEMO_PASSWORD if is_demo_owner else None
    order = SeedOrder(size=size, slug=slug, owner_email=owner_email, owner_password=password)
    outcome = with_app(lambda app: app.seed.seed(Actor.system(cause=Cause.SEED), order, on_progress=_tell))
    if outcome.is_new:
        print(
            f"Created workspace {slug}: {outcome.issues} issues, {outcome.comments} comments, {outcome.people} people."
        )
    else:
        print(f"Workspace {slug} already exists and was not changed.")


def _tell(progress: Progress) -> None:
    """Shows the progress in one line that is overwritten; only on a terminal."""
    if sys.stdout.isatty():
        print(
            f"\rCreated {progress.done} of {progress.total} issues",
            end="\n" if progress.done == progress.total else "",
            flush=True,
        )
