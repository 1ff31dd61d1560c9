"""Bounds for tests in which time is not the subject: a busy machine must not fail them."""

from tests import defaults

PATIENT = defaults.engine(pool_size=16, pool_wait=30, lock_timeout=30, statement_timeout=30)
PATIENT_SETTINGS = {
    "database_pool_size": 16,
    "database_write_pool_size": 16,
    "database_pool_seconds": 30,
    "database_lock_seconds": 30,
    "database_statement_seconds": 30,
    "database_budget_seconds": 86_400,
}
"""The same for `Settings`."""
