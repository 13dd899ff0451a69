"""Places of a study area: OpenStreetMap's features by a table of kinds, or a layer of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from planner.faults import BadInput, Fault, refuse, some
from planner.files.readers import TABLES, column, read_features, read_table, within
from planner.scenario import Kind
from planner.sources.osm import EXTRACTS, Area, Tags, read_osm_features
from planner.tables import MOST_BAYS
from planner.words import Say, Text

CHARGING = "charging"
_SAME_PLACE_M = 300.0
_COLUMNS = ["kind", "name_zh", "name_en", "bays", "source", "geometry"]
_WRONG_RULE = Text(
    en="needs key, value, kind, named = yes or no, and as bays_per_capacity a share or nothing",
    zh="需填写 key、value、kind，named 为 yes 或 no，bays_per_capacity 为比例或留空",
)
_RULE_COLUMNS = ("key", "value", "unless", "named", "kind", "bays_per_capacity", "why")


@dataclass(frozen=True)
class KindRule:
    """One row of osm_kinds.csv: features that bear ``key`` with one of `values` are places of `kind`.

    Attributes
    ----------
    unless
        ``(key, values)`` of a tag that takes a feature out, or None.
    named
        Whether only named features count.
    bays_per_capacity
        Charging bays per tagged space; NaN where capacity says nothing about them.
    """

    key: str
    values: frozenset[str]
    unless: tuple[str, frozenset[str]] | None
    named: bool
    kind: str
    bays_per_capacity: float


def read_kind_rules(file: Path | None = None) -> list[KindRule]:
    """The table that turns OpenStreetMap's tags into kinds of place; the first fitting row counts.

    Parameters
    ----------
    file
        A table of one's own; by default the planner's osm_kinds.csv.

    Raises
    ------
    BadInput
        Columns missing, a row without key, value or kind, `named` other than yes or no, a share that is no number.
    """
    file = file or Path(__file__).parent / "osm_kinds.csv"
    table = read_table(file)
    rows: list[dict[str, str]] = table.where(table.notna(), "").astype(str).to_dict("records")  # type: ignore[assignment]
    missing = [name for name in _RULE_COLUMNS[:-1] if not rows or name not in rows[0]]
    refuse(Fault(f"{file}, column {name}", en="missing; add it", zh="缺少此列，请补充") for name in missing)
    refuse(
        Fault.of(f"{file}, line {line}", _WRONG_RULE)
        for line, row in enumerate(rows, 2)
        if not (row["key"] and row["value"] and row["kind"])
        or row["named"] not in ("yes", "no")
        or not _is_share(row["bays_per_capacity"])
    )
    return [_rule(row) for row in rows]


def osm_tags(rules: list[KindRule]) -> Tags:
    """What to ask OpenStreetMap for."""
    tags: dict[str, set[str]] = {}
    for rule in rules:
        tags.setdefault(rule.key, set()).update(rule.values)
    return {key: sorted(values) for key, values in sorted(tags.items())}


def places_of_osm(features: gpd.GeoDataFrame, rules: list[KindRule], source: str) -> gpd.GeoDataFrame:
    """OpenStreetMap's features as the table ``places``; areas by a point inside, doubles of one name once.

    Parameters
    ----------
    features
        EPSG:4326, tags as columns, index (element, id) as OSMnx has it.
    rules
        As `read_kind_rules` returns them.

    Returns
    -------
    GeoDataFrame
        Index place_id (``n``, ``w`` or ``r`` and the OSM id); features that no rule fits, and charging stations, left
        out.
    """
    found = [(rule, row) for row in _tags(features) if (rule := _fitting(row, rules))]
    kept = [(position, rule, row) for position, (rule, row) in enumerate(found) if rule.kind != CHARGING]
    table = gpd.GeoDataFrame(
        {
            "kind": [rule.kind for _, rule, _ in kept],
            "name_zh": [row.get("name:zh") or row.get("name") for _, _, row in kept],
            "name_en": [row.get("name:en") for _, _, row in kept],
            "bays": [_bays(rule, row) for _, rule, row in kept],
            "source": source,
        },
        geometry=[row["geometry"] for _, _, row in kept],
        crs=features.crs or 4326,
        index=pd.Index([row["osm"] for _, _, row in kept], name="place_id", dtype=object),
    )
    table = table.set_geometry(table.geometry.representative_point())
    return _without_doubles(table[~table.index.duplicated()].sort_index())


def charging_stations(features: gpd.GeoDataFrame, rules: list[KindRule]) -> gpd.GeoDataFrame:
    """The features that are charging stations, with their tags, as points; column ``osm_id``."""
    rows = [row for row in _tags(features) if (rule := _fitting(row, rules)) and rule.kind == CHARGING]
    table = gpd.GeoDataFrame(
        [{k: v for k, v in row.items() if k != "geometry"} for row in rows],
        geometry=[row["geometry"] for row in rows],
        crs=features.crs or 4326,
    ).rename(columns={"osm": "osm_id"})
    return table.set_geometry(table.geometry.representative_point()) if len(table) else table


def read_place_file(
    file: Path, area: Area, rules: list[KindRule], kinds: Mapping[str, Kind], say: Say, prefix: str | None = None
) -> gpd.GeoDataFrame:
    """The places of a file inside an area (EPSG:4326): OSM extract, or a layer or table with a column of kinds.

    A layer without such a column may carry OpenStreetMap's tags as columns (``amenity``, ``shop``) or Geofabrik's
    ``fclass``. Kinds may be written as key, Chinese or English name of the scenario's [kinds]. Ids of one's own places
    begin with `prefix`, the file's stem by default.

    Raises
    ------
    BadInput
        Not readable, no kinds or tags, kinds the scenario does not know, or nothing inside the area.
    """
    if file.suffix.lower() in EXTRACTS:
        return places_of_osm(read_osm_features(file, area, osm_tags(rules), say), rules, f"OpenStreetMap, {file.name}")
    boundary = gpd.GeoSeries([area], crs=4326)
    features = read_features(file, say, boundary)
    features = features.assign(row=np.arange(1, len(features) + 1) + (1 if file.suffix.lower() in TABLES else 0))
    features = features[within(features, boundary, file, Text(zh="地点", en="place"))].to_crs(4326)
    kind_name = column(features, "kind")
    keys = [rule.key for rule in rules if rule.key in features]
    if kind_name is None and not keys and "fclass" not in features:
        columns = some(features.columns.drop(["row", "geometry"]), 12)
        en = f"no column for the kind of place among {columns}; name it kind"
        zh = f"{columns} 中没有地点类型列，请命名为 kind"
        raise BadInput([Fault(f"{file}, header", en=en, zh=zh)])
    if kind_name is None or (keys and kind_name == "type"):
        return places_of_osm(_with_osm_ids(features), rules, f"OpenStreetMap, {file.name}")
    return _own_places(features, kind_name, kinds, file, prefix or file.stem)


def _rule(row: dict[str, str]) -> KindRule:
    key, _, values = (row["unless"] or "").partition("=")
    return KindRule(
        key=row["key"],
        values=frozenset(row["value"].split("|")),
        unless=(key, frozenset(values.split("|"))) if key else None,
        named=row["named"] == "yes",
        kind=row["kind"],
        bays_per_capacity=float(row["bays_per_capacity"] or "nan"),
    )


def _is_share(text: str) -> bool:
    return not text or (text.replace(".", "", 1).isdigit() and float(text) <= 1)


def _tags(features: gpd.GeoDataFrame) -> list[dict[str, object]]:
    """Every feature as a dictionary of its tags (missing ones absent), ``osm`` its id, ``geometry``."""
    rows = []
    for index, row in zip(features.index, features.to_dict("records"), strict=True):
        element, number = index if isinstance(index, tuple) else ("f", index)
        rows.append({"osm": f"{element[0]}{number}", **{k: v for k, v in row.items() if _is_given(v)}})
    return rows


def _is_given(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and np.isnan(value)) and value != ""


def _fitting(row: dict[str, object], rules: list[KindRule]) -> KindRule | None:
    """The first rule that a feature fits; `fclass` (Geofabrik) stands for the value of any key."""
    for rule in rules:
        value = row.get(rule.key, row.get("fclass"))
        if value not in rule.values or (rule.named and not row.get("name")):
            continue
        if rule.unless is None or row.get(rule.unless[0]) not in rule.unless[1]:
            return rule
    return None


def _bays(rule: KindRule, row: dict[str, object]) -> float:
    capacity = str(row.get("capacity", ""))
    if not capacity.isdigit() or np.isnan(rule.bays_per_capacity):
        return float("nan")
    return max(1.0, float(round(int(capacity) * rule.bays_per_capacity)))


def _with_osm_ids(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Features indexed by (element, id) where the file has ids, else by their order along x and y."""
    for name, element in (("osm_way_id", "way"), ("osm_id", "node"), ("id", "feature"), ("@id", "feature")):
        if name in features and features[name].notna().all() and features[name].is_unique:
            index = pd.MultiIndex.from_arrays([[element] * len(features), features[name].astype(str)])
            return features.set_axis(index)
    spot = features.geometry.representative_point()
    order = np.lexsort((spot.y, spot.x))
    index = pd.MultiIndex.from_arrays([["feature"] * len(features), range(1, len(features) + 1)])
    return features.iloc[order].set_axis(index)


