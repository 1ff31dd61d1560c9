"""How long credentials are kept after their end."""

from datetime import timedelta

SESSIONS_KEPT = timedelta(days=30)  # they tell where somebody has signed in before
API_KEYS_KEPT = timedelta(days=90)  # the security log names them
