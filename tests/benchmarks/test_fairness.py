import asyncio

from benchmarks.fairness import Attack, Round, attacks, table
from benchmarks.load import Request
from benchmarks.paced import Answer, message_of
from tests import api_defaults
from tests.benchmarks.test_sign_ins import OK, serving
from tests.tracker.api.graphql.test_cost import COSTS

REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"


def test_every_attack_is_allowed_and_dear() -> None:
    costs = [COSTS.points(text) for text in attacks("acme")]
    assert max(costs) <= api_defaults.limits().cost
    assert min(costs) > 20


async def test_clients_of_the_attack_send_their_next_query_at_once() -> None:
    asked: list[bytes] = []
    together = asyncio.Event()

    async def answering(head: bytes) -> bytes:
        asked.append(head.split(b" ", 2)[1])
        attack.has_ended = len(asked) >= 12
        if len(asked) == 3:
            together.set()
        await together.wait()
        return OK if len(asked) % 4 else REFUSED

    async with serving(answering) as port:
        attack = Attack(port, [message_of(Request(method="GET", path=path)) for path in ("/a", "/b")])
        await attack.run(3)
    assert asked[:4] == [b"/a", b"/b", b"/a", b"/b"]
    assert {answer.status for answer in attack.answers} == {200, 429}


def test_the_table_compares_stretches() -> None:
    def reads(ms: float, status: int = 200) -> list[Answer]:
        return [Answer(status=status, retry_after=0, seconds=ms / 1000)] * 10

    rounds = [
        Round(idle=reads(4), attacked=reads(6), attack=reads(900) + reads(1, 429)),
        Round(idle=reads(2), attacked=reads(6, 503), attack=reads(900)),
    ]
    lines = table(rounds, clients=7).splitlines()
    assert "20 reads a second while one account sends 7 expensive queries" in lines[0]
    assert lines[3] == "| idle | 3.0 (2.0-4.0) | 3.0 (2.0-4.0) | 3.0 (2.0-4.0) | 0 |"
    assert lines[4] == "| attack | 6.0 (6.0-6.0) | 6.0 (6.0-6.0) | 6.0 (6.0-6.0) | 10 |"
    assert lines[6] == "p99 during the attack is 2.25 (1.50-3.00) times the idle one."
    assert lines[7] == "Answers to the attacker: 20 x 200, 10 x 429."
