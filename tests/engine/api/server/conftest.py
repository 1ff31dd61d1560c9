from tests.engine.api.http.conftest import client, world

__all__ = ["client", "world"]
