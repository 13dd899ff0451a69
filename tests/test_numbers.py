"""Every number that README and documentation tell, and the command that says it.

No page may tell a number that is not in a table here; the slow tests plan the whole city and compare. The pages on
siting keep a record of development runs, which no command repeats; both languages must tell the same there too.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from helpers.pages import LANGS, NAMES, path_of, prose
from planner import Plan, make_plan, read_scenario
from planner.exports.summary import summarise
from planner.simulation.seen import EVERYONE
from planner.studies.design_days import simulate_plan, stress_plan
from planner.views.simulation import simulation_summary

Told = dict[str, Callable[[Plan, Mapping[str, Any]], str]]


def whole(value: float) -> str:
    return f"{value:,.0f}"


def share(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}%}".replace("%", " %")


def gap(summary: Mapping[str, Any]) -> str:
    """Rounded up: no plan is better by more."""
    return f"{math.ceil(summary['proof']['gap_share'] * 1e4 - 1e-9) / 100:.2f} %"


def worst(summary: Mapping[str, Any]) -> float:
    """The least share of its demand that a district gets."""
    return min(district["served_share"] for district in summary["districts"])


def network(summary: Mapping[str, Any], name: str) -> float:
    (row,) = (row for row in summary["baselines"] if row["network"] == name)
    return float(row["served_kwh_day"])


def avoided(summary: Mapping[str, Any], end: str) -> float:
    return math.fsum(fleet[f"co2_t_{end}"] or 0.0 for fleet in summary["emissions"])


def of_type(plan: Plan, charger_type: str, count: int) -> float:
    """What each of so many carries a day."""
    return float(plan.capacity["energy_kwh_day"][charger_type, count]) / count


VALUE: Told = {
    "value": lambda plan, s: whole(s["proof"]["value_kwh_day"]),
    "bound": lambda plan, s: whole(s["proof"]["bound_kwh_day"]),
    "gap": lambda plan, s: gap(s),
}
PLANS: dict[str, dict[str, str]] = {
    "taiyuan/base": {
        "value": "2,089,264",
        "bound": "2,096,995",
        "gap": "0.37 %",
        "chargers": "10,000",
        "sites": "1,014",
        "well distributed": "95.9 %",
        "completely equipped": "100.0 %",
        "convenient": "7,712",
        "met today": "18.1 %",
        "met": "92.8 %",
        "half within": "1,051",
        "by residents": "2,520,594",
        "greedy": "2,800,337",
        "by the plan": "3,046,352",
        "peak MW": "184",
        "transformers": "1,007",
        "million CNY": "800",
        "million CNY of transformers": "317",
        "payback": "5.2",
        "kWh a charger": "219",
        "kWh a charger today": "44",
        "taxis, GWh": "0.76",
        "CO2": "63,305",
        "CO2, low": "-5,808",
        "CO2, high": "170,087",
        "worst district": "83 %",
    },
    "taiyuan/waits": {
        "value": "2,230,009",
        "bound": "2,237,565",
        "gap": "0.34 %",
        "met": "95.6 %",
        "half within": "851",
        "carried MWh": "2,768",
        "at fixed figures MWh": "2,118",
        "alone": "51",
        "of ten": "286",
    },
    "taiyuan/phases": {
        "value": "1,832,264",
        "bound": "1,844,799",
        "gap": "0.68 %",
        "met 2023": "87.5 %",
        "met 2024": "94.9 %",
        "met 2025": "92.8 %",
        "new 2023": "4,000",
        "new 2024": "3,000",
    },
    "taiyuan/fair": {"value": "2,079,493", "bound": "2,093,385", "worst district": "86 %"},
}
"""Scenario -> what is told of its plan, as `planner plan SCENARIO` writes it."""

FIGURES: dict[str, Told] = {
    "taiyuan/base": {
        **VALUE,
        "chargers": lambda plan, s: whole(s["chargers"]),
        "sites": lambda plan, s: whole(s["stations"]),
        "well distributed": lambda plan, s: share(s["figures"]["well_distributed"]["plan"]),
        "completely equipped": lambda plan, s: share(s["figures"]["completely_equipped"]["plan"]),
        "convenient": lambda plan, s: whole(s["figures"]["convenient"]["plan"]),
        "met today": lambda plan, s: share(s["figures"]["basically_meets"]["today"]),
        "met": lambda plan, s: share(s["figures"]["basically_meets"]["plan"]),
        "half within": lambda plan, s: whole(s["companions"]["median_metres"]["plan"]),
        "by residents": lambda plan, s: whole(network(s, "proportional")),
        "greedy": lambda plan, s: whole(network(s, "greedy")),
        "by the plan": lambda plan, s: whole(network(s, "plan")),
        "peak MW": lambda plan, s: whole(s["grid"]["city"]["peak_kw"] / 1e3),
        "transformers": lambda plan, s: whole(s["grid"]["city"]["transformers"]),
        "million CNY": lambda plan, s: whole(s["capex_cny"] / 1e6),
        "million CNY of transformers": lambda plan, s: whole(s["grid"]["city"]["upgrade_cny"] / 1e6),
        "payback": lambda plan, s: f"{s['money']['city']['payback_years']:.1f}",
        "kWh a charger": lambda plan, s: whole(s["money"]["city"]["kwh_year"] / 365 / s["chargers"]),
        "kWh a charger today": lambda plan, s: whole(
            next(b["found"] for b in s["bands"] if b["band"] == "per_charger")
        ),
        "taxis, GWh": lambda plan, s: f"{next(b['found'] for b in s['bands'] if b['band'] == 'taxis') / 1e6:.2f}",
        "CO2": lambda plan, s: whole(avoided(s, "base")),
        "CO2, low": lambda plan, s: whole(avoided(s, "low")),
        "CO2, high": lambda plan, s: whole(avoided(s, "high")),
        "worst district": lambda plan, s: share(worst(s), 0),
    },
    "taiyuan/waits": {
        **VALUE,
        "met": lambda plan, s: share(s["figures"]["basically_meets"]["plan"]),
        "half within": lambda plan, s: whole(s["companions"]["median_metres"]["plan"]),
        "carried MWh": lambda plan, s: whole(s["pooling"]["carried_kwh_day"] / 1e3),
        "at fixed figures MWh": lambda plan, s: whole(s["pooling"]["fixed_kwh_day"] / 1e3),
        "alone": lambda plan, s: whole(of_type(plan, "dc60", 1)),
        "of ten": lambda plan, s: whole(of_type(plan, "dc60", 10)),
    },
    "taiyuan/phases": {
        **VALUE,
        "met 2023": lambda plan, s: share(s["years"][0]["served_share"]),
        "met 2024": lambda plan, s: share(s["years"][1]["served_share"]),
        "met 2025": lambda plan, s: share(s["years"][2]["served_share"]),
        "new 2023": lambda plan, s: whole(s["years"][0]["chargers"]),
        "new 2024": lambda plan, s: whole(s["years"][1]["chargers"]),
    },
    "taiyuan/fair": {
        "value": VALUE["value"],
        "bound": VALUE["bound"],
        "worst district": lambda plan, s: share(worst(s), 0),
    },
}

SIMULATED = {
    "queues": "806",
    "promise kept": "95.2 %",
    "late at the peak": "3.3 %",
    "arrivals a day": "70,000",
    "lost": "0.5 %",
    "charged elsewhere": "11.3 %",
}
"""What is told of `planner simulate maps/waits --stress`."""

BESIDES = {
    "1,640": "places: test_readme.py counts them, as the next three",
    "6,252": "zones",
    "1,351": "candidate sites",
    "592": "of them generated",
    "76.8 %": "share on assumptions: test_readme.py runs the example that prints it",
    "500": "metres of a zone: the scenario's zone_side_m",
    "0.5": "worth at the limit of reach: the scenario's edge_worth",
    "10 %": "the scenario's promise: waiting.most_share",
    "0.5 %": "what fairness takes from the value: 2,089,264 and 2,079,493",
    "1 %": "--within 0.01",
    "2 %": "--gap 0.02",
    "753": "planner alternatives maps/base -k 3 --within 0.01 (as long as three plans)",
    "2.7": "GWh a day: the scenario's bands",
    "0.6": "megabytes of the map of maps/base",
    "30,276": "benchmarks/maps.py, as the next four",
    "5,000": "stations",
    "1.2": "megabytes; also the version of GeoPackage",
    "1.0": "seconds",
    "18.5": "megabytes with plain Folium",
    "16.4": "version of Safari",
    "105": "version of Chrome",
    "121": "version of Firefox",
    "3.6": "version of GDAL",
    "3.22": "version of QGIS",
    "3.11": "version of Python",
    "3.12": "version of Python",
    "3.13": "version of Python",
    "300": "kWh and metres of the example that test_readme.py runs, as the next five",
    "330": "kWh",
    "200": "kWh and metres",
    "185": "kWh",
    "15.5": "kWh",
    "900": "metres",
    "130": "exit code",
    "7946": "RFC",
}
"""Number -> where it is from: other tests, a scenario, a benchmark, versions."""

_NUMBER = re.compile(r"(?<![\w.,/:-])-?\d[\d,]*(?:\.\d+)?(?: ?%)?")
_YEAR = re.compile(r"(19|20)\d\d")


def numbers(lang: str, name: str) -> set[str]:
    """Numbers of a page's prose with three digits, a fraction or a percent sign; no years."""
    text = re.sub(r"`[^`\n]+`|\]\([^)]*\)", " ", prose(lang, name))
    found = {number.rstrip(",") for number in _NUMBER.findall(text)}
    return {n for n in found if re.search(r"\d{3}|[.%]", n.replace(",", "")) and not _YEAR.fullmatch(n)}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "siting"])
