"""How good is the modelled population? Print the figures that SOURCES.md quotes.

    python data/taiyuan/validate.py

Two checks against figures the model was not given, each beside an even spread over the area:
(a) every district's total, foretold from the other nine; (b) the townships of 尖草坪区 in the census of 2000.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from build_population import township_weight
from scipy.stats import spearmanr

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Print both checks."""
    districts = gpd.read_file(FOLDER / "districts.geojson").set_index("district")
    townships = pd.read_csv(FOLDER / "townships.csv", dtype={"township_id": str}).set_index("township_id")
    print_district_check(districts, township_weight(townships).groupby(townships["district"]).sum())
    print_township_check(townships)


def foretold_without_own_census(weight: pd.Series, census: pd.Series) -> pd.Series:
    """Each district's residents from its weight and the people per weight of all the others."""
    return weight * (census.sum() - census) / (weight.sum() - weight)


def print_district_check(districts: gpd.GeoDataFrame, weight: pd.Series) -> None:
    census = districts["residents"]
    table = pd.DataFrame(
        {
            "census": census,
            "model": foretold_without_own_census(weight.reindex(census.index), census),
            "even": foretold_without_own_census(districts["area_km2"], census),
        }
    )
    print("(a) district totals, each foretold from the other nine districts")
    print(table.round().astype(int).to_string())
    for column in ("model", "even"):
        error = table[column] / census - 1
        print(
            f"    {column}: median |error| {error.abs().median():.0%}, worst {error.abs().max():.0%}, "
            f"sum of |errors| / residents {(table[column] - census).abs().sum() / census.sum():.0%}"
        )


def print_township_check(townships: pd.DataFrame) -> None:
    counted = pd.read_csv(FOLDER / "jiancaoping_2000.csv", dtype={"township_id": str}).set_index("township_id")
    today = townships.loc[counted.index]
    width = (today["box_east"] - today["box_west"]) * np.cos(np.radians(today["lat"]))
    shares = {"model": today["residents"], "even": width * (today["box_north"] - today["box_south"])}
    print(f"(b) {len(counted)} townships of 尖草坪区 that still exist, against the census of 2000")
    true = counted["residents_2000"]
    for name, share in shares.items():
        misplaced = 0.5 * (share / share.sum() - true / true.sum()).abs().sum()
        correlation = spearmanr(share, true).statistic
        print(f"    {name}: rank correlation {correlation:.2f}, people misplaced {misplaced:.0%}")


if __name__ == "__main__":
    main()
