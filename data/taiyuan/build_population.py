"""Residents, modelled: census by district, shared out to townships, then to 500 m squares."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import gaussian_filter
from shapely.geometry import box

SIDE_M = 500
PEOPLE_PER_COMMUNITY, PEOPLE_PER_VILLAGE = 3_500, 1_000  # typical sizes; only their ratio matters within a district
HILL_DISTRICTS, PEOPLE_PER_HILL_VILLAGE = ("阳曲县", "娄烦县", "古交市"), 600  # villages of the hills are smaller

# How strongly a place of a kind tells that people live around it.
DWELLING_WEIGHT = {
    "residential": 3.0, "school": 2.0, "hospital": 1.5, "supermarket": 1.0, "market": 1.0, "government": 1.0,
    "bank": 1.0, "mall": 1.0, "hotel": 0.7, "office": 0.7, "leisure": 0.5, "university": 1.0, "culture": 0.5,
    "dealership": 0.3, "station": 0.3, "industry": 0.3, "centre": 6.0,
}  # fmt: skip
NEIGHBOURHOOD_M = 800  # standard deviation of the kernel around a place or a street
ROAD_FADE_M = 1_500  # villages thin out with the distance to an arterial
TOWN_STREET, TOWN_FLOOR = 0.1, 0.01  # what an arterial next door, and any square, adds to the pull of places on towns
TOWN_OFF_STREET = 0.2  # pull on towns that is left far from every arterial
VILLAGE_FLOOR = 0.08  # pull on villages far from every arterial and place
VILLAGE_PLACES, MOST_PLACES = 0.5, 2.0  # weight of places for villages, counted up to this much
SQUARES_PER_COMMUNITY, SQUARES_PER_VILLAGE = 3, 8  # at most so many squares are settled; the rest stay empty
MOST_PER_KM2 = 40_000  # no square is filled beyond this as long as others of its township have room

RINGS = pd.DataFrame(  # density of residents within 1 km of the square's centre -> ring and norm radius
    [("core", 10_000, 900), ("urban", 2_000, 1_000), ("suburban", 300, 2_000), ("rural", -1, 10_000)],
    columns=["ring", "above_per_km2", "norm_m"],
)
RING_RADIUS_M = 1_000


def largest_remainder(weights: pd.Series, total: int) -> pd.Series:
    """Integers in proportion to `weights` that add up to `total`; ties go to the earlier row."""
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(int)
    first = (exact - whole).sort_values(ascending=False, kind="stable").index[: total - int(whole.sum())]
    whole.loc[first] += 1
    return whole


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


def share_census(townships: pd.DataFrame, census: pd.Series) -> pd.Series:
    """Residents per township: every district's census total in proportion to `township_weight`."""
    weight = township_weight(townships)
    shared = [largest_remainder(w, int(census[d])) for d, w in weight.groupby(townships["district"])]
    return pd.concat(shared).reindex(townships.index)


# ---- squares ---------------------------------------------------------------------------------------------------


