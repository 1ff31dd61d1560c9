from collections.abc import Iterable

from api.graphql.two_tier_cache import CacheStats, TwoTierCache

BYTES = 640  # 160 on probation and 480 protected, in entries of at most 20 and 60


def filled(keys: Iterable[str], *, times: int = 1, size: int = 10) -> TwoTierCache[str, str]:
    cache: TwoTierCache[str, str] = TwoTierCache(BYTES)
    for key in keys:
        see(cache, key, times=times, size=size)
    return cache


def see(cache: TwoTierCache[str, str], key: str, *, times: int = 1, size: int = 10) -> None:
    for _ in range(times):
        if cache.get(key) is None:
            cache.put(key, key.upper(), size=size)


def kept(cache: TwoTierCache[str, str], keys: Iterable[str]) -> list[str]:
    return [key for key in keys if cache.peek(key) is not None]


def test_a_key_is_found_by_its_value():
    cache = filled(["a"])
    assert (cache.get("a"), cache.get("b")) == ("A", None)
    assert cache.stats == CacheStats(hits=1, misses=2, evictions=0, entries=1, bytes=10)


def test_the_longest_unused_on_probation_go_first():
    keys = [f"k{number}" for number in range(20)]
    cache = filled(keys)
    assert kept(cache, keys) == keys[4:]
    assert cache.stats == CacheStats(hits=0, misses=20, evictions=4, entries=16, bytes=160)


def test_a_flood_of_new_keys_leaves_what_was_seen_twice():
    cache = filled(["hot"], times=2)
    for number in range(1_000):
        see(cache, f"flood {number}")
    assert cache.get("hot") == "HOT"
    assert (cache.stats.entries, cache.stats.bytes) == (17, 170)


def test_a_flood_of_keys_seen_twice_leaves_what_is_used_meanwhile():
    cache = filled(["hot"], times=2)
    for number in range(1_000):
        see(cache, f"flood {number}", times=2)
        if number % 40 == 0:
            assert cache.get("hot") == "HOT"
    assert cache.stats.bytes == 480


def test_the_longest_unused_that_are_protected_go_first():
    keys = [f"k{number}" for number in range(48)]
    cache = filled(keys, times=2)
    assert kept(cache, keys) == keys
    cache.get("k0")
    see(cache, "another", times=2)
    assert kept(cache, keys) == [key for key in keys if key != "k1"]


def test_a_growing_entry_evicts_others():
    keys = [f"k{number}" for number in range(48)]
    cache = filled(keys, times=2)
    cache.resize("k5", size=35)
    assert kept(cache, keys) == [key for key in keys if key not in ("k0", "k1", "k2")]
    assert cache.stats == CacheStats(hits=48, misses=48, evictions=3, entries=45, bytes=475)
    cache = filled(["a", "b"])
    cache.resize("a", size=20)
    assert cache.stats.bytes == 30


def test_oversized_entries_are_not_cached_and_evict_nothing():
    cache = filled(["a", "b"], times=2)
    cache.put("large", "LARGE", size=21)
    assert cache.peek("large") is None
    cache.resize("a", size=61)
    assert kept(cache, ["a", "b"]) == ["b"]
    assert cache.stats == CacheStats(hits=2, misses=2, evictions=2, entries=1, bytes=10)
    cache.resize("b", size=60)
    assert cache.stats.bytes == 60


def test_to_look_is_no_use():
    keys = [f"k{number}" for number in range(16)]
    cache = filled(keys)
    before = cache.stats
    assert cache.peek("k0") == "K0"
    assert cache.stats == before
    see(cache, "another")
    assert cache.peek("k0") is None
