from domain.audit.kinds import kinds_of
from domain.slices import PLATFORM, TRACKER

KINDS = kinds_of((*PLATFORM, *TRACKER))


def test_an_application_has_the_kinds_of_its_slices() -> None:
    types = {event.type for each in (*PLATFORM, *TRACKER) for event in each.events}
    assert {kind.value for kind in KINDS} == types | {"unknown"}
    assert {kind.name for kind in kinds_of(PLATFORM)} < {kind.name for kind in KINDS}
    assert kinds_of(PLATFORM)("issue.created") is kinds_of(PLATFORM)["UNKNOWN"]


def test_equal_slices_have_one_class_of_kinds() -> None:
    assert kinds_of([*PLATFORM, *TRACKER]) is KINDS


def test_an_unknown_type_has_the_kind_unknown() -> None:
    assert KINDS("issue.teleported") is KINDS["UNKNOWN"]
    assert KINDS("unknown") is KINDS["UNKNOWN"]
    assert KINDS("issue.created") is KINDS["ISSUE_CREATED"]
