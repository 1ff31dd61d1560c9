from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id


class ListSizeRow(Base):
    """Number of issues of one lifecycle under a workspace, project, milestone or parent issue.

    There is no foreign key: its check would lock the workspace after the revision counter, against the order of locks.
    Rows are deleted with their parent.
    """

    __tablename__ = "list_size"
    # Each commit that changes a list updates rows here. Free space keeps the new versions on their page.
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    parent_id: Mapped[Id] = mapped_column(primary_key=True)
    lifecycle: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    size: Mapped[int]
