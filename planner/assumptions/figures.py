"""The figures of a scenario as one table, with other values in them, and drawn at random within their ranges.

The scenario's models are walked as they are: a `Figure` that a section gains later appears here by itself. A figure is
named by its key in the file: ``fleets.taxi.km_day``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from planner.faults import BadInput, Fault, refuse
from planner.scenario import Figure, Scenario
from planner.scenario.file import fault_in
from planner.words import NO_TEXT, Text

EDITABLE = ("low", "base", "high", "source_kind", "source", "reasoning")
"""Columns of the table that make up a figure; the others only explain it."""

COLUMNS = ("section", "name_zh", "name_en", "unit", *EDITABLE, "description")

UNITS = {
    "kwh_day": Text(zh="kWh/日", en="kWh/day"),
    "kwh_charger_day": Text(zh="kWh/台/日", en="kWh/charger/day"),
    "kwh_vehicle_day": Text(zh="kWh/辆/日", en="kWh/vehicle/day"),
    "kwh_per_100km": Text(zh="kWh/100 km", en="kWh/100 km"),
    "km_day": Text(zh="km/日", en="km/day"),
    "per_degree": Text(zh="1/°C", en="1/°C"),
    "kwh": Text(zh="kWh", en="kWh"),
    "kw": Text(zh="kW", en="kW"),
    "kw_rated": Text(zh="kW", en="kW"),
    "kw_delivered": Text(zh="kW", en="kW"),
    "cny": Text(zh="元", en="CNY"),
    "cny_kwh": Text(zh="元/kWh", en="CNY/kWh"),
    "cny_kva": Text(zh="元/kVA", en="CNY/kVA"),
    "cny_bay_year": Text(zh="元/车位/年", en="CNY/bay/year"),
    "g_km": Text(zh="g/km", en="g/km"),
    "kg_kwh": Text(zh="kg/kWh", en="kg/kWh"),
    "km": Text(zh="km", en="km"),
    "m": Text(zh="m", en="m"),
    "min": Text(zh="分钟", en="min"),
    "c": Text(zh="°C", en="°C"),
    "years": Text(zh="年", en="years"),
    "share": Text(zh="占比", en="share"),
    "efficiency": Text(zh="占比", en="share"),
    "coincidence": Text(zh="占比", en="share"),
    "factor": Text(zh="倍数", en="factor"),
    "vehicles": Text(zh="辆", en="vehicles"),
    "saturation": Text(zh="辆", en="vehicles"),
    "chargers": Text(zh="台", en="chargers"),
    "count_where_unknown": Text(zh="台", en="chargers"),
    "bays": Text(zh="车位", en="bays"),
}
"""Ending of a field's name -> its unit; the longest ending that fits holds."""

_DRAWN = "Base drawn between low and high."
_MOST_SAMPLES = 10_000
Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Entry:
    """A figure and where it stands in its scenario.

    Parameters
    ----------
    path
        Keys that lead to the figure; in a list its position, a number.
    figure
        Low, base, high and origin.
    section
        The model that holds the field, and the keys that lead to it.
    field
        Name of the field of that model.
    """

    path: Keys
    figure: Figure
    section: BaseModel
    section_path: Keys
    field: str

    @property
    def key(self) -> str:
        """The figure's key as it is written in the file."""
        return key_of(self.path)


def assumption_table(scenario: Scenario) -> pd.DataFrame:
    """Every figure of a scenario, in the order of its sections.

    Parameters
    ----------
    scenario
        As `read_scenario` returns it.

    Returns
    -------
    DataFrame
        Index ``key``. Columns ``section`` (its key), ``name_zh`` and ``name_en`` (of the section, empty where it has
        none), ``unit``, ``low``, ``base``, ``high``, ``source_kind``, ``source``, ``reasoning``, ``description`` (of
        the field, empty where it has none).
    """
    entries = list(figures(scenario))
    rows = [_row(entry) for entry in entries]
    index = pd.Index([entry.key for entry in entries], name="key", dtype=object)
    table = pd.DataFrame(rows, index=index, columns=list(COLUMNS))
    return table.astype({name: float if name in ("low", "base", "high") else object for name in COLUMNS})


def figures(scenario: Scenario) -> Iterator[Entry]:
    """Every figure and where it stands: sections, tables of sections and lists of them, however deep."""
    yield from _under(scenario, (), scenario, (), "")


def key_of(path: Keys) -> str:
    """The keys of a path with dots between them; a key that TOML would not write bare stands in quotes."""
    parts = (str(part) for part in path)
    return ".".join(p if re.fullmatch(r"[^\s.\"'=\[\]#]+", p) else json.dumps(p, ensure_ascii=False) for p in parts)


def unit_of(*names: str) -> Text:
    """The unit that a field's name ends in, empty without one; of several names the first that has one."""
    for name in names:
        fitting = [ending for ending in UNITS if f"_{name}".endswith(f"_{ending}")]
        if fitting:
            return UNITS[max(fitting, key=len)]
    return NO_TEXT