def test_every_number_has_a_command_that_says_it(lang: str, name: str) -> None:
    said = {*BESIDES, *SIMULATED.values(), *(text for told in PLANS.values() for text in told.values())}
    assert sorted(numbers(lang, name) - said) == [], (
        f"{path_of(name, lang)}: say in tests/test_numbers.py where it is from"
    )


def test_every_number_is_told_somewhere() -> None:
    """A figure of a plan that no page tells is not worth planning a city for."""
    for lang in LANGS:
        everywhere = set().union(*(numbers(lang, name) for name in NAMES))
        small = {"51", "44"}  # two digits: not looked for
        for told in (*PLANS.values(), SIMULATED):
            assert set(told.values()) - everywhere - small == set()
    for number in BESIDES:
        assert any(number in numbers(lang, name) for lang in LANGS for name in NAMES), number


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_tell_the_same_numbers(name: str) -> None:
    english, chinese = numbers("en", name), numbers("zh", name)
    words = {"10,000", "1.25", "1.217", "121.7", "125"}  # 10,000 is also 1 万, 1.25 million 125 万
    assert english - words == chinese - words


@pytest.mark.city
@pytest.mark.parametrize("scenario", list(PLANS))
def test_a_plan_is_what_the_pages_tell(scenario: str) -> None:
    plan = make_plan(read_scenario(scenario))
    summary = summarise(plan)
    assert {name: figure(plan, summary) for name, figure in FIGURES[scenario].items()} == PLANS[scenario]
    if scenario == "taiyuan/waits":
        days = simulation_summary(simulate_plan(plan, 60, 0))
        stress = stress_plan(plan, 10, 0).figures["mean"][EVERYONE]
        assert {
            "queues": whole(days["busy_stations"]),
            "promise kept": share(days["kept_share"]),
            "late at the peak": share(days["peak_late_share"]),
            "arrivals a day": whole(round(days["arrivals_day"], -3)),
            "lost": share(stress["lost_share"]),
            "charged elsewhere": share(stress["rerouted_share"]),
        } == SIMULATED


@pytest.mark.parametrize("scenario", list(PLANS))
def test_every_told_figure_has_its_source(scenario: str) -> None:
    assert FIGURES[scenario].keys() == PLANS[scenario].keys()
