"""`workgraph seed`."""

import sys
from typing import Annotated

import typer

from cli.application import with_app
from domain.seed.commands import DEFAULT_SIZE, DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG, LARGEST_SIZE, SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.jobs import Progress
from infra.operator_error import OperatorError
from infra.settings import load_settings

commands = typer.Typer(add_completion=False)


@commands.command()
def seed(
    size: Annotated[int, typer.Option(min=1, max=LARGEST_SIZE, help="How many issues.")] = DEFAULT_SIZE,
    slug: Annotated[str, typer.Option("--workspace", help="The workspace to make.")] = DEMO_SLUG,
    owner_email: Annotated[str, typer.Option("--owner", help="Address of the account that owns it.")] = DEMO_EMAIL,
    is_confirmed: Annotated[bool, typer.Option("--yes", help="Also in production, for an owner who is there.")] = False,
) -> None:
    """Make a workspace with demo data; one that exists stays as it is."""
    settings = load_settings()
    if settings.is_production and not is_confirmed:
        raise OperatorError("Demo data in production needs --yes, and --owner with the address of an account.")
    is_demo_owner = owner_email == DEMO_EMAIL and not settings.is_production
    password = DEMO_PASSWORD if is_demo_owner else None
    order = SeedOrder(size=size, slug=slug, owner_email=owner_email, owner_password=password)
    outcome = with_app(lambda app: app.seed.seed(Actor.system(cause=Cause.SEED), order, on_progress=_tell))
    if outcome.is_new:
        print(f"Made {slug}: {outcome.issues} issues, {outcome.comments} comments, {outcome.people} people.")
    else:
        print(f"The workspace {slug} exists. Nothing was changed.")


def _tell(progress: Progress) -> None:
    """One line, written over, on a terminal."""
    if sys.stdout.isatty():
        print(
            f"\r{progress.done} of {progress.total} issues",
            end="\n" if progress.done == progress.total else "",
            flush=True,
        )
