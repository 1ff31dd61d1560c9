from api.shared.slices import ApiSlice, AreaIds
from api.workspaces.types import Workspace
from domain.shared.actor import Role
from tests.sample.api.mutations import LibraryMutations
from tests.sample.api.types import WorkspaceLibrary
from tests.sample.domain.errors import LibraryErrorCode
from tests.sample.domain.model import Author, Book, Shelf, Tag
from tests.sample.domain.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(LibraryMutations,),
    fields={Workspace: WorkspaceLibrary},
    nodes={
        Shelf: lambda app: app.read.shelves.by_ids,
        Author: lambda app: app.read.authors.by_ids,
        Tag: lambda app: app.read.tags.by_ids,
        Book: lambda app: app.read.books.by_ids,
    },
    area_ids=AreaIds(
        name="shelfIds",
        description="IDs of the shelves that the new guest gets access to, at most 20. Only for the role `GUEST`.",
    ),
    roles={Role.GUEST: "Has access to the shelves that the guest was added to."},
    error_codes={LibraryErrorCode.OWN_VOLUME: "The book would become a volume of itself."},
)
