from datetime import UTC, datetime
from uuid import UUID

from domain.shared.ids import ALPHABET, NO_ROUTE, by_route, is_id, route_of, route_of_workspace
from domain.workspaces.model import Workspace
from infra.shared.clock import SystemClock
from infra.shared.ids import Uuid7IdFactory
from tests.sample.domain.model import Book

FIRST, SECOND = "wsp_01m82zxy2ae03r7bzer0er12a0", "wsp_01m82zxy2ae03r7bzer0er12a1"
KNOWN_ROUTES = {FIRST: 0x7D26, SECOND: 0x29CB}


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def uuid_of(entity_id: str) -> UUID:
    number = 0
    for character in entity_id.rpartition("_")[2]:
        number = number << 5 | ALPHABET.index(character)
    return UUID(int=number)


def test_an_id_is_a_uuid_of_version_7() -> None:
    ids = Uuid7IdFactory(SystemClock())
    for entity_id in (ids.new(Workspace.prefix), ids.new_in(FIRST, Book.prefix)):
        uuid = uuid_of(entity_id)
        assert uuid.version == 7
        assert uuid.variant == "specified in RFC 4122"


def test_the_id_of_an_object_in_a_workspace_ends_with_the_route_of_the_workspace() -> None:
    ids = Uuid7IdFactory(SystemClock())
    for workspace_id in (FIRST, SECOND, ids.new(Workspace.prefix)):
        entity_id = ids.new_in(workspace_id, Book.prefix)
        assert is_id(entity_id, Book.prefix)
        assert route_of(entity_id) == route_of_workspace(workspace_id) == uuid_of(entity_id).int & 0xFFFF


def test_the_route_is_the_end_of_the_digest() -> None:
    assert {workspace_id: route_of_workspace(workspace_id) for workspace_id in KNOWN_ROUTES} == KNOWN_ROUTES


def test_ids_of_one_process_are_in_order_although_the_clock_stands_still() -> None:
    ids = Uuid7IdFactory(StoppedClock())
    made = [ids.new_in(FIRST, "bok") if number % 2 else ids.new_in(SECOND, "bok") for number in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_differ_within_a_workspace_between_processes() -> None:
    made = {Uuid7IdFactory(StoppedClock()).new_in(FIRST, "bok") for _ in range(1_000)}
    assert len(made) == 1_000


def test_text_that_is_no_id_has_no_route() -> None:
    assert [route_of(text) for text in ("", "bok", "bok_ILOU", "bok_\0", "\ud800")] == [NO_ROUTE] * 5


def test_ids_are_grouped_by_the_workspaces_that_can_hold_them() -> None:
    ids = Uuid7IdFactory(SystemClock())
    mine, foreign = [ids.new_in(FIRST, "bok") for _ in range(3)], ids.new_in("wsp_other", "bok")
    assert by_route([FIRST, SECOND], [*mine, foreign, mine[0], "junk"]) == {FIRST: mine}
    assert by_route([FIRST, FIRST], mine) == {FIRST: mine}
    assert by_route([], mine) == {}
