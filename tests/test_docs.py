"""The reference that the documentation makes from the program: nothing is missing in either language, nothing stale."""

import json
import re
from typing import Any

import pytest

from generate.commands import about, command_reference, help_of, name_of, parameters, verbs
from generate.keys import Part, key_reference, key_text, parts, section_text, type_text, unit_text
from generate.python import groups, public_names, python_reference, sentence
from generate.words import languages, words
from helpers.pages import DOCS, LANGS, TEXT, first_cells
from helpers.places import CHECKOUT

LANGUAGES = pytest.mark.parametrize("lang", LANGS)
SECTIONS = list(parts())
KEYS = {key: field for part in SECTIONS for key, field in part.fields()}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("Show the version. 显示版本。", "Show the version.", "显示版本。"),
        ("Table. Default: maps/X. 输出。", "Table. Default: maps/X.", "输出。"),
        (
            "Overpass endpoint, e.g. http://a/api. Overpass 接口地址。",
            "Overpass endpoint, e.g. http://a/api.",
            "Overpass 接口地址。",
        ),
        ('A name ("太原市, 中国"), a file. 地名、文件。', 'A name ("太原市, 中国"), a file.', "地名、文件。"),
        ("Only English.", "Only English.", ""),
    ],
)
def test_a_help_text_has_two_parts(text: str, english: str, chinese: str) -> None:
    assert languages(text) == (english, chinese)


@pytest.mark.parametrize("verb", [verb for verb, _ in verbs()])
def test_every_verb_and_option_is_explained_in_both_languages(verb: str) -> None:
    command = dict(verbs())[verb]
    for text in [about(verb, command, "zh"), *(help_of(verb, p, "zh") for p in parameters(command))]:
        assert CHINESE.search(text), f"{verb}: no Chinese; add it behind the English help or to docs/words.toml"
    for text in [about(verb, command, "en"), *(help_of(verb, p, "en") for p in parameters(command))]:
        assert re.search(r"[a-z]", text)
        assert not re.search(r"[\u4e00-\u9fff][。，]", text), f"{verb}: Chinese in the English text {text!r}"


def test_no_chinese_of_a_verb_or_option_is_stale() -> None:
    known = {verb: {"about", *map(name_of, parameters(command))} for verb, command in verbs()}
    stale = {verb: set(told) - known.get(verb, set()) for verb, told in words()["commands"].items()}
    assert {verb: names for verb, names in stale.items() if names} == {}


@LANGUAGES
def test_the_reference_of_commands_has_every_verb_option_and_default(lang: Any) -> None:
    text = command_reference(lang)
    for verb, command in verbs():
        assert f"### `planner {verb}` {{ #{verb.replace(' ', '-')} }}" in text
        for parameter in parameters(command):
            assert f"| `{name_of(parameter)}` |" in text
    assert "planner export DIR --to TARGET [OPTIONS]" in text
    assert "planner plan [SCENARIO] [OPTIONS]" in text
    assert re.search(r"\| `--zone-side` \| \S+ \| `500` \|", text)
    assert re.search(r"\| `--seed` \| [^|]+ \| `0` \|", text)
    assert re.search(r"\| `--datum` \| `wgs84`[,、] ?`gcj02`[,、] ?`bd09` \|", text)


@pytest.mark.parametrize("part", SECTIONS, ids=lambda part: part.heading or "top")
def test_every_section_is_explained_in_both_languages(part: Part) -> None:
    assert re.search(r"[a-z]{3}", section_text(part, "en"))
    assert CHINESE.search(section_text(part, "zh")), f"docs/words.toml: [sections] has no {part.path!r}"


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained_in_both_languages(key: str) -> None:
    assert re.search(r"[a-z]{3}", key_text(key, KEYS[key], "en")), f"{key}: its model has no description"
    assert not CHINESE.search(key_text(key, KEYS[key], "en"))
    assert CHINESE.search(key_text(key, KEYS[key], "zh")), f"docs/words.toml: [keys] has no {key!r}"
    assert not re.search(r"[a-z]{4} [a-z]{3}", type_text(KEYS[key], "zh")), "a limit whose words are not in [limits]"


