"""The result of an import: totals and losses as text, and a full report as a JSON file."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import typer

from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput
from domain.shared.pages import MOST, Page, PageRequest
from domain.transfers.model import ImportRun, ImportState
from domain.transfers.records import LossCode

MOST_KINDS_SHOWN = 20


def print_totals(run: ImportRun) -> None:
    if run.state is ImportState.FAILED:
        typer.echo(f"The import failed: {run.failure or 'See the log of the worker.'}")
    for noun in ("issues", "comments"):
        read, created, changed, unchanged = (
            getattr(run, f"{noun}_{name}") for name in ("read", "created", "changed", "unchanged")
        )
        typer.echo(
            f"{noun.capitalize()}: {read:,} read, {created:,} created, {changed:,} changed, {unchanged:,} unchanged."
        )
    typer.echo(f"People: {run.people_created:,} placeholders created. Labels: {run.labels_created:,} created.")


async def print_losses(app: App, actor: Actor, run: ImportRun) -> None:
    kinds = (await app.read.imports.loss_kinds_of_runs(actor, [run]))[0]
    lost = [kind for kind in kinds if kind.code is not LossCode.UNUSED]
    typer.echo(f"Losses: {run.loss_count:,}." if run.loss_count else "Losses: none.")
    for kind in lost[:MOST_KINDS_SHOWN]:
        typer.echo(f"  {kind.field} {kind.code}: {kind.places:,}, first in line {kind.first_line}: {kind.first_reason}")
    if len(lost) > MOST_KINDS_SHOWN:
        typer.echo(f"  and {len(lost) - MOST_KINDS_SHOWN} more kinds of losses")
    if unused := [f"{kind.field} ({kind.count:,})" for kind in kinds if kind.code is LossCode.UNUSED]:
        typer.echo(f"Fields that an import does not use: {', '.join(unused)}.")
    async for mapping in _all(lambda request: app.read.imports.mappings_of_runs(actor, [run], request)):
        if mapping.kind != "label":
            typer.echo(f"  {mapping.kind} {mapping.source!r} became {mapping.target} ({mapping.count:,})")


def write_report(report: Path, content: bytes) -> None:
    """Writes the report. Removes an incomplete file if the disk is full."""
    try:
        report.write_bytes(content)
    except OSError as error:
        # The target can be a device, such as /dev/stdout, which must not be removed.
        if report.is_file():
            report.unlink()
        raise InvalidInput(f"Cannot write the report to {report}: {error.strerror}") from error


async def report_of(app: App, actor: Actor, run: ImportRun) -> bytes:
    """A run with its losses and mappings, as JSON."""
    kinds = (await app.read.imports.loss_kinds_of_runs(actor, [run]))[0]
    losses = [loss async for loss in _all(lambda request: app.read.imports.losses_of_runs(actor, [run], request))]
    mappings = [each async for each in _all(lambda request: app.read.imports.mappings_of_runs(actor, [run], request))]
    report = {"run": run, "lossKinds": list(kinds), "losses": losses, "mappings": mappings}
    return orjson.dumps(report, option=orjson.OPT_INDENT_2)


async def _all(read: Callable[[PageRequest], Awaitable[Any]]) -> AsyncIterator[Any]:
    """The items of a list, page by page."""
    after: str | None = None
    while True:
        page: Page[Any] = (await read(PageRequest(first=MOST, after=after)))[0]
        for node in page.nodes:
            yield node
        if not page.has_next_page:
            return
        after = page.page_info.end_cursor
