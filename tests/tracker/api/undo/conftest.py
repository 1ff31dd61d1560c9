from tests.tracker.api.batches.conftest import issues, leases

__all__ = ["issues", "leases"]
