"""Where chargers may stand: real places by kind, today's stations, and generated points that fill gaps on streets."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.faults import BadInput, Fault, refuse, some
from planner.layers import Layers
from planner.scenario import Candidates, Existing, Scenario
from planner.tables import SITES, check_table
from planner.words import Text


def find_sites(layers: Layers, scenario: Scenario) -> gpd.GeoDataFrame:
    """Candidate sites of a study area.

    Places of usable kinds become sites (of several within `spacing_m` the most capable one stands for all), located
    chargers outside them become sites of kind ``existing``, and points along the streets fill the gaps, densest
    neighbourhood first, at the ring's `gap_spacing_m`. Town halls, hospitals and the like (``institution = equipped``)
    are locked in with `required_min_chargers`, reserved ones (schools: conduits, no chargers yet) out; generated sites
    and assumed bays are marked.

    Parameters
    ----------
    layers
        Places, streets, zones, districts, today's chargers, and task units and feeders where there are any.
    scenario
        Kinds of place, what generated sites are like, how far apart they stand, and what is stated of single sites.

    Returns
    -------
    GeoDataFrame
        The table ``sites``, index site_id (place id, charger id or ``g00001``), sorted, in the working CRS; beside its
        columns ``name_en`` and ``bays_assumed``; ``feeder`` where the places have it or a layer of feeders says it.

    Raises
    ------
    BadInput
        A place of a kind the scenario does not define, a charger with the id of a place, a lock, bays or grid headroom
        of an unknown site, or a feeder area without any site.
    """
    rules = scenario.candidates
    real = _real_sites(layers, scenario)
    generated = _generated_sites(layers, real, rules)
    sites = pd.concat([real, generated]) if len(generated) else real
    sites = gpd.GeoDataFrame(sites, geometry="geometry", crs=layers.zones.crs)
    sites = _with_kind_figures(sites, scenario)
    sites["bays"] = _bays_with_standing(layers, sites, scenario)
    sites["district"] = _area_of(sites.geometry, layers.districts)
    sites["task_unit"] = _task_unit(sites, layers.task_units)
    sites["name_zh"] = _names(sites, scenario)
    if "feeder" in sites or len(layers.feeders):
        sites["feeder"] = _feeder(sites, layers.feeders)
    sites = overruled(sites.sort_index(), scenario)
    return gpd.GeoDataFrame(check_table(sites, SITES), geometry="geometry", crs=layers.zones.crs)


def overruled(sites: gpd.GeoDataFrame, scenario: Scenario) -> gpd.GeoDataFrame:
    """Sites with the bays, grid headroom and locks that the scenario states for single ones.

    Required institutions are locked in where their bays suffice, reserved ones out, unless the scenario says otherwise.

    Raises
    ------
    BadInput
        It states something of an unknown site.
    """
    siting, rules = scenario.siting, scenario.candidates
    stated: dict[str, Collection[str]] = {
        "siting.lock_in": siting.lock_in,
        "siting.lock_out": siting.lock_out,
        "siting.lock_free": siting.lock_free,
        "candidates.bays": rules.bays,
        "candidates.grid_kw": rules.grid_kw,
    }
    refuse(
        Fault(
            f"scenario, key {key}",
            en=f"no site {some(missing)}; see candidates.geojson for ids",
            zh=f"没有站点 {some(missing)}；编号见 candidates.geojson",
        )
        for key, ids in stated.items()
        if (missing := sorted(set(ids) - set(sites.index)))
    )
    known = sites.index.isin(list(rules.bays))
    sites = sites.assign(
        bays=sites.index.to_series().map(rules.bays).fillna(sites["bays"]).astype(float),
        bays_assumed=sites["bays_assumed"] & ~known,
        grid_kw=sites.index.to_series().map(rules.grid_kw).fillna(sites["grid_kw"]).astype(float),
    )
    required = (sites["institution"] == "equipped") & (sites["bays"] >= sites["min_station"])
    lock = np.select([required, sites["institution"] == "reserved"], ["in", "out"], "free")
    for name in ("free", "in", "out"):
        lock = np.where(sites.index.isin(stated[f"siting.lock_{name}"]), name, lock)
    return sites.assign(lock=lock)


def standing_chargers(layers: Layers, sites: gpd.GeoDataFrame, existing: Existing) -> pd.DataFrame:
    """Today's located chargers at the sites they stand at: the table ``chargers``.

    Stations of unknown size or type carry nothing, unless the scenario says what to assume for them
    (``count_where_unknown``, ``type_where_unknown``).
    """
    known = _with_assumed(layers.chargers, existing)
    if known.empty:
        return pd.DataFrame({"count": []}, index=pd.MultiIndex.from_arrays([[], []], names=["site_id", "charger_type"]))
    near = cKDTree(_xy(sites.geometry)).query(_xy(known.geometry))[1]
    placed = known.assign(site_id=sites.index[near])
    counts: pd.Series = placed.groupby(["site_id", "charger_type"])["count"].sum()
    return counts.to_frame().sort_index()


def _with_assumed(chargers: gpd.GeoDataFrame, existing: Existing) -> gpd.GeoDataFrame:
    """The located chargers whose count and type are known or assumed."""
    count, kind = chargers["count"], chargers["charger_type"]
    if existing.count_where_unknown is not None:
        count = count.fillna(round(existing.count_where_unknown.base))
    if existing.type_where_unknown is not None:
        kind = kind.fillna(existing.type_where_unknown)
    return chargers.assign(count=count, charger_type=kind)[count.notna() & kind.notna()]


def _real_sites(layers: Layers, scenario: Scenario) -> gpd.GeoDataFrame:
    places = layers.places
    refuse(
        Fault.of(f"places, column kind, row {some(places.index[places['kind'] == kind])}", _no_section(kind))
        for kind in sorted(set(places["kind"]) - set(scenario.kinds))
    )
    usable = places[places["kind"].map({k: v.usable for k, v in scenario.kinds.items()}).astype(bool)]
    feeder = ["feeder"] if "feeder" in usable else []
    sites = usable[["name_zh", "name_en", "kind", "bays", *feeder, "geometry"]].assign(modelled=False)
    standing = layers.chargers[["name_zh", "geometry"]]
    if len(standing):
        far = cKDTree(_xy(sites.geometry)).query(_xy(standing.geometry))[0] > scenario.candidates.spacing_m
        standing = standing[far].assign(name_en=None, kind="existing", bays=np.nan, modelled=False)
        en, zh = "has the id of a place; rename one of them", "编号与某一地点相同，请将其一改名"
        refuse(Fault(f"chargers, row {charger}", en=en, zh=zh) for charger in standing.index.intersection(sites.index))
        if len(standing) and "existing" not in scenario.kinds:
            raise BadInput([Fault.of(f"chargers, row {some(standing.index)}", _no_section("existing"))])
        sites = pd.concat([sites, standing]) if len(sites) else standing
    return _thinned(sites.rename_axis("site_id"), scenario)


def _no_section(kind: str) -> Text:
    return Text(
        en=f"kind {kind!r} has no section [kinds.{kind}] in the scenario; add it",
        zh=f"类型 {kind!r} 在情景中没有 [kinds.{kind}] 一节，请补充",
    )


def before_locks(sites: pd.DataFrame) -> pd.DataFrame:
    """The sites as every year but the last has them: those locked in are free until then."""
    return sites.assign(lock=sites["lock"].where(sites["lock"] != "in", "free")) if "lock" in sites else sites


def _thinned(sites: gpd.GeoDataFrame, scenario: Scenario) -> gpd.GeoDataFrame:
    """Of sites closer than `spacing_m` keep the most capable one.

    Today's stations and locked-in sites come first, then required institutions, then bays, then id.
    """
    kind = sites["kind"].map(lambda k: scenario.kinds[k])
    rank = pd.DataFrame(
        {
            "standing": -((sites["kind"] == "existing") | sites.index.isin(scenario.siting.lock_in)).astype(int),
            "required": -kind.map(lambda k: k.institution == "equipped").astype(int),
            "bays": -sites["bays"].fillna(kind.map(lambda k: k.bays.base)),
        },
        index=sites.index,
    )
    order = rank.sort_index().sort_values(["standing", "required", "bays"], kind="stable").index
    kept = _spaced(sites.loc[order], np.full(len(sites), scenario.candidates.spacing_m), _xy(sites.geometry)[:0])
    return sites.loc[order[kept]].sort_index()


def _spaced(ordered: gpd.GeoDataFrame, spacing_m: np.ndarray, taken_xy: np.ndarray) -> np.ndarray:
    """Positions kept when walking down `ordered`: each at least its `spacing_m` from those taken or kept before."""
    xy = _xy(ordered.geometry)
    free = np.ones(len(xy), bool)
    if len(taken_xy):
        free &= cKDTree(taken_xy).query(xy)[0] >= spacing_m
    tree = cKDTree(xy)
    kept = []
    for i in range(len(xy)):
        if free[i]:
            kept.append(i)
            near = np.asarray(tree.query_ball_point(xy[i], spacing_m[i:].max()), int)
            later = near[near > i]
            distance = np.hypot(*(xy[later] - xy[i]).T)
            free[later[distance < spacing_m[later]]] = False
    return np.array(kept, int)


def _generated_sites(layers: Layers, real: gpd.GeoDataFrame, rules: Candidates) -> gpd.GeoDataFrame:
    """Points along the streets, where no other site is near, densest neighbourhood first."""
    streets = layers.streets
    lines = streets.geometry[streets["road_class"].isin(rules.gap_classes) | (not rules.gap_classes)]
    points = [
        line.interpolate(along) for line in lines for along in np.arange(0.0, line.length + 1e-9, rules.gap_step_m)
    ]
    table = gpd.GeoDataFrame(geometry=points, crs=lines.crs)
    table = table[table.geometry.intersects(layers.districts.union_all())]
    if table.empty:
        return real.iloc[:0]
    xy = _xy(table.geometry)
    zone_xy, residents = _xy(layers.zones.geometry.centroid), layers.zones["residents"].to_numpy(float)
    zone_tree = cKDTree(zone_xy)
    table["density"] = [residents[near].sum() for near in zone_tree.query_ball_point(xy, 1_000.0)]
    table["zone"] = layers.zones.index[zone_tree.query(xy)[1]]
    table["x"], table["y"] = xy.T
    table = table.sort_values(["density", "x", "y"], ascending=[False, True, True])
    spacing = layers.zones["ring"].reindex(table["zone"]).map(rules.gap_spacing_m).to_numpy(float)
    kept = table.iloc[_spaced(table, spacing, _xy(real.geometry))]
    district = layers.zones["district"]
    near_name = layers.zones.get("township", district).fillna(district).reindex(kept["zone"]).to_numpy()
    number = pd.Series(near_name).groupby(near_name).cumcount() + 1
    return gpd.GeoDataFrame(
        {
            "name_zh": [f"{name} 待选点 {n}" for name, n in zip(near_name, number, strict=True)],
            "name_en": None,
            "kind": rules.gap_kind,
            "bays": np.nan,
            "modelled": True,
        },
        geometry=kept.geometry.to_numpy(),
        crs=lines.crs,
        index=pd.Index([f"g{n:05d}" for n in range(1, len(kept) + 1)], name="site_id"),
    )


def _with_kind_figures(sites: gpd.GeoDataFrame, scenario: Scenario) -> gpd.GeoDataFrame:
    """Bays, grid headroom, opening cost and institution from the kind, where the place does not bring its own."""
    kind = sites["kind"].map(lambda k: scenario.kinds[k])
    given = pd.to_numeric(sites["bays"])
    return sites.assign(
        bays_assumed=given.isna(),
        bays=given.fillna(kind.map(lambda k: k.bays.base)),
        grid_kw=kind.map(lambda k: k.grid_kw.base),
        opening_cny=kind.map(lambda k: k.opening_cny.base),
        institution=kind.map(lambda k: k.institution),
        min_station=np.where(
            kind.map(lambda k: k.institution == "equipped"),
            min(scenario.candidates.required_min_chargers, scenario.siting.min_station),
            scenario.siting.min_station,
        ),
    )


def _bays_with_standing(layers: Layers, sites: gpd.GeoDataFrame, scenario: Scenario) -> pd.Series:
    """Bays of the sites; assumed ones are no fewer than today's chargers there take up."""
    standing = standing_chargers(layers, sites, scenario.existing)
    per_charger = {name: kind.bays_used for name, kind in scenario.charger_types.items()}
    bays: pd.Series = sites["bays"]
    if standing.empty:
        return bays
    taken = standing["count"] * standing.index.get_level_values("charger_type").map(per_charger)
    least = taken.groupby(level="site_id").sum().reindex(sites.index, fill_value=0.0)
    return bays.where(~sites["bays_assumed"] | (bays >= least), least)


