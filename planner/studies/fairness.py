"""The price of fairness: what service the city gives up where every district is to get at least a share of its own.

Level by level the plan's own siting problem with one more rule, the same floor for all districts, solved going on from
the plan. Between what all districts can have and what they are given anyway lies the curve (Bertsimas, Farias and
Trichakis, The price of fairness, Operations Research 59, 2011).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from planner.assessment.fairness import gini_of_service
from planner.faults import BadInput, Fault, refuse
from planner.plan import Plan, several_years
from planner.progress import Progress, Stage, silent
from planner.siting import Answer, choose_sites, largest_floors
from planner.siting.model.limits import floor_area
from planner.words import COLON, COMMA, Text, joined

_LEVELS = 5
_DIGITS = 1e-3


class FairnessCurve(NamedTuple):
    """The price of fairness of one plan.

    Attributes
    ----------
    levels
        Index floor (share of every district's demand, kWh), ascending, the first the plan's own worst share:
        value_kwh_day and bound_kwh_day (weighted by worth), gap_share; given_up_kwh_day and given_up_share of the
        plan's value (negative where going on found a better plan than the saved one, within its gap); worst_district
        and worst_share; gini_served (over residents); note_en, note_zh: why there is no plan, empty where there is.
        Where there is none its figures are NaN.
    largest
        Index district: the share that no plan with the plan's other rules can exceed, proven.
    """

    levels: pd.DataFrame
    largest: pd.Series


def fairness_curve(
    plan: Plan, floors: Sequence[float] | None = None, progress: Progress | None = None
) -> FairnessCurve:
    """Plan again with a floor for every district, from the lowest level to the highest.

    Parameters
    ----------
    plan
        The plan without, whose rules all stay; a district's own floor stays where it is higher.
    floors
        Levels, between 0 and 1; by default five between what the worst district has and the most that all can have.
    progress
        Called with (stage, value, bound) on the way.

    Returns
    -------
    FairnessCurve
        The figures of every level, those of the plan itself first, and the largest share that every district alone can
        have; `save_fairness` writes it.

    Raises
    ------
    BadInput
        The plan asks for the least cost, where it is not service that fairness takes; or it is of several years.
    """
    if plan.scenario.siting.question != "most_service":
        en = "least_cost; the price of fairness is service given up: plan with most_service"
        zh = "现为 least_cost；公平的代价是所放弃的服务量，请以 most_service 规划"
        raise BadInput([Fault("scenario, key siting.question", en=en, zh=zh)])
    refuse(several_years(plan, Text(zh="公平的代价", en="the price of fairness")))
    tell: Progress = progress or silent
    tell(Stage.LARGEST_FLOORS, None, None)
    siting, now = plan.scenario.siting, plan.answer
    largest = largest_floors(plan.problem)
    rows = [_row(plan, now)]
    if floors is None:
        area = floor_area(plan.demand, siting.floors)
        ends = float(served_by_area(plan.demand, plan.assignment, area).min()), float(largest.min())
        floors = [math.floor(level / _DIGITS) * _DIGITS for level in np.linspace(*ends, _LEVELS + 2)[1:-1]]
    levels = sorted({round(float(level), 6) for level in floors})
    for level in levels:
        asked = plan.problem.with_rules(floors={d: max(level, siting.floors.get(d, 0.0)) for d in largest.index})
        if (beyond := largest[largest < level]).size:
            rows.append(_beyond(beyond))
            continue
        try:
            answer = choose_sites(asked, start=now, progress=progress)
        except BadInput as error:
            rows.append(_missing(joined(fault.text for fault in error.faults)))
            continue
        now = answer
        rows.append(_row(plan, now))
    index = pd.Index([rows[0]["worst_share"], *levels], name="floor", dtype=float)
    return FairnessCurve(pd.DataFrame(rows, index=index), largest)


def served_by_area(demand: pd.DataFrame, assignment: pd.DataFrame, area: pd.Series) -> pd.Series:
    """Index area: share of its demand (kWh) served, wherever it charges; areas without demand or name are left out.

    `area` names the district or township of every demand, as `floor_area` returns it.
    """
    served = assignment["energy_kwh_day"].groupby(level=["zone_id", "service"]).sum().reindex(demand.index).fillna(0.0)
    asked = demand["energy_kwh_day"].groupby(area).sum()
    share: pd.Series = (served.groupby(area).sum() / asked.where(asked > 0)).dropna()
    return share[share.index != ""]


def _row(plan: Plan, found: Answer) -> dict[str, object]:
    """One level's figures, beside the plan's."""
    share = served_by_area(plan.demand, found.assignment, floor_area(plan.demand, plan.scenario.siting.floors))
    proof, before = found.proof, plan.proof.value_kwh_day
    lost = before - proof.value_kwh_day
    return {
        "value_kwh_day": proof.value_kwh_day,
        "bound_kwh_day": proof.bound_kwh_day,
        "gap_share": proof.gap_share,
        "given_up_kwh_day": lost,
        "given_up_share": lost / before if before > 0 else 0.0,
        "worst_district": str(share.idxmin()) if len(share) else "",
        "worst_share": float(share.min()) if len(share) else float("nan"),
        "gini_served": gini_of_service(plan.layers.zones["residents"], plan.demand, found.assignment.reset_index()),
        "note_en": "",
        "note_zh": "",
    }


def _missing(why: Text) -> dict[str, object]:
    """A level without a plan."""
    numbers = ("value_kwh_day", "bound_kwh_day", "gap_share", "given_up_kwh_day", "given_up_share")
    rest: dict[str, object] = {"worst_share": float("nan"), "gini_served": float("nan"), "worst_district": ""}
    return {name: float("nan") for name in numbers} | rest | {"note_en": why.en, "note_zh": why.zh}


def _beyond(beyond: pd.Series) -> dict[str, object]:
    """A level above what is proven to be the most for some districts."""
    most = {d: math.floor(share / _DIGITS) * _DIGITS for d, share in beyond.items()}
    each = [Text(zh=f"{d} 最多 {share:.3g}", en=f"{d}: at most {share:.3g}") for d, share in most.items()]
    return _missing(joined([Text(zh="无法满足", en="cannot be met"), joined(each, COMMA)], COLON))
