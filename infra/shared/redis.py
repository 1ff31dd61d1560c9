"""Connections to Redis, none of which waits for ever."""

from redis.asyncio import Redis

SOCKET_SECONDS = 0.5


def redis_client(url: str) -> Redis:
    """For commands that answer at once."""
    client: Redis = Redis.from_url(
        url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS, health_check_interval=15
    )
    return client
