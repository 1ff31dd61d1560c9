import factory

from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory
from tests.sample.domain.model import Author, Book, Shelf, Tag


class ShelfFactory(factory.Factory):
    class Meta:
        model = Shelf

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Shelf.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    name = factory.Sequence(lambda number: f"Shelf {number}")
    created_at = MADE
    updated_at = MADE


class AuthorFactory(factory.Factory):
    class Meta:
        model = Author

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Author.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    name = factory.Sequence(lambda number: f"Author {number}")
    created_at = MADE
    updated_at = MADE


class TagFactory(factory.Factory):
    class Meta:
        model = Tag

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Tag.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    name = factory.Sequence(lambda number: f"Tag {number}")
    created_at = MADE
    updated_at = MADE


class BookFactory(factory.Factory):
    class Meta:
        model = Book

    class Params:
        shelf = factory.SubFactory(ShelfFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Book.prefix))
    workspace_id = factory.SelfAttribute("shelf.workspace_id")
    shelf_id = factory.SelfAttribute("shelf.id")
    title = factory.Sequence(lambda number: f"Book {number}")
    description = ""
    condition = None
    author_id = None
    parent_id = None
    archived_at = None
    created_at = MADE
    updated_at = MADE
