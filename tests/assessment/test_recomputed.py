"""Every column of every table of `Assessment` again, in plain loops over the raw tables of towns drawn at random.

Nothing of `planner.assessment` is called here. What is lost without a station (``lost_kwh_day`` to ``next_best_site``)
is recomputed by linear programs and loops in test_assessment_why.py and only listed below.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pandas as pd
import pytest

from helpers.random_reports import GENEROUS, Drawn, drawn
from helpers.reported_town import NIGHT, NOON
from planner.demand import fleet_mix

SEEDS = range(4)
SERVICES = ("slow", "fast", "heavy", "swap")
WORDS = {f"{what}_{lang}" for what in ("word", "note", "definition", "name", "reason") for lang in ("zh", "en")}
WHY = {
    "lost_kwh_day",
    "lost_worth_kwh_day",
    "zones_affected",
    "extra_metres_mean",
    "extra_metres_most",
    "next_best_site",
}
HOURS = {("cars", "fast"): NOON, ("cars", "slow"): NIGHT, ("taxis", "fast"): NIGHT}  # all others are even
SEASON, YEARS_MEAN = 1.25, 12.25 / 12
Rows = dict[Any, dict[str, Any]]


def over(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def same(table: pd.DataFrame, rows: Rows, but: Iterable[str] = ()) -> None:
    """Every cell of a table is the one expected, but for the columns `but` and texts; no column is left out."""
    assert list(table.index) == list(rows)
    told = set(table.columns) - WORDS - set(but)
    for key, row in rows.items():
        assert set(row) == told, set(row) ^ told
        for name, expected in row.items():
            found = table.loc[key, name]
            if isinstance(expected, float):
                assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), (key, name)
            else:
                assert found == expected, (key, name)


class Town:
    """The raw tables of a drawn plan as dictionaries, and what loops over them give."""

    def __init__(self, d: Drawn) -> None:
        self.d, self.scenario = d, d.scenario
        self.zones: dict[str, Any] = d.layers.zones.drop(columns="geometry").to_dict("index")
        self.centre = {z: (p.x, p.y) for z, p in d.layers.zones.geometry.centroid.items()}
        self.sites: dict[str, Any] = d.sites.drop(columns="geometry").to_dict("index")
        self.point = {j: (p.x, p.y) for j, p in d.sites.geometry.items()}
        self.types: dict[str, Any] = d.charger_types.to_dict("index")
        self.demand: dict[tuple[str, str], Any] = d.demand.to_dict("index")
        self.metres: dict[tuple[str, str, str], float] = d.access["metres"].to_dict()
        self.standing: dict[tuple[str, str], int] = d.existing["count"].to_dict()
        self.new: dict[tuple[str, str], int] = d.chargers["count"].to_dict()
        self.trips: dict[tuple[str, str, str], float] = d.assignment["energy_kwh_day"].to_dict()
        self.trips_today: dict[tuple[str, str, str], float] = d.today["energy_kwh_day"].to_dict()
        self.built = sorted({j for j, _ in self.new})
        self.opened = [j for j in self.built if j not in {j for j, _ in self.standing}]
        self.districts = list(d.layers.districts.sort_values("code").index)

    def both(self) -> dict[tuple[str, str], int]:
        keys = sorted({*self.standing, *self.new})
        return {key: self.standing.get(key, 0) + self.new.get(key, 0) for key in keys}

    def carried(self, kind: str, count: int) -> float:
        return float(self.d.capacity.loc[(kind, count), "energy_kwh_day"]) if count else 0.0

    def station_kwh(self, chargers: dict[tuple[str, str], int], site: str, service: str) -> float:
        mine = [(k, n) for (j, k), n in chargers.items() if j == site and self.types[k]["service"] == service]
        return sum(self.carried(k, n) for k, n in mine)

    def way(self, zone: str, site: str, service: str) -> float:
        return self.metres[zone, site, "walk" if service == "slow" else "drive"]

    def near_m(self, chargers: dict[tuple[str, str], int]) -> dict[str, float]:
        """Straight metres from every zone to the nearest site with a charger for cars."""
        cars = {j for (j, k), n in chargers.items() if n and self.types[k]["service"] in ("slow", "fast")}
        far = {z: min((math.dist(at, self.point[j]) for j in cars), default=math.inf) for z, at in self.centre.items()}
        return {z: m if m > 0.01 else 0.0 for z, m in far.items()}

    def within(self, chargers: dict[tuple[str, str], int]) -> dict[str, bool]:
        return {z: m <= self.zones[z]["norm_m"] + 0.01 for z, m in self.near_m(chargers).items()}

    def public(self, zone: str) -> float:
        return sum(row["public_kwh_day"] for (z, _), row in self.demand.items() if z == zone)

    def served(self, zone: str, trips: dict[tuple[str, str, str], float]) -> float:
        by_standing = sum(row["standing_kwh_day"] for (z, _), row in self.demand.items() if z == zone)
        return float(by_standing + sum(kwh for (z, _, _), kwh in trips.items() if z == zone))

    def left(self, zone: str, service: str) -> float:
        gone = sum(kwh for (z, _, s), kwh in self.trips.items() if (z, s) == (zone, service))
        rest = self.demand[zone, service]["energy_kwh_day"] - gone
        return float(rest) if rest > 1e-6 * self.demand[zone, service]["energy_kwh_day"] else 0.0

    def capex(self, site: str) -> float:
        chargers = sum(n * self.types[k]["price_cny"] for (j, k), n in self.new.items() if j == site)
        return float(chargers + (self.sites[site]["opening_cny"] if site in self.opened else 0.0))

    def of_new(self, site: str, column: str) -> float:
        return float(sum(n * self.types[k][column] for (j, k), n in self.new.items() if j == site))

    def swaps(self, site: str) -> int:
        return sum(n for (j, k), n in self.new.items() if j == site and self.types[k]["battery_swap"])

    def energy_of_new(self) -> dict[tuple[str, str, str], float]:
        """(site, service, fleet): today's chargers are filled first; the rest is the new ones' in proportion."""
        layers = self.d.layers
        mix = fleet_mix(layers.zones, layers.places, layers.streets, self.scenario)["share"].to_dict()
        sums: dict[tuple[str, str, str], float] = defaultdict(float)
        for site, service in product(self.built, SERVICES):
            here = {z: kwh for (z, j, s), kwh in self.trips.items() if (j, s) == (site, service)}
            total, old = sum(here.values()), self.station_kwh(self.standing, site, service)
            if self.station_kwh(self.new, site, service) and total > old:
                for zone, kwh in here.items():
                    for fleet in self.scenario.fleets:
                        share = mix.get((zone, service, fleet), 0.0)
                        sums[site, service, fleet] += kwh * share * (total - old) / total
        return {key: kwh for key, kwh in sums.items() if kwh > 0}

    def year_of(self, fleet: str) -> tuple[float, float]:
        """kWh and km of a year for each kWh of the day that is planned for."""
        figures = self.scenario.fleets[fleet]
        weekend = figures.weekend_factor.base if figures.weekend_factor else 1.0
        days = 365 * (5 + 2 * weekend) / 7  # the day planned for is a weekday
        battery = figures.kwh_measured_at == "battery"
        km_a_kwh = 100 / figures.kwh_per_100km.base * (figures.efficiency.base / SEASON if battery else 1.0)
        return days * (YEARS_MEAN / SEASON if battery else 1.0), days * km_a_kwh

    def load(self, energy: dict[tuple[str, str, str], float], sites: Iterable[str]) -> list[float]:
        hours = [0.0] * 24
        for (j, s, fleet), kwh in energy.items():
            if j in sites:
                shape = HOURS.get((fleet, s), [1 / 24] * 24)
                hours = [kw + kwh * share for kw, share in zip(hours, shape, strict=True)]
        return hours


@pytest.fixture(params=SEEDS, ids=lambda seed: f"seed{seed}")
def town(request: pytest.FixtureRequest) -> Town:
    return Town(drawn(request.param))


# ---- the four figures and their companions --------------------------------------------------------------------------


def metres_of_share(town: Town, trips: dict[tuple[str, str, str], float], share: float) -> float:
    wanted = share * sum(row["energy_kwh_day"] for row in town.demand.values())
    reached = 0.0
    for metres, kwh in sorted((town.way(*key), kwh) for key, kwh in trips.items()):
        reached += kwh
        if reached >= wanted * (1 - 1e-6):
            return metres
    return math.inf


def gini_of_pairs(each: list[tuple[float, float]]) -> float:
    people = sum(n for _, n in each)
    mean = sum(x * n for x, n in each) / people
    pairs = sum(n * m * abs(x - y) for x, n in each for y, m in each)
    return over(pairs, 2 * people**2 * mean)


def palma_of_people(each: list[tuple[float, int]]) -> float:
    """Ten parts a person, so that tenths of the people are whole parts."""
    parts = sorted(x for x, n in each for _ in range(10 * n))
    tenth = len(parts) // 10
    return over(sum(parts[-tenth:]), sum(parts[: 4 * tenth]))


def test_figures(town: Town) -> None:
    people = sum(zone["residents"] for zone in town.zones.values())
    required = [j for j, site in town.sites.items() if site["institution"] == "equipped"]
    rows: Rows = {name: {"unit": "m" if name == "convenient" else "share"} for name in town.d.assessment.figures.index}
    for when, chargers, trips in (
        ("today", town.standing, town.trips_today),
        ("plan", town.both(), town.trips),
    ):
        within = town.within(chargers)
        near = sum(zone["residents"] for z, zone in town.zones.items() if within[z])
        piles = {j for (j, k), n in chargers.items() if n * town.types[k]["quota_units"] > 0}
        served = sum(town.served(z, trips) for z in town.zones)
        rows["well_distributed"][when] = over(near, people)
        rows["completely_equipped"][when] = over(float(sum(j in piles for j in required)), len(required))
        rows["convenient"][when] = metres_of_share(town, trips, 0.9)
        rows["basically_meets"][when] = served / sum(town.public(z) for z in town.zones)
    same(town.d.assessment.figures, rows)


def test_convenient_is_finite_where_nine_tenths_are_served() -> None:
    assert 0 < drawn(GENEROUS).assessment.figures.loc["convenient", "plan"] < math.inf


def test_companions(town: Town) -> None:
    evs = sum(fleet.vehicles.base for fleet in town.scenario.fleets.values())
    wanted = [j for j, site in town.sites.items() if site["institution"] in ("equipped", "reserved")]
    reserved = [j for j in wanted if town.sites[j]["institution"] == "reserved"]
    table = town.d.assessment.companions
    rows: Rows = {name: {"unit": table.loc[name, "unit"]} for name in table.index}
    for when, chargers, trips in (
        ("today", town.standing, town.trips_today),
        ("plan", town.both(), town.trips),
    ):
        near, within = town.near_m(chargers), town.within(chargers)
        people = {z: int(zone["residents"]) for z, zone in town.zones.items()}
        shares = []
        for district in town.districts:
            mine = [z for z, zone in town.zones.items() if zone["district"] == district]
            shares.append(over(sum(people[z] for z in mine if within[z]), sum(people[z] for z in mine)))
        piles = {key: n * town.types[key[1]]["quota_units"] for key, n in chargers.items()}
        equipped = {j for (j, _), n in piles.items() if n > 0}
        by_service = {s: sum(n for (_, k), n in piles.items() if town.types[k]["service"] == s) for s in SERVICES}
        done = equipped if when == "today" else equipped | set(reserved)
        served = [(town.served(z, trips) / town.public(z), n) for z, n in people.items() if town.public(z) > 0]
        rows["median_metres"][when] = metres_of_share(town, trips, 0.5)
        rows["worst_district_share"][when] = min(share for share in shares if not math.isnan(share))
        rows["gini_access"][when] = gini_of_pairs([(near[z], n) for z, n in people.items()])
        rows["palma_access"][when] = palma_of_people([(near[z], n) for z, n in people.items()])
        rows["gini_served"][when] = gini_of_pairs(served)
        rows["reserved_share"][when] = over(float(sum(j in done for j in wanted)), len(wanted))
        rows["evs_per_charger"][when] = evs / (11 + sum(piles.values()))
        rows["kw_per_ev"][when] = sum(n * town.types[k]["kw_rated"] for (_, k), n in chargers.items()) / evs
        rows["fast_slow_ratio"][when] = over(float(by_service["fast"]), float(by_service["slow"]))
    same(table, rows)


# ---- services, districts, townships, zones --------------------------------------------------------------------------


def test_services(town: Town) -> None:
    rows: Rows = {}
    for service in sorted({s for _, s in town.demand}):
        mine = [row for (_, s), row in town.demand.items() if s == service]
        public, standing = (float(sum(row[f"{what}_kwh_day"] for row in mine)) for what in ("public", "standing"))
        today, then = (
            standing + sum(kwh for (_, _, s), kwh in trips.items() if s == service)
            for trips in (town.trips_today, town.trips)
        )
        rows[service] = {
            "public_kwh_day": public,
            "standing_kwh_day": standing,
            "served_kwh_day": float(then),
            "unserved_kwh_day": float(public - then),
            "served_share_today": float(today / public),
            "served_share": float(then / public),
        }
    same(town.d.assessment.services, rows)


def area_row(town: Town, zones: list[str]) -> dict[str, Any]:
    """What districts and townships have in common."""
    people = {z: int(town.zones[z]["residents"]) for z in zones}
    today, then = town.within(town.standing), town.within(town.both())
    public, served = (float(sum(f(z) for z in zones)) for f in (town.public, lambda z: town.served(z, town.trips)))
    return {
        "residents": sum(people.values()),
        "within_norm_share_today": over(float(sum(n for z, n in people.items() if today[z])), sum(people.values())),
        "within_norm_share": over(float(sum(n for z, n in people.items() if then[z])), sum(people.values())),
        "public_kwh_day": public,
        "served_kwh_day": served,
        "served_share": over(served, public),
    }


def test_districts(town: Town) -> None:
    rows: Rows = {}
    for district in town.districts:
        zones = [z for z, zone in town.zones.items() if zone["district"] == district]
        built = [j for j in town.built if town.sites[j]["district"] == district]
        kwh = sum(e for (_, j, _), e in town.trips.items() if j in built)
        money = sum(map(town.capex, built))
        rows[district] = {
            **area_row(town, zones),
            "served_share_today": over(
                sum(town.served(z, town.trips_today) for z in zones), sum(map(town.public, zones))
            ),
            "stations": len(built),
            "chargers": int(sum(town.of_new(j, "quota_units") for j in built)),
            "swap_stations": sum(map(town.swaps, built)),
            "power_kw": float(sum(town.of_new(j, "kw_rated") for j in built)),
            "capex_cny": float(money),
            "cny_per_kwh_day": over(money, kwh),
        }
    same(town.d.assessment.districts, rows)


def test_townships(town: Town) -> None:
    areas = defaultdict(list)
    for z, zone in town.zones.items():
        if isinstance(zone["township"], str):
            areas[zone["district"], zone["township"]].append(z)
    assert not any("z9" in mine for mine in areas.values())
    same(town.d.assessment.townships, {key: area_row(town, areas[key]) for key in sorted(areas)})


def reason(town: Town, zone: str, service: str) -> str:
    """Why a zone's energy of a service is left: the first step that no site within its reach passes."""
    left_cny = town.scenario.siting.budget_cny - sum(map(town.capex, town.built))  # type: ignore[operator]
    group_kw: dict[str, float] = defaultdict(float)
    for j in town.built:
        group_kw[town.sites[j].get("feeder", "")] += drawn_kw(town, j)
    passed = 0
    for j, site in town.sites.items():
        metres = town.metres.get((zone, j, "walk" if service == "slow" else "drive"), math.inf)
        if metres > town.demand[zone, service]["reach_m"]:
            continue
        passed = max(passed, 1)
        held = {k: n for (i, k), n in town.both().items() if i == j}
        bays = site["bays"] - sum(n * town.types[k]["bays_used"] for k, n in held.items())
        few = 1 if held else site["min_station"]
        limit = town.scenario.siting.feeder_kw.get(site.get("feeder", ""), math.inf)
        for kind in (kind for kind in town.types.values() if kind["service"] == service and site["lock"] != "out"):
            kw = few * kind["coincidence"] * kind["kw_rated"]
            steps = [
                few * kind["bays_used"] <= bays and kw <= site["grid_kw"] - drawn_kw(town, j) + 1e-9,
                kw <= limit - group_kw[site.get("feeder", "")] + 1e-9,
                few * kind["price_cny"] + (0 if held else site["opening_cny"]) <= left_cny + 1e-9,
            ]
            passed = max(passed, 1 + next((n for n, step in enumerate(steps) if not step), 3))
    return ("out_of_reach", "full", "grid", "budget", "quota")[passed]


