"""Texts in two languages: filled in, joined, and read from tables and scenarios."""

from __future__ import annotations

from types import SimpleNamespace

from planner.words import COLON, LIST_COMMA, NO_TEXT, Text, joined, same, text_in, text_of


def test_a_text_is_filled_in_language_by_language() -> None:
    found = Text(zh="{name}为 {n}", en="{name} is {n}").fill(name=Text(zh="差距", en="the gap"), n=3)
    assert (found.zh, found.en) == ("差距为 3", "the gap is 3")


def test_what_is_filled_in_is_no_template() -> None:
    """Names come from outside."""
    assert same("{name}").fill(name="{n} {0} %s").en == "{n} {0} %s"
    assert same("{a}{b}").fill(a=same("{b}"), b=1).zh == "{b}1"


def test_texts_are_joined_by_the_marks_of_each_language() -> None:
    words = [Text(zh="甲", en="a"), Text(zh="乙", en="b")]
    assert joined(words).zh == "甲；乙" and joined(words).en == "a; b"
    assert joined(words, LIST_COMMA) == Text(zh="甲、乙", en="a, b")
    assert joined([], COLON) == NO_TEXT and not NO_TEXT and words[0]


def test_texts_of_tables_and_scenarios() -> None:
    row = {"word_zh": "甲", "word_en": "a"}
    assert text_in(row, "word") == text_of(SimpleNamespace(**row), "word") == Text(zh="甲", en="a")