def _own_places(
    features: gpd.GeoDataFrame, kind_name: str, kinds: Mapping[str, Kind], file: Path, prefix: str
) -> gpd.GeoDataFrame:
    words = {word: key for key, kind in kinds.items() for word in (kind.name_en, kind.name_zh, key)}
    found = features[kind_name].where(features[kind_name].notna(), "").astype(str).str.strip()
    given = _cells(features, "bays")
    bays = pd.to_numeric(given, errors="coerce").astype(float)
    whole = bays.isna() | ((bays >= 0) & (bays <= MOST_BAYS) & (bays == bays.round()))
    wrong_bays = features["row"][(given.notna() & bays.isna()) | ~whole]
    unknown = sorted(set(found) - set(words) - {""})
    row = "line" if file.suffix.lower() in TABLES else "feature"
    faults = []
    if (found == "").any():
        at = f"{file}, {row} {some(features['row'][found == ''])}"
        faults.append(Fault(at, en=f"nothing in {kind_name}; fill it", zh=f"{kind_name} 为空，请填写"))
    if unknown:
        known = ", ".join(sorted(kinds))
        en, zh = f"found {some(unknown)}; known kinds: {known}", f"现为 {some(unknown)}；已知的地点类型：{known}"
        faults.append(Fault(f"{file}, column {kind_name}", en=en, zh=zh))
    if len(wrong_bays):
        shown = some(given[wrong_bays.index].astype(str).unique())
        en = f"bays: found {shown}; whole numbers up to {MOST_BAYS:,}"
        zh = f"车位：现为 {shown}；应为不超过 {MOST_BAYS:,} 的整数"
        faults.append(Fault(f"{file}, {row} {some(wrong_bays)}", en=en, zh=zh))
    refuse(faults)
    ids = _cells(features, "id").astype(object).where(_cells(features, "id").notna(), None)
    if ids.isna().any() or ids.duplicated().any():
        spot = features.geometry.representative_point()
        ids = pd.Series(np.lexsort((spot.y, spot.x)).argsort() + 1, index=features.index)
    table = gpd.GeoDataFrame(
        {
            "kind": found.map(words).to_numpy(),
            "name_zh": _texts(features, "name_zh"),
            "name_en": _texts(features, "name_en"),
            "bays": bays.to_numpy(),
            "source": file.name,
        },
        geometry=features.geometry.representative_point().to_numpy(),
        crs=features.crs,
        index=pd.Index([f"{prefix}-{i}" for i in ids], name="place_id"),
    )
    return table[_COLUMNS].sort_index()


def _cells(features: gpd.GeoDataFrame, meaning: str) -> pd.Series:
    name = column(features, meaning)
    return features[name] if name else pd.Series([None] * len(features), index=features.index, dtype=object)


def _texts(features: gpd.GeoDataFrame, meaning: str) -> list[str | None]:
    return [str(value) if _is_given(value) else None for value in _cells(features, meaning)]


def _without_doubles(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Of one kind and name within 300 m (a node and its building) the place that knows its bays, else the first."""
    named = places[places["name_zh"].notna()]
    metric = named.geometry.to_crs(named.estimate_utm_crs()) if len(named) else named.geometry
    lost: set[object] = set()
    for _, group in named.groupby(["kind", "name_zh"]):
        if len(group) < 2:
            continue
        order = group.assign(unknown=group["bays"].isna()).sort_values("unknown", kind="stable").index
        xy = np.column_stack([metric.loc[order].x, metric.loc[order].y])
        for first, second in sorted(cKDTree(xy).query_pairs(_SAME_PLACE_M)):
            if order[first] not in lost:
                lost.add(order[second])
    return places.loc[~places.index.isin(list(lost)), _COLUMNS]