def _names(sites: gpd.GeoDataFrame, scenario: Scenario) -> pd.Series:
    """A readable name for every site: its own, or its kind and id."""
    kind = sites["kind"].map(lambda k: scenario.kinds[k].name_zh)
    own: pd.Series = sites["name_zh"].where(sites["name_zh"].notna() & (sites["name_zh"] != ""))
    return own.fillna(kind + " " + sites.index.to_series())


def _area_of(points: gpd.GeoSeries, areas: gpd.GeoDataFrame) -> pd.Series:
    """The area each point lies in, or the nearest one."""
    joined = gpd.sjoin_nearest(gpd.GeoDataFrame(geometry=points), areas[["geometry"]])
    area: pd.Series = joined.groupby(level=0)[str(areas.index.name)].min()
    return area.reindex(points.index)


def _task_unit(sites: gpd.GeoDataFrame, task_units: gpd.GeoDataFrame) -> pd.Series:
    """The development zone a site lies in, or else its district: exactly one unit each."""
    district: pd.Series = sites["district"]
    if task_units.empty:
        return district
    inside = gpd.sjoin(sites[["geometry"]], task_units[["geometry"]], predicate="within")
    zone: pd.Series = inside.groupby(level=0)["task_unit"].min()
    return zone.reindex(sites.index).fillna(district)


