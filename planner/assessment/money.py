"""The plan's money: what it costs to build and run, what it earns by hour and year, and when it has paid back."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.assessment.grid import Grid
from planner.assessment.networks import Chargers, sum_by_site
from planner.demand.hours import HOURS
from planner.scenario import MoneyRules, Scenario

_SUMS = (
    *("chargers_cny", "opening_cny", "upgrade_cny", "capex_cny", "opex_cny_year", "kwh_year"),
    *("energy_cny_year", "income_cny_year"),
)


@dataclass(frozen=True)
class Money:
    """What the new chargers cost and earn. Drivers pay the energy at the price it is bought for, and a service fee.

    Attributes
    ----------
    city
        chargers_cny, opening_cny, upgrade_cny (of the grid, beyond the openings; 0 where the scenario has no section
        [grid]) and their sum capex_cny; opex_cny_year (operation, upkeep and rent), annuity_cny_year (of the
        investment, over siting.life_years at siting.discount_rate), kwh_year (served by new chargers), cost_cny_kwh
        (annuity and operation for each kWh; NaN without any), energy_cny_year (energy bought), energy_cny_kwh,
        income_cny_year (service fees less the platforms' share), payback_years (investment over income less operation;
        infinite where operation eats the income, NaN without investment).
    districts
        Index district, by code: the same, of the stations in the district.
    hours
        Index hour, 0 to 23: energy_cny_kwh, service_fee_cny_kwh, tariff_cny_kwh (both), load_kw (of the new chargers on
        the day that is planned for), fee_cny (service fees of the hour, before the platforms' share), energy_cny.
    """

    city: pd.Series
    districts: pd.DataFrame
    hours: pd.DataFrame


def assess_money(
    sites: gpd.GeoDataFrame,
    chargers: Chargers,
    energy: pd.Series,
    days: pd.DataFrame,
    *,
    grid: Grid | None,
    districts: pd.Index,
    scenario: Scenario,
) -> Money | None:
    """The money of a plan; None where the scenario has no section [money].

    Parameters
    ----------
    sites
        All candidate sites, as siting was given them.
    chargers
        Today's located ones and the new ones.
    energy, days
        As `energy_of_new` and `fleet_days` return them: a year is 365 mean days, not the design day 365 times.
    grid
        For the upgrade; None where it is not reported.
    districts
        In the order of the table.
    scenario
        [money], the types' opex, siting.life_years and siting.discount_rate.
    """
    rules = scenario.money
    if rules is None:
        return None
    price_cny = hourly_price_cny(rules)
    per_site = _costs(sites, chargers, grid, scenario, rules).join(_year(energy, days, price_cny, rules))
    per_site = per_site.fillna(dict.fromkeys(["kwh_year", "energy_cny_year", "income_cny_year"], 0.0))
    by_district = per_site[[*_SUMS]].groupby(sites["district"].reindex(per_site.index)).sum()
    annuity = annuity_share(scenario.siting.life_years, scenario.siting.discount_rate)
    return Money(
        city=_with_ratios(per_site[[*_SUMS]].sum().to_frame("city").T, annuity).iloc[0],
        districts=_with_ratios(by_district.reindex(districts, fill_value=0.0).rename_axis("district"), annuity),
        hours=_hours(energy, days, price_cny, rules),
    )


def hourly_price_cny(rules: MoneyRules) -> np.ndarray:
    """Price of a kWh bought in each of the 24 hours."""
    factor = np.ones(24)
    factor[rules.peak_hours] = rules.peak_factor.base
    factor[rules.valley_hours] = rules.valley_factor.base
    return np.asarray(rules.flat_cny_kwh.base * factor)


def annuity_share(years: float, rate: float) -> float:
    """Share of an investment to be paid every year of its life: rate / (1 - (1 + rate) ** -years)."""
    return 1 / years if rate == 0 else rate / (1 - (1 + rate) ** -years)


def _costs(
    sites: pd.DataFrame, chargers: Chargers, grid: Grid | None, scenario: Scenario, rules: MoneyRules
) -> pd.DataFrame:
    """chargers_cny, opening_cny, upgrade_cny, capex_cny and opex_cny_year of every site with new chargers."""
    stock, new = chargers.standing, chargers.new[chargers.new["count"] > 0]
    at = pd.Index(sorted(new["site_id"].unique()), name="site_id")
    stated = {name: kind.opex_cny_year.base for name, kind in scenario.charger_types.items() if kind.opex_cny_year}
    share = rules.opex_share.base
    each = new["charger_type"].map(stated)
    run = new.assign(
        opex_cny=(new["count"] * each).fillna(share * new["spent_cny"]),
        rent_cny=new["count"] * new["bays_used"] * rules.rent_cny_bay_year.base,
    )
    opening = sites["opening_cny"].reindex(at).astype(float).mask(sum_by_site(stock, "count", at) > 0, 0.0)
    upgrade = pd.Series(0.0, index=at) if grid is None else grid.sites["upgrade_cny"].reindex(at, fill_value=0.0)
    spent = sum_by_site(new, "spent_cny", at)
    return pd.DataFrame(
        {
            "chargers_cny": spent,
            "opening_cny": opening,
            "upgrade_cny": upgrade,
            "capex_cny": spent + opening + upgrade,
            "opex_cny_year": sum_by_site(run, "opex_cny", at)
            + sum_by_site(run, "rent_cny", at)
            + share * (opening + upgrade),
        },
        index=at,
    )


def _year(energy: pd.Series, days: pd.DataFrame, price_cny: np.ndarray, rules: MoneyRules) -> pd.DataFrame:
    """kwh_year, energy_cny_year and income_cny_year of every site that serves."""
    mean_cny_kwh = days[HOURS].to_numpy(float) @ price_cny
    of = days.index.get_indexer(energy.droplevel("site_id").index)
    kwh = energy.to_numpy(float) * days["year_kwh"].to_numpy(float)[of]
    fee = rules.service_fee_cny_kwh.base * (1 - rules.platform_share.base)
    rows = pd.DataFrame(
        {"kwh_year": kwh, "energy_cny_year": kwh * mean_cny_kwh[of], "income_cny_year": kwh * fee}, index=energy.index
    )
    return rows.groupby(level="site_id").sum()


def _with_ratios(sums: pd.DataFrame, annuity: float) -> pd.DataFrame:
    """The sums with annuity, costs for each kWh, and payback."""
    kwh = sums["kwh_year"].where(sums["kwh_year"] > 0)
    paid = sums["capex_cny"] * annuity
    gain = sums["income_cny_year"] - sums["opex_cny_year"]
    payback = (sums["capex_cny"] / gain.where(gain > 0)).fillna(np.inf)
    return sums.assign(
        annuity_cny_year=paid,
        cost_cny_kwh=(paid + sums["opex_cny_year"]) / kwh,
        energy_cny_kwh=sums["energy_cny_year"] / kwh,
        payback_years=payback.where(sums["capex_cny"] > 0),
    )


def _hours(energy: pd.Series, days: pd.DataFrame, price_cny: np.ndarray, rules: MoneyRules) -> pd.DataFrame:
    """The table ``hours`` of `Money`."""
    by_fleet = energy.groupby(level=["service", "fleet"]).sum()
    load = by_fleet.to_numpy(float) @ days[HOURS].reindex(by_fleet.index).to_numpy(float)
    fee = rules.service_fee_cny_kwh.base
    return pd.DataFrame(
        {
            "energy_cny_kwh": price_cny,
            "service_fee_cny_kwh": fee,
            "tariff_cny_kwh": price_cny + fee,
            "load_kw": load,
            "fee_cny": load * fee,
            "energy_cny": load * price_cny,
        },
        index=pd.Index(HOURS, name="hour"),
    )