def drawn_kw(town: Town, site: str) -> float:
    return float(
        sum(n * town.types[k]["coincidence"] * town.types[k]["kw_rated"] for (j, k), n in town.new.items() if j == site)
    )


def test_zones(town: Town) -> None:
    today, then = town.within(town.standing), town.within(town.both())
    rows: Rows = {}
    for zone in town.zones:
        left = {s: town.left(zone, s) for z, s in town.demand if z == zone}
        most = max(left, key=lambda s: (left[s], s == "fast"))
        rows[zone] = {
            "public_kwh_day": float(town.public(zone)),
            "served_kwh_day": float(town.served(zone, town.trips)),
            "unserved_kwh_day": float(sum(left.values())),
            "within_norm_today": today[zone],
            "within_norm": then[zone],
            "reason": reason(town, zone, most) if left[most] else "",
        }
    same(town.d.assessment.zones, rows)


# ---- stations, types, tasks -----------------------------------------------------------------------------------------


def test_sites(town: Town) -> None:
    both, table = town.both(), town.d.assessment.sites
    order = sorted(town.built, key=lambda j: (-table.loc[j, "lost_worth_kwh_day"], j))
    rows: Rows = {}
    for j in town.built:
        mine = {k: n for (i, k), n in town.new.items() if i == j}
        here = {key: kwh for key, kwh in town.trips.items() if key[1] == j}
        served, moved = sum(here.values()), sum(kwh * town.way(*key) for key, kwh in here.items())
        piles = dict.fromkeys(SERVICES, 0)
        for k, n in mine.items():
            piles[town.types[k]["service"]] += int(n * town.types[k]["quota_units"])
        idle = False
        for k in mine:
            s, n = town.types[k]["service"], both[j, k]
            spare = town.station_kwh(both, j, s) - sum(kwh for (_, _, way), kwh in here.items() if way == s)
            last = town.carried(k, n) - town.carried(k, n - 1)
            idle |= spare >= last * (1 - 1e-6)
        standing = sum(n * town.types[k]["quota_units"] for (i, k), n in town.standing.items() if i == j)
        rows[j] = {
            "existing_total": int(standing),
            **{f"new_{s}": piles[s] for s in ("slow", "fast", "heavy")},
            "new_swap": town.swaps(j),
            "new_total": sum(piles.values()),
            "power_kw": town.of_new(j, "kw_rated"),
            "capex_cny": town.capex(j),
            "served_kwh_day": float(served),
            "utilisation": float(served / sum(town.station_kwh(both, j, s) for s in SERVICES)),
            "metres_mean": float(over(moved, served)),
            "rank": order.index(j) + 1,
            "headroom": idle,
        }
        told = f"serves {len({z for z, _, _ in here})} zones, {served:,.0f} kWh/day"
        assert told in table.loc[j, "reason_en"] or not served
    same(table, rows, but=WHY)


