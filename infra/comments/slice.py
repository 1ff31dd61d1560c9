from domain.app import App
from domain.comments.service import CommentService
from domain.comments.slice import SLICE as RULES
from infra.comments.reader import SqlCommentReader
from infra.comments.repository import SqlCommentRepository
from infra.comments.tables import CommentRow
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters


class CommentRepositories(Repositories):
    comments = first_use(SqlCommentRepository)


def _provide(app: App, parts: Parts) -> None:
    app.read.comments = SqlCommentReader(parts.reads)
    app.comments = CommentService(parts.uow, parts.ids)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(CommentRow,),
    repositories=CommentRepositories,
    provide=_provide,
)