def make_squares(districts: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> pd.DataFrame:
    """500 m squares of the working CRS, by their south-west corner, with their district.

    A square belongs to the district of its centre. A square on the rim whose centre is outside the city counts only
    if it holds a place; it then belongs to that place's district.
    """
    west, south, east, north = districts.total_bounds // SIDE_M * SIDE_M
    easting, northing = np.meshgrid(np.arange(west, east + 1, SIDE_M), np.arange(south, north + 1, SIDE_M))
    corner = pd.DataFrame({"easting_m": easting.ravel().astype(int), "northing_m": northing.ravel().astype(int)})
    centre = gpd.points_from_xy(corner["easting_m"] + SIDE_M / 2, corner["northing_m"] + SIDE_M / 2)
    squares = gpd.GeoDataFrame(corner, geometry=centre, crs=districts.crs)
    inside = squares.sjoin(districts[["district", "geometry"]], predicate="within")
    squares = pd.DataFrame(inside.drop(columns=["geometry", "index_right"]))
    squares["holds_place"] = False
    held = _corner(places[places["kind"] != "other"]).assign(district=places["district"], holds_place=True)
    held = held.dropna().drop_duplicates(["easting_m", "northing_m"])
    squares = squares.merge(held, on=["easting_m", "northing_m"], how="outer", suffixes=("", "_place"))
    squares["district"] = squares["district"].fillna(squares["district_place"])
    squares["holds_place"] = squares["holds_place_place"].notna()
    squares["zone_id"] = [
        f"z{e // SIDE_M:04d}_{n // SIDE_M:05d}"
        for e, n in zip(squares["easting_m"], squares["northing_m"], strict=True)
    ]
    return squares.set_index("zone_id").drop(columns=["district_place", "holds_place_place"]).sort_index()


def _corner(points: gpd.GeoDataFrame) -> pd.DataFrame:
    """South-west corner of the square each point falls in."""
    return pd.DataFrame(
        {
            "easting_m": (points.geometry.x // SIDE_M * SIDE_M).astype(int),
            "northing_m": (points.geometry.y // SIDE_M * SIDE_M).astype(int),
        }
    )


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


def dwelling_pull(squares: pd.DataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> pd.DataFrame:
    """How much a square draws people, columns `town` (communities) and `village`; relative numbers.

    town: smoothed weights of places (square root, so that a well-mapped quarter does not drain the others) times
    nearness to arterials. village: nearness to arterials, places count less, and a small floor. Both fade towards the
    corners of the township's box, which are often its neighbours'. Places and streets in the working CRS.
    """
    centre = shapely.points(squares["easting_m"] + SIDE_M / 2, squares["northing_m"] + SIDE_M / 2)
    street_m = shapely.distance(centre, shapely.union_all(streets.geometry.to_numpy()))
    around = _smoothed_places(squares, places)
    near_street = np.exp(-street_m / ROAD_FADE_M)
    central = np.exp(-0.5 * squares["off_centre"].to_numpy() ** 2)
    town = (np.sqrt(around) + TOWN_STREET * near_street + TOWN_FLOOR) * (TOWN_OFF_STREET + near_street) * central
    village = (near_street + VILLAGE_FLOOR + VILLAGE_PLACES * np.minimum(around, MOST_PLACES)) * central
    return pd.DataFrame({"town": town, "village": village}, index=squares.index)


def _smoothed_places(squares: pd.DataFrame, places: gpd.GeoDataFrame) -> np.ndarray:
    """Weight of the places around every square, smoothed with a Gaussian of `NEIGHBOURHOOD_M`."""
    west, south = squares["easting_m"].min(), squares["northing_m"].min()
    column = ((squares["easting_m"] - west) // SIDE_M).to_numpy()
    row = ((squares["northing_m"] - south) // SIDE_M).to_numpy()
    grid = np.zeros((row.max() + 1, column.max() + 1))
    corner = _corner(places)
    weight = places["kind"].map(DWELLING_WEIGHT).fillna(0).to_numpy()
    place_row = ((corner["northing_m"] - south) // SIDE_M).to_numpy()
    place_column = ((corner["easting_m"] - west) // SIDE_M).to_numpy()
    np.add.at(grid, (place_row, place_column), weight)
    return gaussian_filter(grid, NEIGHBOURHOOD_M / SIDE_M, mode="constant")[row, column]


def spread_residents(squares: pd.DataFrame, townships: pd.DataFrame, pull: pd.DataFrame) -> pd.Series:
    """Residents per square: integers whose sum over every township is that township's residents.

    The people of the communities go to the squares with most `town` pull, those of the villages to the squares with
    most `village` pull, no more squares than `SQUARES_PER_COMMUNITY` and `SQUARES_PER_VILLAGE` allow.
    """
    expected = expected_people(townships)
    spread = []
    for township_id, group in squares.groupby("township_id"):
        township = townships.loc[township_id]
        town = _settled(pull.loc[group.index, "town"], township["communities"] * SQUARES_PER_COMMUNITY)
        village = _settled(pull.loc[group.index, "village"], township["villages"] * SQUARES_PER_VILLAGE)
        weight = town * expected.loc[township_id, "town"] + village * expected.loc[township_id, "village"]
        spread.append(largest_remainder(_capped(weight, township["residents"]), int(township["residents"])))
    return pd.concat(spread).reindex(squares.index)


def _settled(pull: pd.Series, squares: int) -> pd.Series:
    """Shares (sum 1, or 0 if `squares` is 0) of the `squares` rows with most pull; ties go to the earlier row."""
    kept = pull.sort_values(ascending=False, kind="stable").index[:squares]
    share = pull.where(pull.index.isin(kept), 0.0)
    return share / share.sum() if squares else share


def _capped(weight: pd.Series, residents: int) -> pd.Series:
    """People in proportion to `weight`, none above `MOST_PER_KM2` while settled squares below it have room."""
    settled = weight[weight > 0]
    most = max(MOST_PER_KM2 * (SIDE_M / 1000) ** 2, 1.1 * residents / len(settled))
    people = settled / settled.sum() * residents
    while (people > most * 1.000001).any():
        full = people >= most
        room = people.where(~full, 0.0)
        people = (room * (residents - most * full.sum()) / room.sum()).where(~full, most)
    return people.reindex(weight.index, fill_value=0.0)


def ring_of(squares: pd.DataFrame) -> pd.DataFrame:
    """Columns ring and norm_m from the density of residents within 1 km of each square's centre.

    A square counts by its centre; the area is that of the squares counted, so that the figure is a true mean.
    """
    xy = squares[["easting_m", "northing_m"]].to_numpy()
    west, south = xy.min(axis=0)
    column, row = ((xy - [west, south]) // SIDE_M).T
    reach = RING_RADIUS_M // SIDE_M
    people = np.zeros((row.max() + 1 + 2 * reach, column.max() + 1 + 2 * reach))
    people[row + reach, column + reach] = squares["residents"]
    steps = [
        (dy, dx)
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
        if np.hypot(dx, dy) * SIDE_M <= RING_RADIUS_M
    ]
    near = sum(people[row + reach + dy, column + reach + dx] for dy, dx in steps)
    per_km2 = near / (len(steps) * (SIDE_M / 1000) ** 2)
    place = [int((RINGS["above_per_km2"] < d).to_numpy().argmax()) for d in per_km2]
    return RINGS.iloc[place][["ring", "norm_m"]].set_axis(squares.index)


def build_townships(
    townships: pd.DataFrame,
    boxes: dict[str, tuple[float, float, float, float]],
    stand_ins: pd.DataFrame,
    districts: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """The table townships.csv; `districts` needs code, district and residents (census)."""
    located = locate_townships(townships, boxes, stand_ins, districts)
    return located.assign(residents=share_census(located, districts.set_index("district")["residents"]))


def build_zones(
    townships: pd.DataFrame, districts: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame
) -> pd.DataFrame:
    """The table zones.csv: inhabited squares and squares with a usable place. Layers in the working CRS (metres)."""
    squares = make_squares(districts, places)
    squares = squares.join(assign_townships(squares, townships, districts.crs))
    squares["township"] = squares["township_id"].map(townships["name_zh"])
    squares["residents"] = spread_residents(squares, townships, dwelling_pull(squares, places, streets))
    squares = squares.join(ring_of(squares))
    kept = squares[(squares["residents"] > 0) | squares["holds_place"]].reset_index()
    return kept[["zone_id", "easting_m", "northing_m", "district", "township", "ring", "norm_m", "residents"]]