def test_types(town: Town) -> None:
    rows: Rows = {}
    for kind, figures in town.types.items():
        mine = [(n, town.standing.get((j, k), 0)) for (j, k), n in town.new.items() if k == kind]
        rows[kind] = {
            "chargers": sum(n for n, _ in mine),
            "carried_kwh_day": float(sum(town.carried(kind, n + old) - town.carried(kind, old) for n, old in mine)),
            "fixed_kwh_day": float(sum(n for n, _ in mine) * figures["energy_kwh_day"]),
            "alone_kwh_day": float(sum(n for n, _ in mine) * town.carried(kind, 1)),
        }
    same(town.d.assessment.types, rows)


def test_breakdown_tasks_and_what_each_year_builds(town: Town) -> None:
    """Sites open in the year of their first chargers, and pay their opening then."""
    assessment = town.d.assessment
    nothing = {"chargers": 0, "swap_stations": 0, "stations": 0, "power_kw": 0.0, "capex_cny": 0.0}
    cells: Rows = {}
    seen: set[str] = set()
    for year, each in town.d.years.items():
        first = {j for j, _ in each.added.index} - seen
        seen |= first
        for j in first:
            cell = cells.setdefault((town.sites[j]["task_unit"], year, town.sites[j]["kind"]), dict(nothing))
            cell["stations"] += 1
            cell["capex_cny"] += float(town.sites[j]["opening_cny"]) if j in town.opened else 0.0
        for (j, k), n in each.added["count"].items():
            cell = cells.setdefault((town.sites[j]["task_unit"], year, town.sites[j]["kind"]), dict(nothing))
            cell["chargers"] += int(n * town.types[k]["quota_units"])
            cell["swap_stations"] += int(n * town.types[k]["battery_swap"])
            cell["power_kw"] += float(n * town.types[k]["kw_rated"])
            cell["capex_cny"] += float(n * town.types[k]["price_cny"])
    kinds = sorted({kind for _, _, kind in cells})
    every = list(product(town.districts, town.d.years, kinds))
    same(assessment.breakdown, {key: cells.get(key, nothing) for key in every})

    def sums(place: int, value: Any) -> dict[str, Any]:
        mine = [row for key, row in cells.items() if key[place] == value]
        return {name: sum((row[name] for row in mine), start=none) for name, none in nothing.items()}

    tasks: Rows = {}
    for unit in town.districts:
        row, asked = sums(0, unit), town.scenario.siting.tasks.get(unit, 0)
        short = max(asked - row["chargers"], 0)
        tasks[unit] = {"task": asked, "met": not short, "shortfall": short}
        tasks[unit] |= {name: row[name] for name in ("chargers", "stations", "power_kw", "capex_cny")}
    same(assessment.tasks, tasks)

    standing, rows, by_zone = dict(town.standing), {}, {}
    for year, each in town.d.years.items():
        for key, n in each.added["count"].items():
            standing[key] = standing.get(key, 0) + n
        demand, trips = each.demand, each.assignment["energy_kwh_day"]
        for z in town.zones:
            public, kept = (
                float(sum(v for (zone, _), v in demand[f"{what}_kwh_day"].items() if zone == z))
                for what in ("public", "standing")
            )
            served = kept + float(sum(v for (zone, _, _), v in trips.items() if zone == z))
            by_zone[year, z] = {"public_kwh_day": public, "served_kwh_day": served}
        within, people = town.within(standing), {z: zone["residents"] for z, zone in town.zones.items()}
        totals = {
            name: sum(row[name] for (y, _), row in by_zone.items() if y == year)
            for name in ("public_kwh_day", "served_kwh_day")
        }
        rows[year] = {
            **sums(1, year),
            **totals,
            "chargers_standing": int(sum(n * town.types[k]["quota_units"] for (_, k), n in standing.items())),
            "served_share": totals["served_kwh_day"] / totals["public_kwh_day"],
            "within_norm_share": float(sum(n for z, n in people.items() if within[z]) / sum(people.values())),
            "value_kwh_day": each.proof.value_kwh_day,
            "bound_kwh_day": each.proof.bound_kwh_day,
        }
    same(assessment.years, rows)
    same(assessment.zone_years, by_zone)


