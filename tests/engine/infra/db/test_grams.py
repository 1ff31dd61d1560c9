import sys
import unicodedata

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.db.grams import MOST_OF_A_NEEDLE, folded, grams_at_start, grams_in, grams_of
from tests.servers import driver_url

LOCALES = ("C", "C.utf8", "pg_c_utf8", "pg_unicode_fast", "und-x-icu", "tr-x-icu", "lt-x-icu", "tr_TR.utf8")


def characters() -> list[str]:
    every = map(chr, range(1, sys.maxunicode + 1))
    return [character for character in every if unicodedata.category(character) not in ("Cn", "Co", "Cs")]


async def test_a_character_and_its_lower_case_in_any_locale_are_folded_alike(database_url):
    connection, given = await asyncpg.connect(driver_url(database_url)), characters()
    # The server has some of the locales, C always.
    locales = await connection.fetch("SELECT collname FROM pg_collation WHERE collname = ANY($1)", LOCALES)
    for (locale,) in locales:
        lower = await connection.fetchval(
            f'SELECT array_agg(lower(each COLLATE "{locale}") ORDER BY place)'
            " FROM unnest($1::text[]) WITH ORDINALITY AS given(each, place)",
            given,
        )
        changed = [(one, other) for one, other in zip(given, lower, strict=True) if one != other]
        assert [(one, other) for one, other in changed if folded(one) != folded(other)] == [], locale
    await connection.close()
    assert locales


@pytest.mark.parametrize("forms", ["Iiİı", "Σσς", "ẞß", "ÅÅå", "Éé", "ΆΑάα"])
def test_characters_that_locales_lower_in_several_ways_are_folded_alike(forms):
    assert len({folded(form) for form in forms}) == 1


some_text = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)


@given(before=some_text, part=some_text, after=some_text)
def test_a_text_has_the_trigrams_of_each_of_its_parts(before, part, after):
    assert folded(before + part) == folded(before) + folded(part)
    assert set(grams_in(part)) <= set(grams_of(before + part + after))
    assert set(grams_at_start(part)) <= set(grams_of(part + after))


def test_a_start_of_one_character_and_a_part_of_three_have_trigrams():
    assert grams_of("Door") == ["^^d", "^do", "doo", "oor"]
    assert grams_at_start("D") == ["^^d"]
    assert grams_in("DOO") == ["doo"]
    assert (grams_in("do"), grams_at_start("")) == ([], [])


def test_long_parts_are_found_by_some_of_their_trigrams():
    assert len(grams_in("".join(map(chr, range(200, 700))))) == MOST_OF_A_NEEDLE
