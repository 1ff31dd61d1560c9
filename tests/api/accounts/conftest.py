from tests.api.auth.conftest import client, identity

__all__ = ["client", "identity"]
