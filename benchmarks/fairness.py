"""`python -m benchmarks.fairness`: what readers of one workspace notice of an attack on another; see README.md."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

import typer
import uvloop

from benchmarks.dataset import Dataset, open_dataset, published_keys, sign_in
from benchmarks.failures import EXPECTED
from benchmarks.measuring import answers_to
from benchmarks.paced import Answer, Connection, graphql_request, message_of, paced
from benchmarks.places import FOLDER
from benchmarks.processes import free_port, running
from benchmarks.servers import SERVERS, Setting
from benchmarks.sign_ins import PATIENCE, percentile, spread
from domain.seed.commands import SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_PASSWORD
from infra.bootstrap import open_app
from infra.settings import PREFIX

SIZE = 20_000
READERS_SLUG = "readers"
READERS_EMAIL = "reader@example.com"
READERS_SIZE = 500
READS = 20  # a second
CLIENTS = 24
PAUSE_SECONDS = 0.1  # of a refused client, which is less than its `Retry-After`
RAMP_SECONDS = 2.0
OWN_DEFAULTS = (*PATIENCE, "DATABASE_POOL_SIZE", "DATABASE_ACCOUNT_QUEUE")
"""Settings that other benchmarks change. Points and database time stay unlimited: shares alone protect the readers."""

READ = f"""{{ workspace(slug: "{READERS_SLUG}") {{ issues(first: 20, sort: [{{createdAt: {{direction: DESC}}}}]) {{
  nodes {{ identifier title state {{ name }} assignees {{ name }} labels {{ name }} }} }} }} }}"""
_MISSES = ", ".join(f'{{title: {{contains: "zq{number}xk"}}}}' for number in range(30))
FILTERS = (
    '{title: {contains: "zqxk"}}',
    f"{{or: [{_MISSES}]}}",
    '{labels: {none: {name: {contains: "a"}}}, assignees: {every: {name: {contains: "zqxk"}}}}',
    '{or: [{text: "zqxk"}, {title: {startsWith: "zqxk"}}], creator: {name: {contains: "e"}}}',
)
"""Conditions that match nothing, or only after a search of the whole list."""
SORTS = ("{createdAt: {direction: DESC}}", "{dueDate: {direction: ASC}}, {priority: {direction: DESC}}")


@dataclass
class Attack:
    """Clients of one account that send the messages in turn, each the next as soon as it is answered."""

    port: int
    messages: Sequence[bytes]
    has_ended: bool = False
    answers: list[Answer] = field(default_factory=list)

    async def run(self, clients: int) -> None:
        """Runs until `has_ended`; a refused client pauses for PAUSE_SECONDS only."""
        turns = itertools.cycle(self.messages)
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._one(turns))

    async def _one(self, turns: "itertools.cycle[bytes]") -> None:
        async with Connection(self.port) as connection:
            while not self.has_ended:
                answer = await connection.ask(next(turns))
                self.answers.append(answer)
                if answer.status != HTTPStatus.OK:
                    await asyncio.sleep(PAUSE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Reads in an idle stretch, and during an attack."""

    idle: Sequence[Answer]
    attacked: Sequence[Answer]
    attack: Sequence[Answer]

    @property
    def times(self) -> float:
        """The p99 during the attack as a multiple of the idle one."""
        return read_ms(self.attacked, 0.99) / read_ms(self.idle, 0.99)


def main(
    size: Annotated[int, typer.Option(min=500, help="Number of issues of the attacked workspace.")] = SIZE,
    rounds: Annotated[int, typer.Option(min=1, help="Number of idle and of attacked stretches.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of reads for each figure.")] = 10.0,
    clients: Annotated[int, typer.Option(min=1, help="Number of parallel queries of the attacker.")] = CLIENTS,
) -> None:
    """Measure reads of one workspace while a single account sends expensive queries to another."""
    try:
        with open_dataset(FOLDER / "fairness", size=size) as dataset:
            found = measured(dataset, rounds=rounds, seconds=seconds, clients=clients)
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(table(found, clients=clients))


