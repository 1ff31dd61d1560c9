import importlib
import pkgutil
from collections.abc import Collection
from typing import ClassVar, TypeVar

import domain
from domain.shared.events import Event
from domain.shared.jobs import Job, kinds_of
from domain.shared.slices import reactions_of
from domain.slices import PLATFORM, TRACKER
from domain.workspaces.events import MemberAdded
from domain.workspaces.jobs import SendMemberWelcome
from infra.slices import HANDLERS

C = TypeVar("C", Event, Job)
REACTIONS = reactions_of((*PLATFORM, *TRACKER))


def concrete(base: type[C], *, name: str) -> set[type[C]]:
    """All classes of the domain below this one that have the attribute of their own."""
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    found: set[type[C]] = set()
    open_classes = [base]
    while open_classes:
        below = open_classes.pop().__subclasses__()
        open_classes += below
        found |= {each for each in below if name in vars(each) and each.__module__.startswith("domain.")}
    return {each for each in found if is_current(each)}


def is_current(each: type) -> bool:
    """`slots=True` makes a dataclass anew; the first version lives on until it is collected."""
    return each is getattr(importlib.import_module(each.__module__), each.__name__, each)


def unlisted(classes: Collection[type], table: Collection[type], *, advice: str) -> list[str]:
    missing = [f"{each.__module__}.{each.__name__}: {advice}" for each in classes if each not in table]
    return sorted(missing)


def unlisted_events(table: Collection[type[Event]]) -> list[str]:
    advice = "enter it in `events` in the slice.py beside, with () if nothing follows from it."
    return unlisted(concrete(Event, name="type"), table, advice=advice)


def unlisted_jobs(table: Collection[type[Job]]) -> list[str]:
    advice = "enter it in `jobs` in infra/<slice>/slice.py."
    return unlisted(concrete(Job, name="kind"), table, advice=advice)


def test_every_event_is_in_its_slice() -> None:
    assert unlisted_events(REACTIONS) == []


def test_every_job_has_a_handler() -> None:
    assert unlisted_jobs(HANDLERS) == []


def test_every_kind_of_job_and_type_of_event_is_named_once() -> None:
    assert len(kinds_of(HANDLERS)) == len(HANDLERS)
    types = [event.type for event in concrete(Event, name="type")]
    assert sorted(set(types)) == sorted(types)


def test_every_reaction_makes_a_job_that_has_a_handler() -> None:
    for event_type, reactions in REACTIONS.items():
        for reaction in reactions:
            job = reaction.job(event_type(workspace_id="wsp_1", subject_id="sub_1"))
            assert type(job) in HANDLERS, f"{event_type.__name__} leads to {type(job).__name__}: give it a handler."


def test_a_forgotten_event_and_a_forgotten_job_are_found() -> None:
    events, jobs = dict(REACTIONS), dict(HANDLERS)
    del events[MemberAdded], jobs[SendMemberWelcome]

    [event_line] = unlisted_events(events)
    [job_line] = unlisted_jobs(jobs)
    assert event_line.startswith("domain.workspaces.events.MemberAdded: enter it in `events`")
    assert job_line.startswith("domain.workspaces.jobs.SendMemberWelcome: enter it in `jobs`")


def test_a_new_event_class_is_seen() -> None:
    """A class that is made here, as if it stood in a slice; without registration it is reported."""

    class Forgotten(Event):
        type: ClassVar[str] = "sample.forgotten"

    Forgotten.__module__ = "domain.workspaces.events"
    try:
        assert any("Forgotten" in line for line in unlisted_events(REACTIONS))
    finally:
        Forgotten.__module__ = __name__