# ---- grid, money, emissions -----------------------------------------------------------------------------------------


def transformers(needed_kva: float) -> tuple[float, int]:
    """The fewest of 50, 100 or 150 kVA, then the smallest; tried one by one."""
    if needed_kva <= 0:
        return 0.0, 0
    return min(((size, n) for n in range(1, 99) for size in (50.0, 100.0, 150.0) if size * n >= needed_kva - 1e-9),
               key=lambda pair: (pair[1], pair[0]))  # fmt: skip


def peak(hours: list[float]) -> dict[str, float]:
    most = max(hours)
    return {"peak_hour": float(hours.index(most)) if most > 0 else math.nan, "peak_kw": float(most)}


def upgrades(town: Town) -> dict[str, float]:
    """What every built site's transformers cost beyond its opening: power factor 0.8, loaded to a half, 1,000 a kVA."""
    beyond = {}
    for j in town.built:
        size, count = transformers(drawn_kw(town, j) / 0.8 / 0.5 if town.of_new(j, "kw_rated") > 100 else 0.0)
        opening = town.sites[j]["opening_cny"] if j in town.opened else 0.0
        beyond[j] = max(size * count * 1000 - opening, 0.0)
    return beyond


def test_grid(town: Town) -> None:
    grid, energy = town.d.assessment.grid, town.energy_of_new()
    assert grid is not None
    fed = "feeder" in town.d.sites
    beyond = upgrades(town)
    group_of = {j: (site["feeder"] or "–") if fed else site["district"] for j, site in town.sites.items()}
    rows: Rows = {}
    for j in town.built:
        kw, rated = drawn_kw(town, j), town.of_new(j, "kw_rated")
        size, count = transformers(kw / 0.8 / 0.5 if rated > 100 else 0.0)  # nobody has measured its headroom
        room = float(town.sites[j]["grid_kw"])
        rows[j] = {
            "group": group_of[j],
            "connected_kw": rated,
            "coincident_kw": kw,
            "headroom_kw": room,
            "headroom_used_share": over(kw, room),
            **peak(town.load(energy, [j])),
            "transformer_kva": size,
            "transformer_count": count,
            "transformer_cny": size * count * 1000,
            "upgrade_cny": beyond[j],
        }
        assert grid.site_load.loc[j].tolist() == pytest.approx(town.load(energy, [j]))
    same(grid.sites, rows)

    def together(sites: list[str], stated: float | None) -> dict[str, Any]:
        row: dict[str, Any] = {
            name: float(sum(rows[j][name] for j in sites))
            for name in ("connected_kw", "coincident_kw", "transformer_cny", "upgrade_cny")
        }
        room = sum(rows[j]["headroom_kw"] for j in sites) if stated is None else stated
        kva = [(rows[j]["transformer_kva"], rows[j]["transformer_count"]) for j in sites]
        row |= {"sites": len(sites), "headroom_kw": room, "headroom_used_share": over(row["coincident_kw"], room)}
        row |= {"transformers": sum(n for _, n in kva), "total_kva": float(sum(size * n for size, n in kva))}
        return row | peak(town.load(energy, sites))

    stated = town.scenario.siting.feeder_kw
    groups: Rows = {}
    for group in sorted(set(group_of.values())) if fed else town.districts:
        mine = [j for j in town.built if group_of[j] == group]
        groups[group] = together(mine, stated.get(group)) | {"headroom_stated": group in stated}
        assert grid.group_load.loc[group].tolist() == pytest.approx(town.load(energy, mine))
    same(grid.groups, groups)
    names = {"F1": "一线"}  # F2 bears no name
    assert grid.groups["name_zh"].to_dict() == {group: names.get(group, group) for group in groups}
    city = together(town.built, sum(group["headroom_kw"] for group in groups.values()))
    used = {group: row["headroom_used_share"] for group, row in groups.items() if row["headroom_used_share"] > 0}
    city["fullest_group"] = max(used, key=lambda group: used[group])
    same(grid.city.to_frame("city").T, {"city": city})


