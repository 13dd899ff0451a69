"""The four figures and their companions, today and with the plan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.assessment.fairness import gini, gini_of_service, palma
from planner.assessment.figure_words import COMPANIONS, FOUR, FigureWords
from planner.assessment.networks import NO_ENERGY_SHARE, SAME_PLACE_M, Compared, nowhere_known
from planner.demand.stocks import vehicles_at
from planner.scenario import Scenario
from planner.siting import Problem
from planner.words import NO_TEXT, Text

_PERCENTILE = 0.9
_Figures = dict[str, tuple[float, float]]  # today, with the plan


def four_figures(
    residents: pd.Series, problem: Problem, zones: pd.DataFrame, compared: Compared, scenario: Scenario
) -> pd.DataFrame:
    """分布合理, 配置完善, 服务便捷, 基本满足, today and with the plan.

    - ``well_distributed``: residents whose zone lies within the norm radius of a charger, over all residents.
    - ``completely_equipped``: institutions that must be equipped and hold a charger, over all of them.
    - ``convenient``: metres within which nine tenths of the demand that unlocated chargers leave is served.
    - ``basically_meets``: energy served, that of unlocated chargers included, over all public demand.

    Where no charger of today is located but some are known to stand, the first three of today are not known.
    """
    (today, plan), demand, sites = compared, problem.demand, problem.sites
    people = residents.astype(float)
    required = sites[sites["institution"] == "equipped"]
    within = [
        _share(float(people[zones[column]].sum()), float(people.sum()))
        for column in ("within_norm_today", "within_norm")
    ]
    equipped = [_equipped_share(required, network.chargers) for network in (today, plan)]
    metres = [_metres_of_share(demand, network.trips, _PERCENTILE) for network in (today, plan)]
    served = [_served_share(demand, network.trips) for network in (today, plan)]
    unlocated = scenario.existing.unlocated_chargers.base
    blind = nowhere_known(today.chargers, scenario)
    if blind:
        within[0] = equipped[0] = metres[0] = float("nan")
    table = _figure_table(
        {
            "well_distributed": (within[0], within[1]),
            "completely_equipped": (equipped[0], equipped[1]),
            "convenient": (metres[0], metres[1]),
            "basically_meets": (served[0], served[1]),
        },
        FOUR,
        dict.fromkeys(("well_distributed", "completely_equipped"), _hidden(unlocated, blind)),
        "figure",
    )
    definitions = [FOUR[str(name)].definition for name in table.index]
    return table.assign(definition_zh=[text.zh for text in definitions], definition_en=[t.en for t in definitions])


def _hidden(unlocated: float, blind: bool) -> Text:
    """What the located chargers do not tell of today."""
    if not unlocated:
        return NO_TEXT
    if blind:
        en = f"today is not known: {unlocated:,.0f} have no location"
        return Text(zh=f"今日未知：另有 {unlocated:,.0f} 台无坐标", en=en)
    en = f"today counts located chargers only: {unlocated:,.0f} have no location"
    return Text(zh=f"今日仅计有坐标的充电桩：另有 {unlocated:,.0f} 台无坐标", en=en)


def companion_figures(
    residents: pd.Series, problem: Problem, districts: pd.DataFrame, compared: Compared, scenario: Scenario
) -> pd.DataFrame:
    """What stands beside the four figures, today and with the plan.

    - ``median_metres``: metres within which half of the demand that unlocated chargers leave is served.
    - ``worst_district_share``: the lowest share of residents within the norm of any district (named in the note).
    - ``gini_access``: Gini coefficient, over residents, of the metres to the nearest charger: 0 where all have it
      equally far, near 1 where few have it far.
    - ``palma_access``: Palma ratio of the same metres: those of the farthest tenth of the residents together over those
      of the nearest two fifths together; 0.25 where all have it equally far, not known where these have no way at all.
    - ``gini_served``: Gini coefficient, over residents, of the share served of their zone's public demand.
    - ``reserved_share``: institutions equipped, or with conduits reserved by the plan, over all that must be either.
    - ``evs_per_charger``: vehicles of all fleets over public piles, unlocated ones included.
    - ``kw_per_ev``: rated kW of located and new chargers over those vehicles; not known for unlocated ones.
    - ``fast_slow_ratio``: fast piles over slow piles, located and new; not known for unlocated ones.
    """
    (today, plan), demand, sites = compared, problem.demand, problem.sites
    evs = sum(vehicles_at(fleet, scenario) for fleet in scenario.fleets.values())
    unlocated = scenario.existing.unlocated_chargers.base
    worst = [_worst(districts[column]) for column in ("within_norm_share_today", "within_norm_share")]
    far = [
        (network.near_m.where(network.near_m > SAME_PLACE_M, 0.0).to_numpy(float), residents.to_numpy(float))
        for network in (today, plan)
    ]
    unequal = [gini_of_service(residents, demand, network.trips) for network in (today, plan)]
    both = today.chargers, plan.chargers
    median = [_metres_of_share(demand, network.trips, 0.5) for network in (today, plan)]
    reserved = _reserved_shares(sites, *both)
    if nowhere_known(today.chargers, scenario):
        reserved[0] = median[0] = unequal[0] = float("nan")
    per_charger = [_share(evs, unlocated + float(c["piles"].sum())) for c in both]
    kw = [float(c["power_kw"].sum()) / evs if len(c) or not unlocated else np.nan for c in both]
    ratio = [_fast_per_slow(c) for c in both]
    which = Text(zh=f"今日 {worst[0][0]}，规划 {worst[1][0]}", en=f"today {worst[0][0]}, plan {worst[1][0]}")
    return _figure_table(
        {
            "median_metres": (median[0], median[1]),
            "worst_district_share": (worst[0][1], worst[1][1]),
            "gini_access": (gini(*far[0]), gini(*far[1])),
            "palma_access": (palma(*far[0]), palma(*far[1])),
            "gini_served": (unequal[0], unequal[1]),
            "reserved_share": (reserved[0], reserved[1]),
            "evs_per_charger": (per_charger[0], per_charger[1]),
            "kw_per_ev": (kw[0], kw[1]),
            "fast_slow_ratio": (ratio[0], ratio[1]),
        },
        COMPANIONS,
        {"worst_district_share": which},
        "name",
    )


def _figure_table(
    values: _Figures, words: Mapping[str, FigureWords], notes: Mapping[str, Text], index: str
) -> pd.DataFrame:
    """A table of figures from (today, plan) by name; notes of this plan go before those that a figure always has."""
    rows = []
    for name, (today, plan) in values.items():
        note = notes.get(name, words[name].note)
        rows.append(
            {
                "word_zh": words[name].word.zh,
                "word_en": words[name].word.en,
                "today": today,
                "plan": plan,
                "unit": words[name].unit,
                "note_zh": note.zh,
                "note_en": note.en,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(list(values), name=index))


def _served_share(demand: pd.DataFrame, trips: pd.DataFrame) -> float:
    served = float(demand["standing_kwh_day"].sum()) + float(trips["energy_kwh_day"].sum())
    return _share(served, float(demand["public_kwh_day"].sum()))


def _equipped_share(institutions: pd.DataFrame, chargers: pd.DataFrame) -> float:
    """Share of institutions that hold at least one charger; NaN where none is listed."""
    holding = chargers.loc[(chargers["count"] > 0) & (chargers["piles"] > 0), "site_id"]
    return _share(float(institutions.index.isin(holding).sum()), float(len(institutions)))


def _reserved_shares(sites: pd.DataFrame, stock: pd.DataFrame, everything: pd.DataFrame) -> list[float]:
    """Institutions equipped today; and equipped or reserved by the plan, over all that must be either."""
    wanted = sites[sites["institution"].isin(["equipped", "reserved"])]
    holding = everything.loc[everything["piles"] > 0, "site_id"]
    done = wanted.index.isin(holding) | (wanted["institution"] == "reserved").to_numpy()
    return [_equipped_share(wanted, stock), _share(float(done.sum()), float(len(wanted)))]


def _metres_of_share(demand: pd.DataFrame, trips: pd.DataFrame, share: float) -> float:
    """Metres within which a share of the demand that unlocated chargers leave is served; infinite where less is."""
    wanted = share * float(demand["energy_kwh_day"].sum())
    if wanted <= 0:
        return float("nan")
    order = trips.sort_values(["metres", "zone_id", "site_id", "service"])
    reached = order["energy_kwh_day"].cumsum().to_numpy(float)
    at = int(np.searchsorted(reached, wanted * (1 - NO_ENERGY_SHARE)))
    return float(order["metres"].iloc[at]) if at < len(order) else float("inf")


def _worst(share: pd.Series) -> tuple[str, float]:
    """The district with the lowest share, and the share."""
    known = share.dropna()
    return (str(known.idxmin()), float(known.min())) if len(known) else ("–", float("nan"))


def _fast_per_slow(chargers: pd.DataFrame) -> float:
    piles = chargers.groupby("service")["piles"].sum()
    return _share(float(piles.get("fast", 0.0)), float(piles.get("slow", 0.0)))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
