"""Retention of credentials after their end."""

from datetime import timedelta

SPENT_TOKENS_KEPT = 3  # of each session; the family of a token recognizes older ones
SESSIONS_KEPT = timedelta(days=30)  # to recognize from where a user has signed in before
API_KEYS_KEPT = timedelta(days=90)  # because the security log refers to them