def test_money(town: Town) -> None:
    """0.5 a kWh, 1.0 at 11 and 12, 0.2 from 0 to 4; fees 0.4, a tenth the platforms'; 4 % a year, rent 1,000 a bay."""
    money, energy, beyond = town.d.assessment.money, town.energy_of_new(), upgrades(town)
    assert money is not None
    price = [0.2] * 5 + [0.5] * 6 + [1.0] * 2 + [0.5] * 11

    def row(sites: list[str]) -> dict[str, float]:
        mine = {(j, k): n for (j, k), n in town.new.items() if j in sites}
        chargers = sum(n * town.types[k]["price_cny"] for (_, k), n in mine.items())
        opening = sum(town.sites[j]["opening_cny"] for j in sites if j in town.opened)
        upgrade = sum(beyond[j] for j in sites)
        own = sum(n * 7000 if k == "hd" else n * 0.04 * town.types[k]["price_cny"] for (_, k), n in mine.items())
        opex = (
            own + 0.04 * (opening + upgrade) + sum(n * town.types[k]["bays_used"] * 1000 for (_, k), n in mine.items())
        )
        kwh = bought = 0.0
        for (j, s, fleet), day in energy.items():
            if j in sites:
                year = day * town.year_of(fleet)[0]
                shape = HOURS.get((fleet, s), [1 / 24] * 24)
                kwh += year
                bought += year * sum(share * cny for share, cny in zip(shape, price, strict=True))
        capex, income = chargers + opening + upgrade, kwh * 0.4 * 0.9
        gain = income - opex
        return {
            "chargers_cny": float(chargers),
            "opening_cny": float(opening),
            "upgrade_cny": float(upgrade),
            "capex_cny": float(capex),
            "opex_cny_year": float(opex),
            "annuity_cny_year": capex / 2,  # two years without interest
            "kwh_year": kwh,
            "cost_cny_kwh": over(capex / 2 + opex, kwh),
            "energy_cny_year": bought,
            "energy_cny_kwh": over(bought, kwh),
            "income_cny_year": income,
            "payback_years": math.nan if not capex else capex / gain if gain > 0 else math.inf,
        }

    same(money.city.to_frame("city").T.astype(float), {"city": row(town.built)})
    by_district = {d: row([j for j in town.built if town.sites[j]["district"] == d]) for d in town.districts}
    same(money.districts, by_district)
    load = town.load(energy, town.built)
    hours: Rows = {
        hour: {
            "energy_cny_kwh": price[hour],
            "service_fee_cny_kwh": 0.4,
            "tariff_cny_kwh": price[hour] + 0.4,
            "load_kw": load[hour],
            "fee_cny": load[hour] * 0.4,
            "energy_cny": load[hour] * price[hour],
        }
        for hour in range(24)
    }
    same(money.hours, hours)


