from infra.comments.repository import SqlCommentRepository
from infra.db.first_use import Repositories, first_use


class CommentRepositories(Repositories):
    comments = first_use(SqlCommentRepository)
