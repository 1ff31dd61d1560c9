import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.checks import LONGEST_TEXT, Checks
from domain.transfers.sanitizing import CleanText, clean_line, cut_text, plain_name, replace_unstorable, unify_newlines


def test_newlines_become_one_kind() -> None:
    assert unify_newlines("a\r\nb\rc\nd\r") == "a\nb\nc\nd\n"


def test_characters_that_cannot_be_stored_are_replaced_and_counted() -> None:
    assert replace_unstorable("a\x00b\ud800c\udfff\x07\x7f\x9f\td\n") == ("a\ufffdb\ufffdc" + "\ufffd" * 4 + "\td\n", 6)


def test_text_that_can_be_stored_stays() -> None:
    assert replace_unstorable("a\tb\né\U0001f600") == ("a\tb\né\U0001f600", 0)


def test_text_at_the_limit_is_whole() -> None:
    assert cut_text("é" * 100, longest=200) == CleanText(text="é" * 100)


def test_text_over_the_limit_is_cut_between_characters_and_says_so() -> None:
    cut = cut_text("é" * 300, longest=401)
    assert cut.text == "é" * 140 + "\n\n[Cut on import: 320 of 600 bytes are missing here.]"
    assert cut.cut == 320


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("```java", "```"), ("`````", "`````"), ("~~~", "~~~"), ("> ```", "> ```"), ("   ```", "   ```")],
)
def test_a_code_block_that_is_cut_is_closed(opening: str, closing: str) -> None:
    cut = cut_text(f"a\n{opening}\n" + "x" * 1000, longest=500)
    assert cut.text.startswith(f"a\n{opening}\nxxx")
    assert f"x\n{closing}\n\n[Cut on import: " in cut.text
    assert len(cut.text.encode()) <= 500


def test_a_code_block_that_ends_before_the_cut_is_left_alone() -> None:
    text = cut_text("```\na\n```\n" + "x" * 1000, longest=500).text
    assert text.count("```") == 2


@given(st.text(alphabet="aé`~>\n \U0001f600", max_size=600), st.integers(150, 400))
def test_a_cut_text_always_fits(text: str, longest: int) -> None:
    cut = cut_text(text, longest=longest)
    assert len(cut.text.encode()) <= longest
    assert (cut.text == text) == (cut.cut == 0)


def test_the_limit_is_that_of_a_text_field() -> None:
    cut = cut_text("x" * (LONGEST_TEXT + 1))
    with Checks() as check:
        assert check.text("body", cut.text) == cut.text
    assert cut.cut == 121


def test_a_line_is_one_line() -> None:
    assert clean_line("  a\r\n b\tc\x00 ") == CleanText(text="a b c\ufffd", replaced=1)


def test_separators_of_lines_and_paragraphs_are_blanks() -> None:
    assert clean_line("a\u2028b\u2029c") == CleanText(text="a b c")


def test_an_invisible_line_is_removed_completely() -> None:
    assert clean_line("\u200b\u3164 \ufe0f") == CleanText(text="")


def test_a_line_is_in_normal_form() -> None:
    assert clean_line("e\u0301").text == "é"


def test_a_line_over_the_limit_ends_in_an_ellipsis() -> None:
    assert clean_line("abc def", longest=5) == CleanText(text="abc…", cut=4)
    assert clean_line("abcde", longest=5) == CleanText(text="abcde")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Ann Lee", "Ann Lee"),
        ("Zoe\u0308 \u200fעברית", "Zoë \u200fעברית"),
        ("https://github.com/ann", "https github.com/ann"),
        ("Ann WWW.evil.example", "Ann evil.example"),
        ("ｗｗｗ．evil.example", "evil.example"),
        ("Ann\u202e eeL", "Ann eeL"),
        ("x" * 9 + "www" + "y" * 20, "x" * 9 + "www" + "y" * 7 + "…"),
        ("x" * 16 + "www" + "y" * 20, "x" * 16 + " .."),
        ("://", ""),
    ],
)
def test_a_name_of_a_person_holds_no_link(name: str, plain: str) -> None:
    assert plain_name(name, longest=20) == plain


@given(st.text(max_size=40) | st.text(alphabet="w.:/\u200b\u202eＷ．。… a", max_size=40), st.integers(5, 30))
def test_a_plain_name_is_a_valid_one(text: str, longest: int) -> None:
    name = plain_name(text, longest=longest)
    if name:
        with Checks() as check:
            assert check.name("name", name, longest=longest) == name


@given(st.text(max_size=400))
def test_a_clean_line_is_a_valid_one(text: str) -> None:
    line = clean_line(text).text
    if line:
        with Checks() as check:
            assert check.line("title", line) == line
