"""`check_folder`: what a saved plan's files give, and that whatever was changed in them is named."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from helpers.command import planner
from helpers.scenarios import PHASES, TWO_YEARS
from helpers.texts import check_both
from planner import BadInput, check_folder, make_plan, read_scenario, save_plan
from planner.exports.digests import digest_json, digest_table, digest_text
from planner.exports.geopackage import read_geopackage
from planner.exports.restored import problems_in
from planner.exports.stored import read_content
from planner.plan import Plan
from planner.scenario import Scenario
from planner.siting import Certificate, choose
from planner.siting.model.instance import make_instance
from planner.siting.start import fingerprint
from planner.views.certificate import broken_table, proof_table, verdict
from planner.views.numbers import gap_up

ONLY_THE_CITY_METHOD = choose.SolverParams(at_once_pairs=0, whole_pairs=0)
LEAST_COST = """
extends = "toytown/toytown"
[siting]
question = "least_cost"
promise_share = 0.4
quota = 8
quota_rule = "at_most"
tasks = {}
"""
FAIR = """
extends = "toytown/toytown"
[siting]
minimum_access = true
quota = 8
tasks = {}
budget_cny = 2000000
"""


@pytest.fixture
def by_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Towns are planned as cities are: no solver sees the whole program."""
    monkeypatch.setattr(choose, "PARAMS", ONLY_THE_CITY_METHOD)


