"""Bounds for tests in which time is not the subject: a busy machine must not fail them."""

from tests import defaults

PATIENCE = 60.0
"""Seconds after which a test that waits for something to happen fails, however busy the machine is."""

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

PATIENT_READS = {
    "infra.db.filtered.FIRST_SECONDS": 30.0,
    "infra.db.filtered.SECONDS": 60.0,
    "infra.db.totals.COUNT_SECONDS": 30.0,
}
"""The same for reads of filtered lists and their totals, which have bounds of their own."""