def test_no_words_of_keys_are_stale() -> None:
    known = {*KEYS, *(key.rsplit(".", 1)[-1] for key in KEYS)}
    for section in ("keys", "keys_en", "units"):
        assert set(words()[section]) - known == set(), section
    assert set(words()["sections"]) == {part.path or "scenario" for part in SECTIONS}
    described = {key for key in words()["keys_en"] if KEYS[key].description}
    assert described == set(), "the model says it; take it out of [keys_en]"


def test_keys_tell_type_unit_limits_and_default() -> None:
    assert type_text(KEYS["siting.gap_share"], "en") == "number (> 0, < 1)"
    assert type_text(KEYS["siting.quota"], "zh") == "整数（0 至 10,000,000）"
    assert type_text(KEYS["siting.question"], "en") == "`most_service` or `least_cost`"
    assert type_text(KEYS["fleets.active_share"], "en") == "figure (a share between 0 and 1)"
    assert type_text(KEYS["fleets.session_kwh"], "zh") == "带范围的数值（大于 0 的数值）"
    assert type_text(KEYS["siting.tasks"], "en") == "table: name = whole number (0 to 10,000,000)"
    assert type_text(KEYS["profiles.weekday"], "en") == "list of number (24 of them)"
    assert unit_text("siting.budget_cny", "zh") == "元"
    assert unit_text("siting.quota", "en") == "piles"
    text = key_reference("en")
    assert (
        "| `quota_rule`{ #siting-quota_rule } | `exactly` or `at_most` |  | `exactly` | How the quota binds. |" in text
    )
    assert "### `[[siting.phases]]` { #siting-phases }" in text
    assert "### `[emissions.fuels.NAME]` { #emissions-fuels }" in text


def test_every_public_name_is_explained_in_both_languages() -> None:
    told = [name for group in words()["python"] for name in group["names"]]
    assert sorted(told) == sorted(public_names()), "docs/words.toml: [[python]]"
    reference = python_reference("en")
    assert "::: planner.assessment.against_today.assess\n" in reference  # the function, not the module of its name
    for name in public_names():
        assert CHINESE.search(sentence(name, "zh"))
        assert re.search(r"[a-z]{3}", sentence(name, "en")), f"{name} has no docstring"
        assert f"heading: planner.{name}\n" in reference
    assert [len(names) for names in groups("en").values()] == [len(names) for names in groups("zh").values()]


@LANGUAGES
@pytest.mark.parametrize("name", ["commands", "keys", "python"])
def test_nothing_generated_is_kept(lang: str, name: str) -> None:
    assert re.findall(r"^<!-- generated: (\w+) -->$", TEXT[lang, name], flags=re.MULTILINE) == [name]


@LANGUAGES
@pytest.mark.parametrize(("order", "schema"), [(1, "sites"), (2, "candidates")])
def test_the_columns_of_the_exports_are_those_of_their_schemas(lang: str, order: int, schema: str) -> None:
    file = CHECKOUT / "planner" / "assets" / "schemas" / f"{schema}.schema.json"
    feature = json.loads(file.read_text(encoding="utf-8"))["$defs"]["site"]
    told = re.split(r"^## ", TEXT[lang, "exports"], flags=re.MULTILINE)[order + 1]
    assert set(first_cells(told)) == set(feature["properties"]["properties"]["properties"]) - {"feeder"}


def menu(file: str) -> list[str]:
    """The pages of a site in the order of its menu."""
    text = (DOCS / file).read_text(encoding="utf-8")
    return re.findall(r"^ +- .*: (\w+\.md)$", text[text.index("\nnav:") :], flags=re.MULTILINE)


def test_both_menus_have_every_page_in_the_same_order() -> None:
    assert menu("mkdocs.yml") == menu("mkdocs.zh.yml")
    assert sorted(menu("mkdocs.yml")) == sorted(file.name for file in (DOCS / "en").glob("*.md"))
