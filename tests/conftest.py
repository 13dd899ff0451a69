"""Toytown (data/toytown), whole and in spoiled copies: 9 zones and 4 sites, every number checkable by hand."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from helpers.map_pages import open_browser
from helpers.map_towns import made_up_city
from helpers.places import TOYTOWN
from helpers.texts import check_both
from planner.access import measure_access
from planner.candidates import find_sites
from planner.demand import estimate_demand
from planner.faults import BadInput, Fault
from planner.layers import Layers, read_layers
from planner.maps import draw_map
from planner.plan import Plan, make_plan
from planner.scenario import Scenario, read_scenario


@pytest.fixture(scope="session", autouse=True)
def both_languages() -> Iterator[None]:
    """Whatever is refused in any test tells the same in Chinese as in English."""
    collect = BadInput.__init__

    def checked(self: BadInput, faults: Iterable[Fault]) -> None:
        collect(self, faults)
        for fault in self.faults:
            check_both(fault.text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BadInput, "__init__", checked)
        yield


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return read_scenario("toytown/toytown.toml")


@pytest.fixture(scope="session")
def layers(scenario: Scenario) -> Layers:
    return read_layers(scenario.study_area)


@pytest.fixture(scope="session")
def demand(layers: Layers, scenario: Scenario) -> pd.DataFrame:
    return estimate_demand(layers.zones, layers.places, layers.streets, scenario)


@pytest.fixture(scope="session")
def sites(layers: Layers, scenario: Scenario) -> gpd.GeoDataFrame:
    return find_sites(layers, scenario)


@pytest.fixture(scope="session")
def access(layers: Layers, sites: gpd.GeoDataFrame, scenario: Scenario) -> pd.DataFrame:
    reach_m = pd.DataFrame({"drive": 1250.0, "walk": 750.0}, index=layers.zones.index)
    return measure_access(layers.zones, sites, layers.streets, reach_m, scenario.access)


@pytest.fixture(scope="session")
def toytown(scenario: Scenario) -> Plan:
    """Its plan."""
    return make_plan(scenario)


@pytest.fixture(scope="session")
def city() -> Plan:
    """A made-up city as a plan, for maps."""
    return made_up_city()


@pytest.fixture(scope="session")
def city_page(city: Plan) -> Callable[[str], str]:
    """Its map in a language, drawn once."""
    return cache(lambda lang: draw_map(city, lang))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The machine's Chromium, opened once."""
    with open_browser() as window:
        yield window


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A copy of toytown's folder, to be spoiled."""
    return shutil.copytree(TOYTOWN, tmp_path / "town")


@pytest.fixture
def variant(tmp_path: Path) -> Callable[[str], Scenario]:
    """Toytown's scenario with some TOML laid over it."""

    def read(toml: str) -> Scenario:
        file = tmp_path / "variant.toml"
        file.write_text(f'extends = "toytown/toytown.toml"\n{toml}', encoding="utf-8")
        return read_scenario(file)

    return read


@pytest.fixture
def edit() -> Callable[[Path, Callable[[list[Any]], object]], None]:
    """Change the features of a GeoJSON file in place."""

    def rewrite(file: Path, change: Callable[[list[Any]], object]) -> None:
        content = json.loads(file.read_text(encoding="utf-8"))
        change(content["features"])
        file.write_text(json.dumps(content), encoding="utf-8")

    return rewrite


@pytest.fixture
def faults() -> Callable[..., list[str]]:
    """What a call is refused for, one text per fault."""

    def refused(call: Callable[..., object], *given: object) -> list[str]:
        with pytest.raises(BadInput) as caught:
            call(*given)
        assert caught.value.faults
        for fault in caught.value.faults:
            assert fault.where
            assert str(fault) in str(caught.value)
        return [f"{fault.where}: {fault.en}" for fault in caught.value.faults]

    return refused
