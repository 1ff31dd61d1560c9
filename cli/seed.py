"""`workgraph seed`: demo data."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from cli.application import with_app
from cli.lazy import module_commands
from domain.app import App
from domain.seed.commands import DEFAULT_SIZE, LARGEST_SIZE, SeedOrder
from domain.seed.model import SeedOutcome
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from domain.shared.jobs import Progress
from infra.operator_error import OperatorError
from infra.settings import load_settings

SECONDS_BETWEEN_LINES = 10.0

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

    An existing workspace is left unchanged, unless its demo data is incomplete: then the same command completes it.
    """
    settings = load_settings()
    if settings.is_production and not is_confirmed:
        raise OperatorError("Demo data in production requires --yes, and --owner with the email address of an account.")
    is_demo_owner = owner_email == DEMO_EMAIL and not settings.is_production
    password = DEMO_PASSWORD if is_demo_owner else None
    order = SeedOrder(size=size, slug=slug, owner_email=owner_email, owner_password=password)
    outcome = with_app(lambda app: _seed(app, order))
    if outcome.is_new and outcome.people == 0:
        print(f"Completed workspace {slug}: {outcome.issues} more issues, {outcome.comments} more comments.")
    elif outcome.is_new:
        print(
            f"Created workspace {slug}: {outcome.issues} issues, {outcome.comments} comments, {outcome.people} people."
        )
    else:
        print(f"Workspace {slug} already exists and was not changed.")


async def _seed(app: App, order: SeedOrder) -> SeedOutcome:
    report = Report()
    repeating = asyncio.create_task(report.repeat())
    try:
        actor = Actor.system(cause=Cause.SEED)
        return await app.seed.seed(actor, order, on_progress=report.tell_issues, on_index=report.tell_indexes)
    finally:
        repeating.cancel()


class Report:
    """Prints the progress: on a terminal in one line that is overwritten, elsewhere as a line every ten seconds."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic, pause: float = 1.0) -> None:
        self._pause = pause
        self._monotonic = monotonic
        self._told_at = monotonic()
        self._is_line_open = False
        self._text = "Preparing the workspace"

    async def repeat(self) -> None:
        """Tells the last progress again until canceled, because building one index can take minutes."""
        while True:
            await asyncio.sleep(self._pause)
            self._tell(self._text)

    def tell_issues(self, progress: Progress) -> None:
        self._tell(f"Created {progress.done:,} of {progress.total:,} issues")
        if progress.done == progress.total:
            self._end_line()

    def tell_indexes(self, left: int) -> None:
        self._tell(f"Building indexes, {left} left")
        if left == 0:
            self._end_line()

    def _tell(self, text: str) -> None:
        self._text = text
        if sys.stdout.isatty():
            print(f"\r{text}", end="", flush=True)
            self._is_line_open = True
        elif self._monotonic() - self._told_at >= SECONDS_BETWEEN_LINES:
            self._told_at = self._monotonic()
            print(text, flush=True)

    def _end_line(self) -> None:
        if self._is_line_open:
            print()
            self._is_line_open = False
