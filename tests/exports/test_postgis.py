"""A plan in a real PostGIS: what is there, what stays, and that a broken connection leaves nothing."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from helpers import database
from helpers.plans import HOSTILE, HOSTILE_ID, hostile_plan, two_years, with_tables
from planner.exports import export_plan, postgis, save_plan
from planner.faults import BadInput
from planner.plan import Plan, make_plan
from planner.scenario import Scenario

pytestmark = [
    pytest.mark.database,
    pytest.mark.skipif(not database.installed(), reason="needs postgresql-15 and postgresql-15-postgis-3"),
]
ROWS = {  # of toytown: 9 zones, 2 districts, 12 streets, 4 sites of which 2 are chosen, 5 counts of which 4 are new
    "plans": 1, "zones": 9, "districts": 2, "streets": 12, "sites": 2, "candidates": 4, "chargers": 5, "added": 4,
    "tasks": 2, "years": 1, "townships": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def plan(scenario: Scenario) -> Plan:
    return make_plan(scenario)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_plan(plan, tmp_path_factory.mktemp("plans") / "toytown")


@pytest.fixture(scope="module")
def sockets() -> Iterator[str]:
    with database.server() as folder:
        yield folder


@pytest.fixture
def ask(sockets: str) -> Iterator[Callable[..., list[Any]]]:
    """Runs SQL in a database made for one test; ``ask.address`` is the one to export to."""
    with psycopg.connect(host=sockets, user=database.USER, dbname="postgres", autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS plans WITH (FORCE)")
        server.execute("CREATE DATABASE plans")

    def run(sql: str, *values: object) -> list[Any]:
        with psycopg.connect(host=sockets, user=database.USER, dbname="plans", autocommit=True) as base:
            found = base.execute(sql, values or None)  # type: ignore[call-overload]
            return found.fetchall() if found.description else []

    run.address = f"postgresql://{database.USER}:secret@/plans?host={sockets}"  # type: ignore[attr-defined]
    yield run


def counts(ask: Callable[..., list[Any]]) -> dict[str, int]:
    return {name: ask(f"SELECT count(*) FROM ev_plans.{name}")[0][0] for name in ROWS}


def test_plan_is_there_with_its_geometry_and_indexes(folder: Path, ask: Any) -> None:
    told = export_plan(folder, "postgresql" + ask.address.removeprefix("postgresql"))
    key = ask("SELECT plan_id FROM ev_plans.plans")[0][0]
    assert "secret" not in told
    assert told.endswith(f" ev_plans {key}")
    assert counts(ask) == ROWS
    sums = "SELECT sum(capex_cny), sum(new_total), count(DISTINCT plan_id) FROM ev_plans.sites"
    assert ask(sums) == [(490_000.0, 6, 1)]
    where = "SELECT ST_SRID(geom), round(ST_X(geom)::numeric, 6), reason FROM ev_plans.sites WHERE site_id = 'p2'"
    ((srid, longitude, reason),) = ask(where)
    assert (srid, float(longitude)) == (4326, 112.146713)
    assert reason.startswith("服务 5 个网格")
    assert ask("SELECT (summary->>'chargers')::int FROM ev_plans.plans") == [(6,)]
    assert ask("SELECT bool_and(ST_IsValid(geom)), count(*) FROM ev_plans.zones") == [(True, 9)]
    gist = ask("SELECT tablename FROM pg_indexes WHERE schemaname = 'ev_plans' AND indexdef LIKE '%USING gist (geom)%'")
    assert {name for (name,) in gist} == {"zones", "districts", "streets", "sites", "candidates"}
    joined = """SELECT count(*) FROM ev_plans.sites s JOIN ev_plans.districts d
                ON s.plan_id = d.plan_id AND ST_Within(s.geom, d.geom) AND s.district = d.district"""
    assert ask(joined) == [(2,)]


def test_again_replaces_and_others_stay(plan: Plan, folder: Path, ask: Any, tmp_path: Path) -> None:
    export_plan(folder, ask.address)
    renamed = plan.scenario.model_copy(update={"name": "other"})
    other = save_plan(replace(two_years(plan), scenario=renamed), tmp_path / "other")
    export_plan(other, ask.address)
    ask("INSERT INTO ev_plans.tasks (plan_id, task_unit, task) SELECT plan_id, 'mine', 1 FROM ev_plans.plans")
    ask("CREATE TABLE ev_plans.mine AS SELECT 1 AS one")
    export_plan(folder, ask.address)
    rows = ask("SELECT split_part(plan_id, '-', 1), count(*) FROM ev_plans.tasks GROUP BY 1 ORDER BY 1")
    assert rows == [("other", 3), ("toytown", 2)]  # the row that was added to the first is gone with its old rows
    years = ask("SELECT split_part(plan_id, '-', 1), year, chargers FROM ev_plans.years ORDER BY 1, 2")
    assert years == [("other", 2023, 1), ("other", 2025, 5), ("toytown", 2025, 6)]
    assert ask("SELECT one FROM ev_plans.mine") == [(1,)]
    ask("DELETE FROM ev_plans.plans WHERE scenario = 'other'")
    assert counts(ask) == ROWS


def test_columns_that_an_earlier_plan_had_not_are_added(plan: Plan, folder: Path, ask: Any, tmp_path: Path) -> None:
    export_plan(folder, ask.address)
    fed = save_plan(with_tables(plan, sites=plan.sites.assign(feeder="F1")), tmp_path / "fed")
    export_plan(fed, ask.address)
    assert ask("SELECT feeder, count(*) FROM ev_plans.candidates GROUP BY 1 ORDER BY 1") == [("F1", 4), (None, 4)]


def test_hostile_names_are_data(ask: Any, tmp_path: Path) -> None:
    export_plan(save_plan(hostile_plan(tmp_path), tmp_path / "plan"), ask.address)
    expected = HOSTILE | {HOSTILE_ID: HOSTILE["p2"]}
    del expected["p2"]
    assert dict(ask("SELECT site_id, name_zh FROM ev_plans.candidates")) == expected
    assert ask("SELECT length(name_en) FROM ev_plans.candidates WHERE site_id = %s", HOSTILE_ID) == [(40_000,)]
    assert ask("SELECT count(*) FROM ev_plans.plans") == [(1,)]


def test_a_killed_connection_leaves_what_was_there(
    plan: Plan, folder: Path, ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_plan(folder, ask.address)
    ask("UPDATE ev_plans.tasks SET note_zh = 'before'")
    rows = postgis._rows

    def killed(table: Any, key: str) -> Any:
        for number, row in enumerate(rows(table, key)):
            if "task_unit" in table and "met" in table and number == 1:
                others = "pid <> pg_backend_pid() AND datname = 'plans' AND backend_type = 'client backend'"
                assert ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}") == [(True,)]
                time.sleep(0.2)
            yield row

    monkeypatch.setattr(postgis, "_rows", killed)
    other = save_plan(two_years(plan), tmp_path / "two")
    for source in (folder, other):
        with pytest.raises(BadInput) as caught:
            export_plan(source, ask.address)
        (fault,) = caught.value.faults
        assert re.search("the connection is lost|terminating connection due to administrator", fault.en)
        assert fault.en.endswith("; nothing was written")
        assert "secret" not in str(caught.value)
    assert counts(ask) == ROWS
    assert ask("SELECT DISTINCT note_zh FROM ev_plans.tasks") == [("before",)]


def test_two_at_once_wait_for_each_other(plan: Plan, folder: Path, ask: Any, tmp_path: Path) -> None:
    other = save_plan(two_years(plan), tmp_path / "two")
    done: list[str] = []
    both = [
        threading.Thread(target=lambda f=f: done.append(export_plan(f, ask.address))) for f in (folder, other, folder)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join(timeout=60)
    assert len(done) == 3
    assert ask("SELECT count(*), count(DISTINCT plan_id) FROM ev_plans.plans") == [(2, 2)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("/plans", "/nowhere"), 'database "nowhere" does not exist'),
        (("//postgres:", "//nobody:"), 'role "nobody" does not exist'),
        (("@/plans?host=", "@127.0.0.1:1/plans?x="), 'invalid connection option "x"'),
        (("@/plans?host=", "@127.0.0.1:1/plans?application_name="), "Connection refused"),
        (("@/plans", "@:port/plans"), "no address of a database; expected postgresql://user:password@host:port"),
    ],
)
def test_a_database_that_refuses_is_one_message(
    folder: Path, ask: Any, faults: Callable[..., list[str]], change: tuple[str, str], words: str
) -> None:
    (told,) = faults(export_plan, folder, ask.address.replace(*change))
    assert words in told
    assert "secret" not in told


def test_rights_and_tables_of_others_are_respected(folder: Path, ask: Any, faults: Callable[..., list[str]]) -> None:
    ask("DROP ROLE IF EXISTS guest")
    ask("CREATE ROLE guest LOGIN")
    (told,) = faults(export_plan, folder, ask.address.replace("//postgres:", "//guest:"))
    assert "permission denied to create extension" in told
    ask("CREATE EXTENSION postgis")
    (told,) = faults(export_plan, folder, ask.address.replace("//postgres:", "//guest:"))
    assert "permission denied for database plans" in told
    ask("CREATE SCHEMA ev_plans")
    ask("CREATE TABLE ev_plans.plans (plan_id integer)")
    (told,) = faults(export_plan, folder, ask.address)
    assert "the database refuses: " in told
    assert ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'ev_plans'") == [(1,)]
