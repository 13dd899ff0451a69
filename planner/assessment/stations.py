"""Every site with new chargers: what it gets, what it serves, how well it is used and why it was chosen."""

from __future__ import annotations

import math

import pandas as pd

from planner.assessment.networks import NO_ENERGY_SHARE, Chargers, sum_by_site
from planner.capacity.queueing import capacity_at
from planner.scenario import Scenario
from planner.siting import Problem
from planner.words import Text, joined

_NO_KWH = 0.5  # rounds to nothing in a text


def assess_stations(
    problem: Problem, chargers: Chargers, trips: pd.DataFrame, why: pd.DataFrame, scenario: Scenario
) -> pd.DataFrame:
    """The table ``sites`` of `Assessment`, from the chargers, the plan's trips and `why_here`."""
    sites, stock, new = problem.sites, chargers.standing, chargers.new
    new = new[new["count"] > 0]
    at = pd.Index(sorted(new["site_id"].unique()), name="site_id", dtype=sites.index.dtype)
    built = sites.loc[at]
    here = trips[trips["site_id"].isin(at)]
    by_site = here.groupby("site_id")
    served = by_site["energy_kwh_day"].sum().reindex(at, fill_value=0.0)
    moved = (here["metres"] * here["energy_kwh_day"]).groupby(here["site_id"]).sum().reindex(at, fill_value=0.0)
    carried, headroom = _carried(chargers, here, problem.capacity)
    table = pd.DataFrame({"existing_total": sum_by_site(stock, "piles", at)}, index=at)
    for service in ("slow", "fast", "heavy"):
        of_service = new[(new["service"] == service) & ~new["battery_swap"]]
        table[f"new_{service}"] = sum_by_site(of_service, "piles", at)
    table["new_swap"] = sum_by_site(new[new["battery_swap"]], "count", at)
    table["new_total"] = sum_by_site(new, "piles", at)
    opening = built["opening_cny"].astype(float).mask(sum_by_site(stock, "count", at) > 0, 0.0)
    whole = ["existing_total", "new_slow", "new_fast", "new_heavy", "new_swap", "new_total"]
    table = table.astype(dict.fromkeys(whole, int)).assign(
        power_kw=sum_by_site(new, "power_kw", at),
        capex_cny=opening + sum_by_site(new, "spent_cny", at),
        served_kwh_day=served,
        utilisation=(served / carried.reindex(at)).fillna(0.0),
        metres_mean=moved / served.where(served > 0),
        rank=why["lost_worth_kwh_day"].rank(method="first", ascending=False).astype(int),
        headroom=headroom.reindex(at, fill_value=False).astype(bool),
    )
    table = table.join(why)
    reasons = _reasons(built, table, by_site["zone_id"].nunique().reindex(at, fill_value=0), scenario)
    return table.assign(
        reason_zh=pd.Series([text.zh for text in reasons], table.index, dtype=object),
        reason_en=pd.Series([text.en for text in reasons], table.index, dtype=object),
    )


def assess_types(chargers: Chargers, problem: Problem) -> pd.DataFrame:
    """The table ``types`` of `Assessment`."""
    (stock, new), capacity = chargers, problem.capacity
    count, kind = new["count"], new["charger_type"]
    standing = stock.groupby(["site_id", "charger_type"])["count"].sum()
    before = standing.reindex(pd.MultiIndex.from_frame(new[["site_id", "charger_type"]]), fill_value=0)
    before = before.set_axis(new.index)
    rows = pd.DataFrame(
        {
            "charger_type": kind,
            "chargers": count,
            "carried_kwh_day": capacity_at(kind, before + count, capacity) - capacity_at(kind, before, capacity),
            "fixed_kwh_day": count * new["energy_kwh_day"],
            "alone_kwh_day": count * capacity_at(kind, count.clip(upper=1), capacity),
        }
    )
    sums = rows.groupby("charger_type").sum()
    whole = dict.fromkeys(sums.columns, float) | {"chargers": int}
    return sums.reindex(problem.charger_types.index, fill_value=0).astype(whole)


