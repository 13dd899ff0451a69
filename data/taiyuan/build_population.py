"""Residents, modelled: census by district, shared out to townships, then to 500 m squares."""

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from planner.sources.people.census import dwelling_pull, rescale, settled, spread_totals
from planner.sources.zones import district_of_centre, inhabited, make_zones, with_rings

SIDE_M = 500
PEOPLE_PER_COMMUNITY, PEOPLE_PER_VILLAGE = 3_500, 1_000  # typical sizes; only their ratio matters within a district
HILL_DISTRICTS, PEOPLE_PER_HILL_VILLAGE = ("阳曲县", "娄烦县", "古交市"), 600  # villages of the hills are smaller

SQUARES_PER_COMMUNITY, SQUARES_PER_VILLAGE = 3, 8  # at most so many squares are settled; the rest stay empty


# ---- townships -------------------------------------------------------------------------------------------------


def locate_townships(
    townships: pd.DataFrame,
    boxes: dict[str, tuple[float, float, float, float]],
    stand_ins: pd.DataFrame,
    districts: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Townships with district, box (west, south, east, north in degrees, WGS84) and how it was found.

    `located` is "box" where the package has one under the same or a former name, "estimated" where it was drawn or
    put together by `stand_ins` (township_boxes.csv), whose column `why` gives the reason.
    """
    townships = townships.copy()
    townships["district"] = townships["area_code"].map(districts.set_index("code")["district"])
    townships["located"] = "box"
    extent = pd.DataFrame(
        [boxes.get(name, (np.nan,) * 4) for name in townships["name_zh"]],
        index=townships.index,
        columns=["box_west", "box_south", "box_east", "box_north"],
    )
    for row in stand_ins.itertuples():
        townships.loc[row.township_id, "district"] = row.district
        drawn = (row.west, row.south, row.east, row.north)
        parts = [boxes[name] for name in row.boxes.split("+")] if row.boxes else [drawn]
        west, south, east, north = np.array(parts, dtype=float).T
        extent.loc[row.township_id] = west.min(), south.min(), east.max(), north.max()
        townships.loc[row.township_id, "located"] = "box" if row.why.startswith("same unit") else "estimated"
    missing = townships.index[extent.isna().any(axis=1) | townships["district"].isna()]
    if len(missing):
        raise ValueError(f"Townships without a box or district: {', '.join(missing)}; add them to township_boxes.csv.")
    townships["lon"] = extent[["box_west", "box_east"]].mean(axis=1)
    townships["lat"] = extent[["box_south", "box_north"]].mean(axis=1)
    return townships.join(extent).drop(columns="area_code")


def township_weight(townships: pd.DataFrame) -> pd.Series:
    """Expected people by number of communities and villages, before scaling to the census."""
    return expected_people(townships).sum(axis=1)


def expected_people(townships: pd.DataFrame) -> pd.DataFrame:
    """Expected people in communities (`town`) and in villages (`village`) of each township."""
    in_hills = townships["district"].isin(HILL_DISTRICTS)
    per_village = np.where(in_hills, PEOPLE_PER_HILL_VILLAGE, PEOPLE_PER_VILLAGE)
    town, village = townships["communities"] * PEOPLE_PER_COMMUNITY, townships["villages"] * per_village
    return pd.DataFrame({"town": town, "village": village})


# ---- squares ---------------------------------------------------------------------------------------------------


def make_squares(districts: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """500 m squares of the working CRS with their district and `holds_place`.

    A square belongs to the district of its centre. A square on the rim whose centre is outside the city counts only
    if it holds a usable place; it then belongs to that place's district.
    """
    named = districts.set_index("district")
    squares = make_zones(named, SIDE_M)
    held = places[places["kind"] != "other"].drop(columns="district").assign(district_place=places["district"])
    held = held[["district_place", "geometry"]].sjoin(squares[["geometry"]], predicate="within")
    of_place = held.drop_duplicates("zone_id").set_index("zone_id")["district_place"].reindex(squares.index)
    squares["district"] = district_of_centre(squares, named).fillna(of_place)
    return squares.assign(holds_place=of_place.notna()).dropna(subset="district")


def assign_townships(squares: pd.DataFrame, townships: pd.DataFrame, crs: object) -> pd.DataFrame:
    """Columns township_id and off_centre per square: the township of its district in whose box it lies most centrally.

    Boxes overlap, so a square goes where its distance from the box's middle, in half-sides of the box, is smallest;
    off_centre is that distance. Every inhabited township gets at least one square.
    """
    extent = townships[["box_west", "box_south", "box_east", "box_north"]]
    bounds = gpd.GeoSeries([box(*b) for b in extent.to_numpy()], index=townships.index, crs=4326).to_crs(crs).bounds
    found = []
    for district, group in squares.groupby("district"):
        ids = townships.index[(townships["residents"] > 0) & (townships["district"] == district)]
        west, south, east, north = bounds.loc[ids].to_numpy().T
        x = group[["easting_m"]].to_numpy() + SIDE_M / 2
        y = group[["northing_m"]].to_numpy() + SIDE_M / 2
        off = np.hypot((2 * x - west - east) / (east - west), (2 * y - south - north) / (north - south))
        nearest = off.argmin(axis=1)
        for missed in sorted(set(range(len(ids))) - set(nearest)):
            nearest[off[:, missed].argmin()] = missed
        rows = {"township_id": ids[nearest], "off_centre": off[np.arange(len(group)), nearest]}
        found.append(pd.DataFrame(rows, index=group.index))
    return pd.concat(found).reindex(squares.index)


def pull_of(squares: gpd.GeoDataFrame, townships: pd.DataFrame, towns_and_villages: pd.DataFrame) -> pd.Series:
    """How much each square draws the people of its township; within one, proportional to the people expected there.

    The people of the communities go to the squares with most `town` pull, those of the villages to the squares with
    most `village` pull, no more squares than `SQUARES_PER_COMMUNITY` and `SQUARES_PER_VILLAGE` allow. Both fade
    towards the corners of the township's box, which are often its neighbours'.
    """
    central = np.exp(-0.5 * squares["off_centre"].to_numpy() ** 2)
    faded = towns_and_villages.mul(central, axis=0)
    expected = expected_people(townships)
    found = []
    for township_id, group in squares.groupby("township_id"):
        township = townships.loc[township_id]
        town = settled(faded.loc[group.index, "town"], township["communities"] * SQUARES_PER_COMMUNITY)
        village = settled(faded.loc[group.index, "village"], township["villages"] * SQUARES_PER_VILLAGE)
        found.append(town * expected.loc[township_id, "town"] + village * expected.loc[township_id, "village"])
    return pd.concat(found).reindex(squares.index)


def build_townships(
    townships: pd.DataFrame,
    boxes: dict[str, tuple[float, float, float, float]],
    stand_ins: pd.DataFrame,
    districts: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """The table townships.csv; `districts` needs code, district and residents (census)."""
    located = locate_townships(townships, boxes, stand_ins, districts)
    census = districts.set_index("district")["residents"]
    return located.assign(residents=rescale(township_weight(located), located["district"], census))


def build_zones(
    townships: pd.DataFrame, districts: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame
) -> pd.DataFrame:
    """The table zones.csv: inhabited squares and squares with a usable place. Layers in the working CRS (metres)."""
    squares = make_squares(districts, places)
    squares = squares.join(assign_townships(squares, townships, districts.crs))
    squares["township"] = squares["township_id"].map(townships["name_zh"])
    pull = pull_of(squares, townships, dwelling_pull(squares, places, streets))
    squares["residents"] = spread_totals(townships["residents"], squares, squares["township_id"], pull)
    kept = inhabited(with_rings(squares), squares.index[squares["holds_place"]]).reset_index()
    columns = ["zone_id", "easting_m", "northing_m", "district", "township", "ring", "norm_m", "residents"]
    return pd.DataFrame(kept[columns])
