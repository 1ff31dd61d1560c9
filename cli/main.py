"""The command `workgraph`."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from uvicorn.loops.auto import auto_loop_factory

import api
from api.mailbox.pages import PATH as MAILBOX_PATH
from api.main import http_options, serve_listener, serve_with_workers, set_up_logs, version_text
from api.schema import sdl
from cli.audit import printed_line
from cli.documents import DocumentsRefused, document_commands
from cli.imports import ImportOrder, import_commands, import_file
from cli.option_names import option_names
from cli.permissions import printed_permissions
from cli.plans import PlanRefused, printed_plans
from cli.users import user_commands
from domain.app import App
from domain.seed.commands import DEFAULT_SIZE, DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG, LARGEST_SIZE, SeedOrder
from domain.seed.model import SeedOutcome
from domain.shared.actor import Actor, Cause
from domain.shared.errors import DomainError, Rejected
from domain.shared.jobs import Progress
from domain.transfers.model import ImportRun, ImportState
from infra.bootstrap import open_app
from infra.db import migrate as migrations
from infra.dev.children import Program
from infra.dev.doctor import examine
from infra.dev.embedded import EmbeddedServerError
from infra.dev.folder_lock import FolderInUse
from infra.dev.servers import scratch_database, servers_at_hand
from infra.dev.supervisor import StartError, Supervisor, bound_socket, dev_settings
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.worker import RARE_COLLECTIONS, run_worker
from infra.settings import Settings, SettingsError, load_settings
from infra.shared.disk import is_full

SCHEMA_FILE = Path(api.__file__).with_name("schema.graphql")
EXPECTED = (
    DocumentsRefused,
    DomainError,
    Rejected,
    EmbeddedServerError,
    FolderInUse,
    migrations.MigrationError,
    SettingsError,
    StartError,
)
T = TypeVar("T")

cli = typer.Typer(
    name="workgraph",
    help="A self-hosted, GraphQL-first work tracker.",
    invoke_without_command=True,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="Keys that sign access tokens.", no_args_is_help=True)
schemas = typer.Typer(help="Print the GraphQL schema.", invoke_without_command=True)
cli.add_typer(schemas, name="schema")
cli.add_typer(keys, name="keys")


def main() -> None:
    try:
        cli()
    except EXPECTED as error:
        for line in _told(error):
            print(f"workgraph: {line}", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        if not is_full(error):
            raise
        print(f"workgraph: {error.strerror}: {error.filename or 'a file'}", file=sys.stderr)
        raise SystemExit(1) from None


@cli.callback()
def workgraph(
    is_version_wanted: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if is_version_wanted:
        print(f"workgraph {version_text()}")
        raise typer.Exit


def _told(error: Exception) -> list[str]:
    """One line for each error, with fields named by their options or arguments of the command line."""
    failures = error.errors if isinstance(error, Rejected) else (error,)
    option = option_names(typer.main.get_command(cli), sys.argv[1:])
    return [
        line
        for failure in failures
        for line in (failure.message_with(option) if isinstance(failure, DomainError) else str(failure)).splitlines()
    ]


@cli.command()
def dev() -> None:
    """Start everything for development: servers, migrations, API and worker, anew at each change of the code."""
    settings = dev_settings(load_settings())
    set_up_logs(settings)
    programs = [
        Program(name="API", entry="api.main:serve_listener"),
        Program(name="worker", entry="cli.main:work"),
    ]
    demo = SeedOrder(owner_password=DEMO_PASSWORD, is_first_only=True)
    outcomes: list[SeedOutcome] = []

    async def prepare(ready: Settings) -> None:
        try:
            outcomes.append(await _seed(ready, demo))
        except Rejected as error:
            # WORKGRAPH_PASSWORD_CHARACTERS may require more characters than the demo password has.
            print(f"No demo data: {' '.join(_told(error))}", file=sys.stderr)
            outcomes.append(SeedOutcome(is_new=False, has_owner=False))

    Supervisor(
        settings,
        programs,
        prepare=prepare,
        on_ready=lambda ready: _greet(ready, has_demo=outcomes[0].has_owner),
    ).run()


@cli.command()
def serve(
    workers: Annotated[int | None, typer.Option(min=1, help="API processes; default WORKGRAPH_WORKERS.")] = None,
) -> None:
    """Serve the API until SIGTERM."""
    settings = load_settings(**({} if workers is None else {"workers": workers}))
    settings.require("database_url", "redis_url", "secret_key")
    set_up_logs(settings)
    with bound_socket(settings) as listener:
        (serve_listener if settings.workers == 1 else serve_with_workers)(listener, settings)


@cli.command()
def worker() -> None:
    """Run jobs until SIGTERM."""
    with servers_at_hand(load_settings()) as ready:
        _work(ready)


@cli.command()
def migrate(
    check: Annotated[bool, typer.Option(help="Only tell whether the migrations make the tables of the code.")] = False,
    new: Annotated[str | None, typer.Option(metavar="MESSAGE", help="Write the migration that is missing.")] = None,
) -> None:
    """Bring the database to this version of Workgraph."""
    settings = load_settings()
    set_up_logs(settings)
    if new is not None:
        with scratch_database() as url:
            written = asyncio.run(migrations.add_revision(url, message=new))
        print(f"Wrote {written}." if written else "Nothing to write: the migrations make the tables of the code.")
    elif check:
        with scratch_database() as url:
            differences = asyncio.run(_drift(url))
        for difference in differences:
            print(difference)
        if differences:
            raise StartError("The migrations do not make the tables of the code. Run: make migration m='what changes'")
    elif settings.database_url.get_secret_value() or settings.is_production:
        asyncio.run(migrations.upgrade(settings.require("database_url").database_url.get_secret_value()))
    else:
        with servers_at_hand(settings) as ready:
            asyncio.run(migrations.upgrade(ready.database_url.get_secret_value()))


@cli.command()
def seed(
    size: Annotated[int, typer.Option(min=1, max=LARGEST_SIZE, help="How many issues.")] = DEFAULT_SIZE,
    slug: Annotated[str, typer.Option("--workspace", help="The workspace to make.")] = DEMO_SLUG,
    owner_email: Annotated[str, typer.Option("--owner", help="Address of the account that owns it.")] = DEMO_EMAIL,
    is_confirmed: Annotated[bool, typer.Option("--yes", help="Also in production, for an owner who is there.")] = False,
) -> None:
    """Make a workspace with demo data; one that exists stays as it is."""
    settings = load_settings()
    if settings.is_production and not is_confirmed:
        raise StartError("Demo data in production needs --yes, and --owner with the address of an account.")
    is_demo_owner = owner_email == DEMO_EMAIL and not settings.is_production
    password = DEMO_PASSWORD if is_demo_owner else None
    order = SeedOrder(size=size, slug=slug, owner_email=owner_email, owner_password=password)
    outcome = _with_app(lambda app: app.seed.seed(Actor.system(cause=Cause.SEED), order, on_progress=_tell))
    if outcome.is_new:
        print(f"Made {slug}: {outcome.issues} issues, {outcome.comments} comments, {outcome.people} people.")
    else:
        print(f"The workspace {slug} exists. Nothing was changed.")


@cli.command()
def doctor(
    mail: Annotated[bool, typer.Option(help="Also sign in at the mail server.")] = True,
) -> None:
    """Look at versions, servers, migrations, secrets, folders and mail, and say what to do."""
    settings = load_settings()
    with servers_at_hand(settings) as ready:
        is_well = asyncio.run(_examine(ready, has_mail=mail))
    if not is_well:
        raise typer.Exit(1)


@cli.command()
def permissions() -> None:
    """Print which role may do what, and which scope an API key needs for it."""
    print(printed_permissions())


@schemas.callback()
def schema(
    context: typer.Context,
    check: Annotated[bool, typer.Option(help="Compare with the committed file instead of printing.")] = False,
) -> None:
    """Print the GraphQL schema."""
    if context.invoked_subcommand is not None:
        return
    printed = sdl()
    if not check:
        print(printed, end="")
    elif not SCHEMA_FILE.is_file() or SCHEMA_FILE.read_text() != printed:
        raise StartError(f"{SCHEMA_FILE.name} is not what the code says. Run: make schema")


@schemas.command("plan")
def print_plans(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="GraphQL operations; - reads the input.")],
    variables: Annotated[str, typer.Option(metavar="JSON", help="Values of those in @skip and @include.")] = "{}",
) -> None:
    """Print the Python code that operations are compiled to."""
    name = getattr(file, "name", "<stdin>")  # what stands in for the standard input may have none
    try:
        for printed in printed_plans(file.read(), name=name, variables=variables):
            print(printed)
    except PlanRefused as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(1) from None


def _import(order: ImportOrder) -> None:
    settings = load_settings()
    set_up_logs(settings)
    # Measured on a busy machine, so roughly: uvloop and rarer looks for cycles, which records do not make, save time.
    gc.set_threshold(*RARE_COLLECTIONS)
    with servers_at_hand(settings) as ready, asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        run = runner.run(_run_import(ready, order))
    if run.state is not ImportState.DONE:
        raise typer.Exit(1)


async def _run_import(settings: Settings, order: ImportOrder) -> ImportRun:
    async with open_app(settings) as app, job_leases(settings) as leases:
        seconds = settings.job_lease_seconds
        return await import_file(app, order, lambda app, job_id: run_now(app, leases, job_id, seconds=seconds))


cli.add_typer(import_commands(_import), name="import")


@keys.command("list")
def list_keys() -> None:
    """Show the signing keys, oldest first."""
    for key in _with_app(lambda app: app.auth.keys(Actor.system())):
        print(f"{key.id}  made {key.created_at:%Y-%m-%d %H:%M} UTC, signs from {key.signs_from:%Y-%m-%d %H:%M} UTC")


@keys.command("rotate")
def rotate_keys() -> None:
    """Make a new signing key; tokens of the old one stay valid until they expire."""
    new = _with_app(lambda app: app.auth.rotate_keys(Actor.system())).value
    print(
        f"Made {new.id}, which signs from {new.signs_from:%H:%M:%S} UTC on; tokens of the old one live out their time."
    )


LogEmail = Annotated[str | None, typer.Option("--user", help="Only what is about the person with this address.")]
LogSince = Annotated[
    datetime | None,
    typer.Option(help="Not before this time, as in 2026-01-31T09:00+01:00; in UTC if it names no offset."),
]


@cli.command()
def audit(email: LogEmail = None, since: LogSince = None) -> None:
    """Print the newest lines of the security log, at most 1000."""
    start = since if since is None or since.tzinfo is not None else since.replace(tzinfo=UTC)
    for line in _with_app(lambda app: app.security_log.lines(Actor.system(), email=email, since=start)):
        print(printed_line(line))


def _with_app(action: Callable[[App], Awaitable[T]]) -> T:
    settings = load_settings()
    set_up_logs(settings)

    async def run(ready: Settings) -> T:
        async with open_app(ready) as app:
            return await action(app)

    with servers_at_hand(settings) as ready:
        return asyncio.run(run(ready))


def work(*_: object) -> None:
    """Runs jobs in this process, with the settings of its environment."""
    _work(load_settings().require("database_url", "redis_url", "secret_key"))


def _work(settings: Settings) -> None:
    set_up_logs(settings)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(run_worker(settings))


async def _seed(settings: Settings, order: SeedOrder) -> SeedOutcome:
    async with open_app(settings) as app:
        return await app.seed.seed(Actor.system(cause=Cause.SEED), order)


def _greet(settings: Settings, *, has_demo: bool) -> None:
    print(f"\n  Workgraph is ready: {settings.issuer}/graphql")
    if has_demo:
        print(f"  Sign in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}.")
    if settings.has_mailbox:
        print(f"  Mail is not sent but shown: {settings.issuer}{MAILBOX_PATH}")
    print("  Ctrl-C stops everything.\n", flush=True)


def _tell(progress: Progress) -> None:
    """One line, written over, on a terminal."""
    if sys.stdout.isatty():
        print(
            f"\r{progress.done} of {progress.total} issues",
            end="\n" if progress.done == progress.total else "",
            flush=True,
        )


async def _drift(url: str) -> tuple[str, ...]:
    await migrations.upgrade(url)
    return await migrations.drift(url)


async def _examine(settings: Settings, *, has_mail: bool) -> bool:
    is_well = True
    async for finding in examine(settings, has_mail=has_mail):
        mark = "FAIL" if finding.is_ill else "note" if finding.advice else "ok  "
        print(f"{mark}  {finding.subject}: {finding.detail}" + (f". {finding.advice}" if finding.advice else ""))
        is_well = is_well and not finding.is_ill
    return is_well


cli.add_typer(user_commands(_with_app), name="user")
cli.add_typer(document_commands(_with_app, lambda: http_options(load_settings()).limits), name="documents")