def _carried(chargers: Chargers, trips: pd.DataFrame, capacity: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Per site: kWh a day it carries, and whether a new charger less would still carry what is served there."""
    new = chargers.new[chargers.new["count"] > 0]
    both = pd.concat([chargers.standing, new], ignore_index=True)
    total = both.groupby(["site_id", "charger_type", "service"])["count"].sum().rename("total").reset_index()
    total["kwh"] = capacity_at(total["charger_type"], total["total"], capacity)
    total["last_kwh"] = total["kwh"] - capacity_at(total["charger_type"], total["total"] - 1, capacity)
    station = total.groupby(["site_id", "service"])["kwh"].sum()
    served = trips.groupby(["site_id", "service"])["energy_kwh_day"].sum().reindex(station.index, fill_value=0.0)
    spare = (station - served).rename("spare_kwh").reset_index()
    built = (
        new[["site_id", "charger_type"]]
        .merge(total, on=["site_id", "charger_type"])
        .merge(spare, on=["site_id", "service"])
    )
    idle = built["spare_kwh"] >= built["last_kwh"] * (1 - NO_ENERGY_SHARE)
    return station.groupby(level="site_id").sum(), idle.groupby(built["site_id"]).any()


def _reasons(built: pd.DataFrame, table: pd.DataFrame, zones_served: pd.Series, scenario: Scenario) -> list[Text]:
    """A short reason for every chosen site."""
    kwh = table[["served_kwh_day", "lost_kwh_day", "extra_metres_mean"]].to_numpy(float)
    rest = [_serves(int(zones), *row) for zones, row in zip(zones_served, kwh.tolist(), strict=True)]
    wished = built.index.isin(scenario.siting.lock_in)
    required = (built["institution"] == "equipped").to_numpy()
    return [
        joined([_WISHED, text]) if is_wished else joined([_REQUIRED, text]) if is_required else text
        for text, is_wished, is_required in zip(rest, wished, required, strict=True)
    ]


_MEETS = Text(zh="为满足总量或任务", en="meets the quota or a task")
_WISHED, _REQUIRED = Text(zh="情景指定", en="locked in"), Text(zh="必配公共机构", en="required institution")


def _serves(zones: int, served_kwh: float, lost_kwh: float, extra_m: float) -> Text:
    """Whom a station serves, and what happens without it."""
    if served_kwh <= 0:
        return _MEETS
    en = f"serves {zones} zones, {served_kwh:,.0f} kWh/day"
    serves = Text(zh=f"服务 {zones} 个网格、{served_kwh:,.0f} kWh/日", en=en)
    return joined([serves, _without(served_kwh, lost_kwh, extra_m)])


def _without(served_kwh: float, lost_kwh: float, extra_m: float) -> Text:
    """What happens without a station: energy unserved, and how much farther the others go."""
    if served_kwh - lost_kwh < _NO_KWH:
        return Text(zh="若无此站，全部无处充电", en="without it all unserved")
    if math.isnan(extra_m) and lost_kwh < _NO_KWH:
        return Text(zh="既有充电桩已够用", en="its standing chargers would do")
    lost = Text(zh=f"若无此站，{lost_kwh:,.0f} kWh/日无处充电", en=f"without it {lost_kwh:,.0f} kWh/day unserved")
    if math.isnan(extra_m):
        return lost
    if lost_kwh < _NO_KWH:
        return Text(zh=f"若无此站，平均多走 {extra_m:,.0f} m", en=f"without it its drivers go {extra_m:,.0f} m more")
    en = f"{lost.en} and the others go {extra_m:,.0f} m more"
    return Text(zh=f"{lost.zh}，其余平均多走 {extra_m:,.0f} m", en=en)