def test_emissions(town: Town) -> None:
    """Low: the fuel's low figure with the grid's high one; no end above two fifths of what the fuel would emit."""
    energy, rows = town.energy_of_new(), {}
    petrol = ("petrol", (150, 200, 250), (0.01, 0.02, 0.03), (0.05, 0.1, 0.2))
    diesel = ("diesel", (800, 900, 1000), (1, 2, 4), (math.nan,) * 3)
    of_fleet = {"cars": petrol, "trucks": diesel, "taxis": ("", (math.nan,) * 3, (math.nan,) * 3, (math.nan,) * 3)}
    for fleet in town.scenario.fleets:
        day = sum(kwh for (_, _, name), kwh in energy.items() if name == fleet)
        if not day:
            continue
        kwh, km = (day * each for each in town.year_of(fleet))
        fuel, co2, nox, voc = of_fleet[fleet]
        row: dict[str, Any] = {"fuel": fuel, "kwh_year": kwh, "km_year": km}
        for end, g, grid_kg, g_nox, g_voc in zip(("low", "base", "high"), co2, (0.7, 0.6, 0.5), nox, voc, strict=True):
            burnt = km * g / 1e6
            row[f"co2_t_{end}"] = burnt if math.isnan(burnt) else min(burnt - kwh * grid_kg / 1e3, 0.4 * burnt)
            row[f"nox_t_{end}"], row[f"voc_t_{end}"] = km * g_nox / 1e6, km * g_voc / 1e6
        row["co2_share"] = row["co2_t_base"] / (km * co2[1] / 1e6)
        rows[fleet] = row
    same(town.d.assessment.emissions, rows)


# ---- all together ---------------------------------------------------------------------------------------------------


def test_the_drawn_towns_have_everything_that_could_go_wrong() -> None:
    """Swap stations, truck chargers, dc of two piles, new chargers beside standing ones, several reasons, feeders."""
    towns = [Town(drawn(seed)) for seed in SEEDS]
    anywhere: Callable[[Callable[[Town], bool]], bool] = lambda test: any(map(test, towns))  # noqa: E731
    assert anywhere(lambda t: any(k == "sw" for _, k in t.new)) and anywhere(lambda t: any(k == "hd" for _, k in t.new))
    assert anywhere(lambda t: bool(set(t.new) & set(t.standing)))
    assert anywhere(lambda t: "feeder" in t.d.sites) and anywhere(lambda t: "feeder" not in t.d.sites)
    assert len({reason for t in towns for reason in t.d.assessment.zones["reason"]}) >= 3
    assert all(len(t.districts) == 3 and len(t.d.years) == 2 for t in towns)
    assert anywhere(lambda t: bool(t.d.assessment.sites["headroom"].any()))