def measured(dataset: Dataset, *, rounds: int, seconds: float, clients: int) -> list[Round]:
    reader = asyncio.run(_reader(dataset))
    folder = dataset.settings.data_dir
    setting = Setting(dataset=dataset, port=free_port(), keys=published_keys(dataset), folder=folder)
    command, environment = SERVERS[0].start(setting)
    environment = {name: value for name, value in environment.items() if name.removeprefix(PREFIX) not in OWN_DEFAULTS}
    read = graphql_request(READ, reader)
    attacker = sign_in(dataset)
    messages = [message_of(graphql_request(text, attacker)) for text in attacks(dataset.slug)]
    with running(command, environment=environment, folder=folder, is_ready=lambda: answers_to(setting.port, read)):
        return uvloop.run(
            _rounds(setting.port, message_of(read), messages, rounds=rounds, seconds=seconds, clients=clients)
        )


def attacks(slug: str) -> list[str]:
    """The dearest queries that are allowed: a list and its count for each filter and sort, and lists of projects."""
    lists = [
        f"issues(first: 1, filter: {condition}, sort: [{sort}]) {{ totalCount nodes {{ id }} }}"
        for condition in FILTERS
        for sort in SORTS
    ]
    lists += [f"projects(first: 100) {{ nodes {{ {each} }} }}" for each in lists[:2]]
    return [f'{{ workspace(slug: "{slug}") {{ {each} }} }}' for each in lists]


async def _rounds(
    port: int, read: bytes, messages: Sequence[bytes], *, rounds: int, seconds: float, clients: int
) -> list[Round]:
    await paced(port, read, rate=READS, seconds=RAMP_SECONDS)
    found = []
    for _ in range(rounds):
        idle = await paced(port, read, rate=READS, seconds=seconds)
        attack = Attack(port, messages)
        attacking = asyncio.create_task(attack.run(clients))
        await asyncio.sleep(RAMP_SECONDS)
        attacked = await paced(port, read, rate=READS, seconds=seconds)
        attack.has_ended = True
        await attacking
        found.append(Round(idle=idle, attacked=attacked, attack=attack.answers))
    return found


def read_ms(answers: Sequence[Answer], share: float) -> float:
    return percentile((answer.seconds for answer in answers), share) * 1e3


def table(rounds: Sequence[Round], *, clients: int) -> str:
    rows = [
        f"{READS} reads a second while one account sends {clients} expensive queries at a time",
        "| reads | p50 ms | p99 ms | slowest ms | refused |",
        "|---|---|---|---|---|",
    ]
    for name, stretches in (("idle", [each.idle for each in rounds]), ("attack", [each.attacked for each in rounds])):
        figures = (spread([read_ms(answers, share) for answers in stretches]) for share in (0.5, 0.99, 1.0))
        refused = sum(answer.status != HTTPStatus.OK for answers in stretches for answer in answers)
        rows.append(f"| {name} | {' | '.join(figures)} | {refused} |")
    statuses = Counter(answer.status for each in rounds for answer in each.attack)
    told = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    times = spread([each.times for each in rounds], 2)
    return "\n".join(
        [*rows, "", f"p99 during the attack is {times} times the idle one.", f"Answers to the attacker: {told}."]
    )


async def _reader(dataset: Dataset) -> str:
    """An access token of the owner of another workspace, which stays for the next run."""
    order = SeedOrder(slug=READERS_SLUG, size=READERS_SIZE, owner_email=READERS_EMAIL, owner_password=DEMO_PASSWORD)
    async with open_app(dataset.settings) as app:
        await app.seed.seed(Actor.system(cause=Cause.SEED), order)
        tokens = await app.auth.sign_in(Actor(), READERS_EMAIL, DEMO_PASSWORD, client_id="benchmark")
        return tokens.access_token


if __name__ == "__main__":
    typer.run(main)
