from datetime import UTC, datetime

import factory

from domain.auth.model import Session
from tests.factories.accounts import IDS
from tests.factories.moments import MADE


class SessionFactory(factory.Factory):
    class Meta:
        model = Session

    id = factory.LazyFunction(lambda: IDS.new(Session.prefix))
    user_id = factory.LazyFunction(lambda: IDS.new("usr"))
    client_id = "workgraph"
    source = "192.0.2.1"
    created_at = MADE
    expires_at = datetime(2100, 1, 1, tzinfo=UTC)