def _feeder(sites: gpd.GeoDataFrame, feeders: gpd.GeoDataFrame) -> pd.Series:
    """The feeder group of a site: its place's, or else the area it lies in (of several the first id), or none ("")."""
    inside = gpd.sjoin(sites[["geometry"]], feeders[["geometry"]], predicate="within")
    area = inside.groupby(level=0)["feeder"].min().reindex(sites.index)
    own = sites.get("feeder", area)
    feeder: pd.Series = own.where(own != "").fillna(area).fillna("")
    bare = sorted(set(feeders.index) - set(feeder))
    en = "no candidate site hangs on it; correct its outline or remove it"
    zh = "该馈线组内没有候选站点，请更正范围或删除"
    refuse([Fault(f"feeders, row {some(bare)}", en=en, zh=zh)] if bare else [])
    return feeder


def with_feeder_headroom(scenario: Scenario, feeders: gpd.GeoDataFrame) -> Scenario:
    """The scenario with the layer's headroom in siting.feeder_kw, where it does not state a feeder's itself."""
    known = feeders["headroom_kw"].dropna() if "headroom_kw" in feeders else pd.Series(dtype=float)
    if known.empty:
        return scenario
    stated = {str(name): float(kw) for name, kw in known.items()} | scenario.siting.feeder_kw
    return scenario.model_copy(update={"siting": scenario.siting.model_copy(update={"feeder_kw": stated})})


def _xy(points: gpd.GeoSeries) -> np.ndarray:
    return np.column_stack([points.x.to_numpy(), points.y.to_numpy()])
