"""An application without the tracker, and one with a slice of its own."""

import re

import pytest
import strawberry

from api import slices
from api.schema import build_schema, schema, sdl
from api.shared.slices import ApiSlice
from api.workspaces.types import Workspace
from domain.issues.slice import SLICE as ISSUES
from domain.shared.slices import Slice, Unregistered

TRACKER_WORDS = re.compile(r"issue|project|label|milestone|comment|import|placeholder|state|trash", re.IGNORECASE)


def names_in(text: str) -> set[str]:
    """The names of types, fields, arguments and enum values, without descriptions."""
    bare = re.sub(r'"""".*?""""|""".*?"""|"(\\.|[^"\\])*"', "", text, flags=re.DOTALL)
    return set(re.findall(r"\w+", bare))


def test_a_schema_without_the_tracker_names_nothing_of_it() -> None:
    platform = names_in(sdl(build_schema(slices.PLATFORM)))
    assert {"Workspace", "workspaceCreate", "memberUpdate", "apiKeyCreate", "MEMBER_ADDED", "changes"} <= platform
    assert platform < names_in(sdl())
    assert {name for name in platform if TRACKER_WORDS.search(name)} == {"isPlaceholder", "IMPORT"}


def test_the_nodes_of_a_schema_are_those_of_its_slices() -> None:
    platform = build_schema(slices.PLATFORM)
    assert platform.nodes.keys() == {"usr", "wsp", "mem", "inv"}
    assert platform.nodes.keys() < schema.nodes.keys()


@strawberry.type
class NoteQueries:
    @strawberry.field(description="Motto of the server, for people.")
    def motto(self) -> str:
        return "Notes first."


@strawberry.type
class WorkspaceNotes:
    """What a sample slice adds to a type of the platform."""

    @strawberry.field(description="Number of notes in the workspace.")
    def note_count(self) -> int:
        return 3


async def test_a_slice_of_its_own_adds_root_fields_and_fields_of_earlier_types() -> None:
    notes = ApiSlice(domain=Slice(name="notes"), queries=(NoteQueries,), fields={Workspace: WorkspaceNotes})
    built = build_schema([*slices.PLATFORM, notes])

    assert (await built.execute("{ motto }")).data == {"motto": "Notes first."}
    assert "noteCount" in names_in(sdl(built))
    assert "noteCount" not in names_in(sdl())


def test_an_error_code_without_description_is_named() -> None:
    with pytest.raises(Unregistered, match=r"api/issues/slice\.py: describe PARENT_CYCLE"):
        ApiSlice(domain=ISSUES)


def test_two_slices_cannot_have_nodes_of_one_prefix() -> None:
    with pytest.raises(Unregistered, match="the prefix 'iss'"):
        build_schema(
            [*slices.PLATFORM, *slices.TRACKER, next(each for each in slices.TRACKER if each.domain is ISSUES)]
        )
