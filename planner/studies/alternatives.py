"""Other plans nearly as good as the best, and how sure every site is: chosen in all of them, in some, in none."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.faults import BadInput, Fault, refuse
from planner.plan import Plan, several_years
from planner.progress import Progress
from planner.siting import Answer, Proof, check_plan, other_plans
from planner.studies.defaults import ALTERNATIVES, WITHIN_SHARE
from planner.words import Text


@dataclass(frozen=True)
class Alternatives:
    """The best plan and others nearly as good. Chargers are new ones as the quota counts them, swap stations apart.

    Attributes
    ----------
    plans
        What each of them is; the best first.
    within_share
        The most of the best plan's value (least cost: of its cost) that any of them may lose.
    figures
        Index plan (0 the best, 1, 2, ...): ``value_kwh_day``; for the least cost also ``cost_cny``;
        ``share_of_best`` (value over the best's; least cost: the best's cost over it); ``bound_kwh_day``;
        ``gap_share``; ``chargers``, ``swap_stations``, ``sites`` with any, ``sites_shared`` with the best,
        ``sites_elsewhere_share`` and ``chargers_elsewhere_share``: how much of it is at sites that the best does not
        use.
    elsewhere_share
        Plans x plans: how much of the row's chargers is at sites that the column's plan does not use.
    sites
        All candidate sites, sorted: index site_id; ``name_zh``, ``kind``, ``district``, ``plans`` (in how many it gets
        anything new), ``share`` (of all plans), ``chargers_0``, ``swap_stations_0``, ``chargers_1``, ..., point.
    """

    plans: list[Answer]
    within_share: float
    figures: pd.DataFrame
    elsewhere_share: pd.DataFrame
    sites: gpd.GeoDataFrame

    @property
    def robust(self) -> int:
        """How many sites get chargers in every plan."""
        return int((self.sites["plans"] == len(self.plans)).sum())

    @property
    def never(self) -> int:
        """How many sites get chargers in none."""
        return int((self.sites["plans"] == 0).sum())


def find_alternatives(
    plan: Plan, count: int = ALTERNATIVES, within_share: float = WITHIN_SHARE, progress: Progress | None = None
) -> Alternatives:
    """Look for plans that lose little and build elsewhere; each keeps every rule, which is checked anew.

    Parameters
    ----------
    plan
        As `make_plan` or `read_plan` returns it.
    count
        How many besides the plan itself; fewer are found where no further one opens other sites.
    within_share
        The most of the value (least cost: of the cost) that each may lose.
    progress
        Called with (stage, value so far, bound) at every step.

    Returns
    -------
    Alternatives
        The plan itself and what was found, each with its proof, and by site in how many of them it gets chargers;
        `save_alternatives` writes them.

    Raises
    ------
    BadInput
        A count below 1, a share not between 0 and 1, a plan of several years, and one that is not of these data.
    """
    if count < 1:
        en, zh = f"{count} asked for; at least 1 is expected", f"要求 {count} 个；至少应为 1 个"
        raise BadInput([Fault("alternatives", en=en, zh=zh)])
    if not 0 < within_share < 1:
        en = f"within {within_share:g} of the best; a share above 0 and below 1 is expected, such as 0.01"
        zh = f"允许比最优损失 {within_share:g}；应为大于 0 且小于 1 的比例，例如 0.01"
        raise BadInput([Fault("alternatives", en=en, zh=zh)])
    refuse(several_years(plan, Text(zh="备选方案", en="alternatives")))
    best = plan.answer
    plans = [best, *other_plans(plan.problem, best, count, within_share, progress)]
    for other in plans[1:]:
        check_plan(plan.problem, other)
    types = plan.charger_types
    chargers = _built(plans, plan.sites.index, types["quota_units"])
    swaps = _built(plans, plan.sites.index, types["battery_swap"].astype(int))
    chosen = _built(plans, plan.sites.index, types["quota_units"].clip(1, 1)) > 0
    elsewhere = _elsewhere(chargers, chosen)
    sites, shared = chosen.sum(), chosen[chosen[0]].sum()
    figures = pd.DataFrame([_figures(best.proof, each.proof) for each in plans]).rename_axis("plan")
    figures = figures.assign(
        chargers=chargers.sum(),
        swap_stations=swaps.sum(),
        sites=sites,
        sites_shared=shared,
        sites_elsewhere_share=1 - shared / sites.where(sites > 0),
        chargers_elsewhere_share=elsewhere[0],
    )
    return Alternatives(plans, within_share, figures, elsewhere, _sites(plan.sites, chosen, chargers, swaps))


def _built(plans: list[Answer], sites: pd.Index, weight: pd.Series) -> pd.DataFrame:
    """Sites x plans: what is new, each charger counted as its type weighs."""
    table = {}
    for n, each in enumerate(plans):
        count = each.chargers["count"]
        weighted = count * weight.reindex(count.index.get_level_values("charger_type")).to_numpy()
        table[n] = weighted.groupby(level="site_id").sum().reindex(sites, fill_value=0).astype(int)
    return pd.DataFrame(table).sort_index()


def _figures(best: Proof, proof: Proof) -> dict[str, float]:
    told = {"value_kwh_day": proof.value_kwh_day}
    if proof.cost_cny is None or best.cost_cny is None:
        share = proof.value_kwh_day / best.value_kwh_day if best.value_kwh_day > 0 else 1.0
    else:
        told["cost_cny"] = proof.cost_cny
        share = best.cost_cny / proof.cost_cny if proof.cost_cny > 0 else 1.0
    return told | {"share_of_best": share, "bound_kwh_day": proof.bound_kwh_day, "gap_share": proof.gap_share}


def _elsewhere(chargers: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Plans x plans: share of the row's chargers at sites that the column does not use; NaN where a plan has none."""
    counts = chargers.to_numpy(float)
    at_others = counts.T @ ~chosen.to_numpy()
    total = counts.sum(axis=0)[:, None]
    share = np.divide(at_others, total, out=np.full(at_others.shape, np.nan), where=total > 0)
    return pd.DataFrame(share, index=chargers.columns, columns=chargers.columns).rename_axis("plan")


def _sites(
    sites: gpd.GeoDataFrame, chosen: pd.DataFrame, chargers: pd.DataFrame, swaps: pd.DataFrame
) -> gpd.GeoDataFrame:
    plans = chosen.sum(axis=1)
    table = sites.loc[chosen.index, ["name_zh", "kind", "district"]].assign(plans=plans, share=plans / chosen.shape[1])
    for n in chosen.columns:
        table = table.assign(**{f"chargers_{n}": chargers[n], f"swap_stations_{n}": swaps[n]})
    return gpd.GeoDataFrame(table, geometry=sites.geometry.loc[chosen.index], crs=sites.crs)