def with_figures(scenario: Scenario, name: str, changes: Mapping[Keys, Mapping[str, Any]]) -> Scenario:
    """The scenario under another name, with other values in some figures.

    Raises
    ------
    ValidationError
        What `read_scenario` would refuse in a file.
    """
    content = scenario.model_dump(exclude_none=True)
    content["name"] = name
    for path, values in changes.items():
        table: Any = content
        for part in path:
            table = table[part]
        table.update(values)
    return Scenario.model_validate(content)


def difference(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """What of `above` differs from `below`: tables key by key, figures and lists whole."""
    changed = {}
    for key, value in above.items():
        old = below.get(key)
        if value == old:
            continue
        if isinstance(value, dict) and {*EDITABLE} <= {*value}:
            changed[key] = {part: value[part] for part in EDITABLE if value[part] != ""}
        elif isinstance(value, dict) and isinstance(old, dict):
            changed[key] = difference(old, value)
        else:
            changed[key] = value
    return changed


def sample_scenarios(scenario: Scenario, count: int, seed: int = 0) -> list[Scenario]:
    """Scenarios whose figures are drawn between low and high: a Latin hypercube of triangular distributions.

    Each figure with ``low < high`` is drawn from the triangular distribution of (low, base, high), independently of the
    others. Its distribution is cut into `count` strata of equal probability, and every stratum holds one draw (McKay,
    Beckman & Conover 1979, Technometrics 21:239). Ranges and sources stay; the reasoning says that the base is drawn.

    Parameters
    ----------
    scenario
        Figures whose low equals their high stay as they are.
    count
        How many, 1 to 10,000.
    seed
        The same seed gives the same scenarios.

    Returns
    -------
    list of Scenario
        Named ``NAME_s01``, ``NAME_s02`` ...

    Raises
    ------
    BadInput
        A count or seed out of range; a draw that the rules of the scenario refuse.
    """
    refuse(_sample_faults(count, seed))
    drawn = draw(scenario, count, seed)
    entries = {entry.key: entry for entry in figures(scenario)}
    samples = []
    for label, row in drawn.iterrows():
        changes = {entries[str(key)].path: _drawn(entries[str(key)].figure, base) for key, base in row.items()}
        try:
            samples.append(with_figures(scenario, f"{scenario.name}_{label}", changes))
        except ValidationError as error:
            where = Path(f"sample {label}")
            raise BadInput([fault_in(where, detail, Scenario) for detail in error.errors()]) from None
    return samples


def draw(scenario: Scenario, count: int, seed: int) -> pd.DataFrame:
    """The drawn base values: a row per sample (``s01`` ...), a column per key of a figure with a range."""
    from scipy.stats import qmc  # takes as long to load as all that a table of assumptions needs

    ranged = [entry for entry in figures(scenario) if entry.figure.low < entry.figure.high]
    labels = pd.Index([f"s{n:0{max(2, len(str(count)))}d}" for n in range(1, count + 1)], name="scenario")
    values = np.empty((count, 0))
    if ranged:
        shares = qmc.LatinHypercube(len(ranged), seed=np.random.default_rng(seed)).random(count)
        low, base, high = (np.array([getattr(p.figure, n) for p in ranged]) for n in ("low", "base", "high"))
        values = triangular(shares, low, base, high)
    return pd.DataFrame(values, index=labels, columns=pd.Index([entry.key for entry in ranged], dtype=object))


def triangular(shares: np.ndarray, low: np.ndarray, base: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The values below which the given shares of triangular distributions lie; base is the mode, low < high."""
    width = high - low
    mode = (base - low) / width
    rising = low + width * np.sqrt(shares * mode)
    falling = high - width * np.sqrt((1 - shares) * (1 - mode))
    values: np.ndarray = np.clip(np.where(shares < mode, rising, falling), low, high)
    return values


def _under(value: object, path: Keys, section: BaseModel, section_path: Keys, field: str) -> Iterator[Entry]:
    if isinstance(value, Figure):
        yield Entry(path, value, section, section_path, field)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _under(getattr(value, name), (*path, name), value, path, name)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _under(part, (*path, name), section, section_path, field)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _under(part, (*path, number), section, section_path, field)


def _row(entry: Entry) -> dict[str, Any]:
    description = type(entry.section).model_fields[entry.field].description or ""
    names = {name: getattr(entry.section, name, "") for name in ("name_zh", "name_en")}
    unit = unit_of(str(entry.path[-1]), entry.field).en
    values = {name: getattr(entry.figure, name) for name in EDITABLE}
    return {"section": key_of(entry.section_path), **names, "unit": unit, **values, "description": description}


def _drawn(figure: Figure, base: float) -> dict[str, Any]:
    """A drawn base is not the one of the source: the reasoning says so, once."""
    told = figure.reasoning.removesuffix(_DRAWN).strip()
    return {"base": float(base), "reasoning": f"{told} {_DRAWN}".strip()}


def _sample_faults(count: int, seed: int) -> Iterator[Fault]:
    if not 1 <= count <= _MOST_SAMPLES:
        en = f"1 to {_MOST_SAMPLES:,} scenarios expected, found {count:,}"
        yield Fault("sample", en=en, zh=f"情景数应为 1 至 {_MOST_SAMPLES:,}，现为 {count:,}")
    if seed < 0:
        en, zh = f"a whole number of 0 or more expected, found {seed}", f"应为不小于 0 的整数，现为 {seed}"
        yield Fault("seed", en=en, zh=zh)
