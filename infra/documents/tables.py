from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Key


class TrustedDocumentRow(Base):
    __tablename__ = "trusted_document"

    id: Mapped[Key] = mapped_column(primary_key=True)
    text: Mapped[str]
    added_at: Mapped[datetime]
