"""Retention of credentials after their end."""

from datetime import timedelta

SESSIONS_KEPT = timedelta(days=30)  # to recognize from where a user has signed in before
API_KEYS_KEPT = timedelta(days=90)  # because the security log refers to them
