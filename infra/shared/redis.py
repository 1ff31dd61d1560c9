"""Connections to Redis with timeouts."""

from redis.asyncio import Redis

SOCKET_SECONDS = 0.5


def redis_client(url: str) -> Redis:
    """Client for commands that Redis answers immediately."""
    client: Redis = Redis.from_url(
        url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS, health_check_interval=15
    )
    return client