@pytest.fixture(scope="module")
def proven(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toytown's folder, its bound that of prices."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose, "PARAMS", ONLY_THE_CITY_METHOD)
        return save_plan(make_plan(scenario), tmp_path_factory.mktemp("proven") / "plan")


@pytest.fixture
def folder(proven: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(proven, tmp_path / "plan")


def planned(text: str, folder: Path) -> Path:
    """The folder of a scenario's plan."""
    folder.mkdir(exist_ok=True)
    (folder / "asked.toml").write_text(text, encoding="utf-8")
    return save_plan(make_plan(read_scenario(folder / "asked.toml")), folder / "plan")


def change(folder: Path, statement: str) -> None:
    """Change the tables of a folder by SQL; the triggers of the spatial index call functions of GDAL."""
    with closing(sqlite3.connect(folder / "plan.gpkg")) as base, base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            if not name.startswith("trigger_"):  # those count rows
                base.execute(f'DROP TRIGGER "{name}"')
        base.executescript(statement)


def sign_again(folder: Path, **proof: float) -> None:
    """Digests as if the files had always been so, and the summary telling of another proof."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    digests = summary.pop("digests")
    summary["proof"] |= proof
    digests["tables"] = {n: digest_table(layer.table) for n, layer in read_geopackage(folder / "plan.gpkg").items()}
    digests |= {"scenario": digest_text(folder / "scenario.toml"), "summary": digest_json(summary)}
    (folder / "summary.json").write_text(json.dumps(summary | {"digests": digests}), encoding="utf-8")


def named(found: Certificate) -> str:
    """All that contradicts a proof, in English; the Chinese tells the same."""
    assert found.stands == (broken_table(found) is None)
    rows = [] if (table := broken_table(found)) is None else [row[0] for row in table.rows]
    for text in (*rows, verdict(found)):
        check_both(text)
    return "\n".join(text.en for text in rows)


def test_what_prices_prove_is_recomputed_from_the_files(proven: Path) -> None:
    found = check_folder(proven)
    assert found.stands and found.plan.is_proven and named(found) == ""
    assert found.plan.told.is_by_prices and found.years == ()
    assert found.plan.bound == pytest.approx(found.plan.told.bound_kwh_day, rel=1e-9)
    assert found.plan.value == pytest.approx(found.plan.told.value_kwh_day, rel=1e-9)
    assert found.plan.gap_share == pytest.approx(found.plan.told.gap_share, abs=1e-9)
    assert verdict(found).en.startswith("the proof stands: value and bound are what the files give")


def test_the_tables_pose_the_problem_that_was_solved(proven: Path) -> None:
    content = read_content(proven)
    ((year, problem),) = problems_in(content).items()
    assert year == 2025
    assert fingerprint(make_instance(problem), problem.rules) == check_folder(proven).plan.told.problem


def test_a_solvers_bound_is_said_to_be_its_word(toytown: Plan, tmp_path: Path) -> None:
    found = check_folder(save_plan(toytown, tmp_path / "plan"))
    assert found.stands and found.plan.bound is None and not found.plan.is_proven
    assert found.plan.value == pytest.approx(2388, abs=0.01)
    assert "the bound is the solver's word (branch and bound of the whole program (HiGHS)" in verdict(found).en
    assert [cell.en for cell in proof_table(found).rows[1]][1:] == ["2,388.0", "a solver's word"]
    named(found)


def test_the_layers_of_the_study_area_are_not_needed(town: Path, tmp_path: Path) -> None:
    folder = save_plan(make_plan(read_scenario(town / "toytown.toml")), tmp_path / "plan")
    shutil.rmtree(town)
    assert check_folder(folder).stands


# The town's plan by prices: dc at p1, ac and 3 dc at p2, ac at p3, worth 2,386 of at most 2,436.4; demand of 3,960
# within reach.
CHANGED = {
    "a count up": ("UPDATE added SET count = count + 1 WHERE fid = 1", "quota: 7 placed, exactly 6 expected"),
    "a count up, one table": (
        "UPDATE chargers SET new_count = new_count + 1 WHERE new_count > 0",
        "tables chargers and added: do not tell the same new chargers at",
    ),
    "energy up": ("UPDATE assignment SET energy_kwh_day = energy_kwh_day + 400", "served of"),
    "energy moved": (
        "UPDATE assignment SET energy_kwh_day = 0 WHERE fid = 1",
        "value:",
    ),
    "a price up": ("UPDATE prices SET price = price + 1 WHERE price > 0", "bound:"),
    "a price of no rule": ("UPDATE prices SET rule = 'quotas' WHERE rule = 'quota'", "bound:"),
    "a site closed": ("UPDATE candidates SET lock = 'out'", "is locked out and has"),
    "bays gone": ("UPDATE candidates SET bays = 1", "used of 1"),
    "less capacity": ("UPDATE capacity SET energy_kwh_day = energy_kwh_day / 2", "capacity at"),
    "less demand": (
        "UPDATE demand SET energy_kwh_day = energy_kwh_day / 2",
        "demand within reach: 1980 from the tables",
    ),
    "no way": ("DELETE FROM access WHERE site_id = (SELECT site_id FROM assignment WHERE fid = 1)", "out of reach"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed_tables_are_found_out_though_their_digests_agree(name: str, folder: Path) -> None:
    statement, words = CHANGED[name]
    change(folder, statement)
    sign_again(folder)
    found = check_folder(folder)
    assert not found.stands
    assert words in named(found)
    assert verdict(found).en.startswith("the proof does not stand: ")


def test_a_bound_told_lower_is_found_out(folder: Path) -> None:
    change(folder, "UPDATE proofs SET bound_kwh_day = 2400")
    sign_again(folder)
    assert "key proof: bound_kwh_day, gap_share is not what the table proofs" in named(check_folder(folder))
    told = check_folder(folder).plan.told  # which of equal plans is found is the solver's affair, and so is its value
    sign_again(folder, bound_kwh_day=2400.0, gap_share=gap_up(told.gap_share, 6))
    assert named(check_folder(folder)).startswith("bound: 2436.43")


@pytest.mark.parametrize(
    ("rule", "words"),
    [("quota = 6", "quota: 6 placed, exactly 5 expected"), ("budget_cny = 500000", "budget: ")],
)
def test_a_rule_tightened_in_the_scenario_is_found_out(rule: str, words: str, folder: Path) -> None:
    file = folder / "scenario.toml"
    text = file.read_text(encoding="utf-8")
    key, number = rule.split(" = ")
    assert rule in text
    file.write_text(text.replace(rule, f"{key} = {5 if number == '6' else 100}", 1), encoding="utf-8")
    edited = named(check_folder(folder))
    assert "scenario.toml: has been edited since the plan was saved" in edited and words in edited
    sign_again(folder)
    found = check_folder(folder)
    assert words in named(found) and found.faults == ()


def test_an_edited_table_is_named_and_checked_all_the_same(folder: Path) -> None:
    change(folder, "UPDATE prices SET price = price + 1 WHERE price > 0")
    told = named(check_folder(folder))
    assert "the tables prices are not those that summary.json speaks of" in told
    assert "bound: " in told


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("ALTER TABLE access RENAME COLUMN metres TO way", "table access: columns metres are missing"),
        ("INSERT INTO prices SELECT fid + 1000, \"of\", rule, price FROM prices WHERE rule = 'quota'", "stands twice"),
        ("UPDATE prices SET price = NULL WHERE rule = 'quota'", "table prices, column price: found nan"),
        (
            "ALTER TABLE proofs DROP COLUMN tightness; ALTER TABLE proofs ADD COLUMN tightness TEXT;"
            "UPDATE proofs SET tightness = 'tight'",
            "table proofs, column tightness: found tight",
        ),
        ("UPDATE years SET year = 2024", "table years: found 2024; the scenario has 2025"),
        ("UPDATE proofs SET \"of\" = 'all'", "table proofs: no row of plan"),
        ("UPDATE candidates SET lock = 'shut'", "table candidates, column lock"),
    ],
)
def test_tables_that_pose_no_problem_are_named(statement: str, words: str, folder: Path) -> None:
    change(folder, statement)
    sign_again(folder)
    with pytest.raises(BadInput) as caught:
        check_folder(folder)
    assert words in str(caught.value)


def test_a_folder_of_an_older_version_is_named(folder: Path) -> None:
    change(
        folder,
        "DROP TABLE access; DELETE FROM gpkg_contents WHERE table_name = 'access';"
        "DELETE FROM gpkg_ogr_contents WHERE table_name = 'access'",
    )
    sign_again(folder)
    with pytest.raises(BadInput, match="has no table access: saved by an older version; plan again"):
        check_folder(folder)


def test_a_demand_beyond_the_bays_of_today_is_named_beside_the_rules(folder: Path) -> None:
    """The problem cannot be posed, so that no bound can be recomputed; rules are checked all the same."""
    change(folder, "UPDATE candidates SET bays = 0 WHERE site_id = 'p3'")
    sign_again(folder)
    found = check_folder(folder)
    assert found.plan.bound is None
    assert "today's chargers use 1 bays, the site has 0" in named(found)
    assert re.search(r"^bays at p3: [12] used of 0$", named(found), re.MULTILINE)  # equal plans differ in p3


@pytest.mark.usefixtures("by_prices")
def test_years_together_stand_at_the_prices_of_what_stays(tmp_path: Path) -> None:
    folder = planned(PHASES + TWO_YEARS, tmp_path)
    found = check_folder(folder)
    assert found.stands and found.plan.is_proven and named(found) == ""
    assert [one.year for one in found.years] == [2024, 2025]
    for one in (found.plan, *found.years):
        assert one.bound == pytest.approx(one.told.bound_kwh_day, rel=1e-9)
        assert one.value == pytest.approx(one.told.value_kwh_day, rel=1e-9)
    change(folder, "UPDATE prices SET price = price + 500 WHERE \"of\" = '2024' AND rule = 'quota'")
    sign_again(folder)
    told = named(check_folder(folder))
    assert told.startswith("bound: ") and "2024: bound: " in told and "2025: bound" not in told


def test_years_solved_at_once_have_the_solvers_word_and_the_bound_of_their_prices(tmp_path: Path) -> None:
    folder = planned(PHASES + TWO_YEARS, tmp_path)
    found = check_folder(folder)
    assert found.stands and not found.plan.told.is_by_prices
    assert all(one.is_proven for one in found.years)
    assert found.plan.bound is not None and found.plan.bound >= found.plan.told.bound_kwh_day * (1 - 1e-9)
    mean = (found.years[0].told.bound_kwh_day + 3 * found.years[1].told.bound_kwh_day) / 4  # the weights
    assert found.plan.bound == pytest.approx(mean, rel=1e-6)
    change(folder, "UPDATE added SET count = count + 1 WHERE fid = 1")
    sign_again(folder)
    told = named(check_folder(folder))
    assert "2024: quota: 3 placed, exactly 2 expected" in told and "2025: quota: 7 placed, exactly 6 expected" in told


@pytest.mark.usefixtures("by_prices")
def test_the_least_cost_stands_by_its_own_bound(tmp_path: Path) -> None:
    folder = planned(LEAST_COST, tmp_path)
    found = check_folder(folder)
    assert found.stands and found.plan.is_proven and found.plan.is_cost
    assert found.plan.bound == pytest.approx(found.plan.told.cost_bound_cny, rel=1e-9)
    assert found.plan.value == pytest.approx(found.plan.told.cost_cny, rel=1e-9)
    assert proof_table(found).rows[1][0].en == "lower bound of the cost (CNY)"
    change(folder, "UPDATE prices SET price = price / 2 WHERE rule = 'promise'")
    sign_again(folder)
    assert named(check_folder(folder)).startswith("bound: ")


def test_minimum_access_is_checked_by_the_table_cover(tmp_path: Path) -> None:
    folder = planned(FAIR, tmp_path)
    assert check_folder(folder).stands
    change(folder, "DELETE FROM added WHERE site_id <> 'p3'")
    sign_again(folder)
    assert "no charger for cars within its norm radius" in named(check_folder(folder))


def test_the_command_says_whether_the_proof_stands(folder: Path, tmp_path: Path) -> None:
    done = planner("check", folder, "--lang", "en", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the proof stands: value and bound are what the files give" in done.stdout
    assert "2,436.4" in done.stdout
    change(folder, "UPDATE candidates SET lock = 'out' WHERE site_id = 'p2'")
    sign_again(folder)
    done = planner("check", folder, "--lang", "zh", cwd=tmp_path)
    assert done.returncode == 1
    assert "p2 已锁定为排除" in done.stdout
    assert "the proof does not stand: p2 is locked out and has" in done.stderr and "证明不成立：p2" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_names_what_is_missing(folder: Path, tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    (folder / "plan.gpkg").unlink()
    done = planner("check", folder, cwd=tmp_path)
    assert done.returncode == 1
    assert "is no plan folder: plan.gpkg is missing" in done.stderr
    assert faults(check_folder, folder) == [f"{folder}: is no plan folder: plan.gpkg is missing"]
