"""Plans to be saved and exported: toytown in two years, and a toytown whose names are hostile."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from helpers.places import TOYTOWN
from helpers.reported_town import assessed
from planner.assessment import Year
from planner.plan import Plan, make_plan
from planner.scenario import read_scenario

HOSTILE = {
    "p1": "=cmd|'/c calc'!A1",
    "p2": "</script><script>alert(1)</script>]]><b>&amp;",
    "p3": "'; DROP TABLE sites;-- \u202e\u2067rtl",
    "p4": "../../x 😀\r\nnext\tline\x01\x1f\ufffe",
}
"""Place -> a name that means something to a spreadsheet, a browser, a database, a file system, a parser of XML."""

HOSTILE_ID = "@SUM(1)'; DROP TABLE ev_plans.plans;--"
LONG = "长" * 40_000


def two_years(plan: Plan) -> Plan:
    """A plan of one year as one of two: the first type of every site first, the second year all of it."""
    first = plan.chargers.groupby(level="site_id").head(1)
    first = first[first.index.get_level_values("site_id") != plan.chargers.index[-1][0]]
    second = plan.chargers.drop(first.index)
    year = plan.scenario.year
    begun = replace(plan.proof, value_kwh_day=plan.proof.value_kwh_day / 3, needed_chargers=1, problem="first")
    less = plan.demand.assign(energy_kwh_day=plan.demand["energy_kwh_day"] / 2)
    years = {
        year - 2: Year(less, first, plan.assignment.iloc[:2] / 7, begun),
        year: Year(plan.demand, second, plan.assignment, plan.proof),
    }
    return replace(plan, years=years, assessment=assessed(plan, years=years))


def hostile_plan(folder: Path) -> Plan:
    """Toytown planned from a copy whose places bear the names of `HOSTILE`; one has a hostile id and a long name."""
    town = shutil.copytree(TOYTOWN, folder / "town")
    file = town / "places.geojson"
    content = json.loads(file.read_text(encoding="utf-8"))
    for feature in content["features"]:
        about = feature["properties"]
        about["name_zh"] = HOSTILE.get(about["place_id"], about["name_zh"])
        if about["place_id"] == "p2":
            about["place_id"], about["name_en"] = HOSTILE_ID, LONG
    file.write_text(json.dumps(content), encoding="utf-8")
    return make_plan(read_scenario(town / "toytown.toml"))
