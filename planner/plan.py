"""The whole line: layers -> demand -> candidates -> access -> siting -> assessment."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from planner.access import measure_access, snap, street_parts
from planner.access.minimum import cover_if_asked
from planner.assessment import Assessment, Sited, Year, assess, assign_today, compare_networks
from planner.baselines import NO_CHARGERS, optimal_today, sited_like
from planner.candidates import find_sites, standing_chargers, with_feeder_headroom
from planner.candidates.edits import Edits, apply_edits
from planner.capacity.queueing import carried_energy
from planner.demand import (
    charges_by_fleet,
    charges_by_type,
    estimate_demand,
    fleet_energy,
    within_peak,
)
from planner.faults import Fault, refuse, some
from planner.layers import Layers, read_layers
from planner.progress import Progress, Stage, silent
from planner.scenario import ChargerType, Scenario
from planner.scenario.years import scenario_by_year, year_weights
from planner.siting import (
    Effort,
    Previous,
    Proof,
    Town,
    check_plan,
    check_years,
    choose_sites,
    choose_years,
    foreign_plan,
    linear_capacity,
)


@dataclass(frozen=True)
class Plan:
    """A plan and everything it was made from; tables as `planner.tables` describes them, in the working CRS.

    Attributes
    ----------
    scenario, layers
        What was read; the headroom that a layer of feeders states stands in ``scenario.siting.feeder_kw``.
    demand, sites, charger_types, capacity, existing
        What siting was given (``existing``: today's located chargers).
    chargers, assignment, proof
        What siting answered: new chargers, who charges where, and how good it is.
    fleets
        Energy per fleet.
    years
        Year -> what was built in it and whom all that stood then serves; one year where everything is built at once.
    assessment
        The figures.
    baselines
        The plan beside today's network and two made without an optimiser, as `compare_networks` returns it.
    """

    scenario: Scenario
    layers: Layers
    fleets: pd.DataFrame
    demand: pd.DataFrame
    sites: gpd.GeoDataFrame
    access: pd.DataFrame
    charger_types: pd.DataFrame
    capacity: pd.DataFrame
    existing: pd.DataFrame
    chargers: pd.DataFrame
    assignment: pd.DataFrame
    proof: Proof
    years: dict[int, Year]
    assessment: Assessment
    baselines: pd.DataFrame


def make_plan(
    scenario: Scenario,
    progress: Progress | None = None,
    effort: Effort | None = None,
    edits: Edits | None = None,
    previous: Previous | None = None,
) -> Plan:
    """Plan a scenario from its layers to its figures.

    Parameters
    ----------
    scenario
        As `read_scenario` returns it.
    progress
        Called with (stage, value so far, bound so far) at every step.
    effort
        When siting stops; by default counted work as the scenario says.
    edits
        Edits of single sites; the plan's scenario holds them.
    previous
        A plan of this scenario, or a similar one, to go on from: much quicker where little has changed.

    Raises
    ------
    BadInput
        Anything wrong with the layers or the edits, or rules that no plan can keep.
    """
    tell: Progress = progress or silent
    tell(Stage.LAYERS, None, None)
    layers = read_layers(scenario.study_area)
    scenario = with_feeder_headroom(scenario, layers.feeders)
    tell(Stage.DEMAND, None, None)
    by_year = scenario_by_year(scenario)
    demands = {y: estimate_demand(layers.zones, layers.places, layers.streets, s) for y, s in by_year.items()}
    demand = demands[scenario.year]
    tell(Stage.CANDIDATES, None, None)
    sites = find_sites(layers, scenario)
    if edits is not None:
        scenario, sites = apply_edits(scenario, sites, edits)
        by_year = scenario_by_year(scenario)
    refuse([] if previous is None else foreign_plan(previous, sites))
    existing = standing_chargers(layers, sites, scenario.existing)
    refuse(islands(layers.streets, sites, scenario))
    tell(Stage.ACCESS, None, None)
    access = measure_access(layers.zones, sites, layers.streets, reach_by_mode(demand, scenario), scenario.access)
    fleets = fleet_energy(scenario, layers.zones)
    towns = {
        year: _town(each, demands[year], layers, sites, existing, year_weights(scenario)[year])
        for year, each in by_year.items()
    }
    made, proof = _sited(towns, sites, access, existing, progress, effort, previous)
    types, capacity = towns[scenario.year].charger_types, towns[scenario.year].capacity
    chargers, assignment = made[scenario.year].chargers, made[scenario.year].assignment
    years = _years(made, demands)
    tell(Stage.ASSESSMENT, *proof.progress)
    tables = layers, demand, sites, access, types, capacity, existing, chargers, assignment, scenario
    assessment = assess(*tables, years)
    tell(Stage.BASELINES, *proof.progress)
    baselines = baselines_beside(*tables)
    return Plan(
        scenario,
        layers,
        fleets,
        demand,
        sites,
        access,
        types,
        capacity,
        existing,
        chargers,
        assignment,
        proof,
        years,
        assessment,
        baselines,
    )


def _town(
    scenario: Scenario,
    demand: pd.DataFrame,
    layers: Layers,
    sites: gpd.GeoDataFrame,
    existing: pd.DataFrame,
    weight: float,
) -> Town:
    """What one year asks of siting."""
    fleets = fleet_energy(scenario, layers.zones)
    types, capacity = charger_tables(scenario, demand, fleets, int(sites["bays"].max()))
    cover = cover_if_asked(scenario.siting, layers.zones, sites, types, existing)
    return Town(demand, types, capacity, scenario.siting, weight, cover)


def _sited(
    towns: dict[int, Town],
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    existing: pd.DataFrame,
    progress: Progress | None,
    effort: Effort | None,
    previous: Previous | None,
) -> tuple[dict[int, Previous], Proof]:
    """What stands at the end of every year and who charges where, with the proof of all years; checked."""
    if len(towns) > 1:
        years, proof = choose_years(towns, sites, access, existing, progress, effort, previous)
        check_years(years, proof, towns, sites, access, existing)
        return years, proof
    [(year, town)] = towns.items()
    tables = town.demand, sites, access, town.charger_types, town.capacity, existing, town.siting
    chargers, assignment, proof = choose_sites(*tables, progress, effort, previous, town.cover)
    check_plan(chargers, assignment, proof, *tables, town.cover)
    return {year: Previous(chargers, assignment, proof)}, proof


def _years(made: dict[int, Previous], demands: dict[int, pd.DataFrame]) -> dict[int, Year]:
    """What every year adds to what stood before."""
    years = {}
    before = pd.Series(0, index=made[min(made)].chargers.index[:0])
    for year, each in sorted(made.items()):
        stands = each.chargers["count"]
        added = stands.sub(before.reindex(stands.index, fill_value=0))
        years[year] = Year(demands[year], added[added > 0].to_frame("count"), each.assignment, each.proof)
        before = stands
    return years


def several_years(plan: Plan, what: str) -> list[Fault]:
    """A fault where a plan has several years and something is known for one alone."""
    if len(plan.years) == 1:
        return []
    en = f"the plan has {len(plan.years)} years; {what}: only for plans of one, so plan without phases"
    zh = f"该方案含 {len(plan.years)} 个年份；此功能仅适用于单年方案，请去掉 phases 后重新规划"
    return [Fault("scenario, key siting.phases", en=en, zh=zh)]


def baselines_beside(
    layers: Layers,
    demand: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    access: pd.DataFrame,
    charger_types: pd.DataFrame,
    capacity: pd.DataFrame,
    existing: pd.DataFrame,
    chargers: pd.DataFrame,
    assignment: pd.DataFrame,
    scenario: Scenario,
    also: dict[str, Sited] | None = None,
) -> pd.DataFrame:
    """A plan beside what is compared with it: ``today``, ``proportional``, ``greedy``, ``plan``, and `also`.

    Parameters
    ----------
    layers, demand, sites, access, charger_types, capacity, existing, chargers, assignment, scenario
        As of `assess`.
    also
        Further networks by name.

    Returns
    -------
    DataFrame
        As `compare_networks` returns it.
    """
    town = demand, sites, access, charger_types, capacity, existing
    others = sited_like(chargers, layers.zones, *town, scenario.siting)
    networks = {
        "today": Sited(existing, NO_CHARGERS, assign_today(*town, scenario)),
        **{name: Sited(existing, *made) for name, made in others.items()},
        "plan": Sited(existing, chargers, assignment),
        **(also or {}),
    }
    return compare_networks(layers.zones, demand, sites, access, charger_types, networks, scenario)


def with_optimal_today(plan: Plan) -> pd.DataFrame:
    """A plan's baselines and, where chargers are located today, ``optimal_today``: as many of every type, stood best.

    That is a siting problem of its own and takes as long as one.
    """
    if plan.existing.empty:
        return plan.baselines
    town = plan.demand, plan.sites, plan.access, plan.charger_types, plan.capacity, plan.existing
    chargers, assignment = optimal_today(*town, plan.scenario.siting)
    best = {"optimal_today": Sited(chargers, NO_CHARGERS, assignment)}
    return baselines_beside(plan.layers, *town, plan.chargers, plan.assignment, plan.scenario, best)


def islands(streets: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, scenario: Scenario) -> list[Fault]:
    """Streets from which one cannot reach the rest of the network and come back, named with their sites in one fault.

    A one-way street that leads into or out of the connected part, as at the edge of a clipped layer, is none.
    """
    part = street_parts(streets)
    lost = (part > 0) | ((part < 0) & ~_touching_main(streets, part))
    if not lost.any():
        return []
    at = snap(sites.geometry, streets, scenario.access).street
    stranded = sites.index[(at >= 0) & lost[at]]
    stand = f"; sites {some(stranded)} stand on it" if len(stranded) else ""
    stand_zh = f"，站点 {some(stranded)} 位于其上" if len(stranded) else ""
    return [
        Fault(
            f"streets, rows {some(streets.index[lost])}",
            en=f"{int(lost.sum())} streets form an island not connected with the rest{stand}; "
            "connect them or remove them",
            zh=f"共 {int(lost.sum())} 条道路与其余路网不连通{stand_zh}；请连通或删除",
        )
    ]


def _touching_main(streets: gpd.GeoDataFrame, part: np.ndarray) -> np.ndarray:
    """Which streets hang together with the largest part when directions are ignored."""
    nodes, ends = np.unique(np.concatenate([streets["u"], streets["v"]]), return_inverse=True)
    tail, head = ends[: len(streets)], ends[len(streets) :]
    graph = sp.csr_matrix((np.ones(len(streets)), (tail, head)), shape=(len(nodes), len(nodes)))
    _, group = connected_components(graph, directed=False)
    return np.asarray(np.isin(group[tail], group[tail[part == 0]]))


def reach_by_mode(demand: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """How far anyone of a zone goes by each mode: index zone_id, columns ``drive`` and ``walk``, metres."""
    mode = demand.index.get_level_values("service").map({s: rules.mode for s, rules in scenario.services.items()})
    zone = demand.index.get_level_values("zone_id")
    rows = pd.DataFrame({"zone_id": zone, "mode": mode, "reach_m": demand["reach_m"].to_numpy(float)})
    table = rows.pivot_table(index="zone_id", columns="mode", values="reach_m", aggfunc="max", fill_value=0.0)
    return table.reindex(columns=["drive", "walk"], fill_value=0.0)


def charger_tables(
    scenario: Scenario, demand: pd.DataFrame, fleets: pd.DataFrame, most_bays: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables ``charger_types`` and ``capacity`` of a scenario.

    Parameters
    ----------
    scenario
        Charger types, fleets, and the promise of [waiting]; without a promise every charger carries the same.
    demand, fleets
        As `estimate_demand` and `fleet_energy` return them.
    most_bays
        Of a site: where the counts of ``capacity`` end.
    """
    types = _charger_type_table(scenario.charger_types)
    promise = scenario.waiting
    if promise is None:
        types["energy_kwh_day"] = within_peak(scenario.charger_types, types["energy_kwh_day"], demand)
        return types, linear_capacity(types, types["energy_kwh_day"], most_bays)
    types = types.join(charges_by_type(charges_by_fleet(scenario, fleets)))
    return types, carried_energy(types, promise.most_min.base, promise.most_share.base, most_bays)


def _charger_type_table(types: dict[str, ChargerType]) -> pd.DataFrame:
    """The scenario's charger types as the table ``charger_types``; beside its columns names, plugs, energy, swap."""
    rows = {
        name: {
            "service": kind.service,
            "kw_rated": kind.kw_rated.base,
            "bays_used": kind.bays_used,
            "coincidence": kind.coincidence.base,
            "price_cny": kind.price_cny.base,
            "quota_units": kind.quota_units,
            "min_share": kind.min_share,
            "max_share": kind.max_share,
            "max_count": float("nan") if kind.max_count is None else float(kind.max_count),
            "opex_cny_year": kind.opex_cny_year.base if kind.opex_cny_year else 0.0,
            "energy_kwh_day": kind.energy_kwh_day.base,
            "plugs": kind.plugs,
            "queue": kind.queue,
            "battery_swap": kind.battery_swap,
            "name_zh": kind.name_zh,
            "name_en": kind.name_en,
        }
        for name, kind in types.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("charger_type").sort_index()
