"""Districts and services: their names, what is served of their demand, today and with the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.views import numbers
from planner.views.columns import COLUMNS, columns_of
from planner.views.table import Column, Table
from planner.words import NO_TEXT, Text, same, text_of

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.scenario import Scenario

DISTRICTS = columns_of(
    *("district", "residents", "within_norm_share_today", "within_norm_share", "public_kwh_day"),
    *("served_share_today", "served_share"),
)
SERVICES = columns_of(
    *("service", "public_kwh_day", "served_kwh_day", "unserved_kwh_day", "served_share_today", "served_share"),
)

REASON_WORDS = {
    "out_of_reach": Text(zh="超出可达范围", en="out of reach"),
    "full": Text(zh="可达站点已满（车位或电网）", en="sites within reach are full"),
    "grid": Text(zh="馈线组已满", en="feeder group is full"),
    "budget": Text(zh="预算用尽", en="budget is spent"),
    "quota": Text(zh="总量用尽", en="quota is used up"),
}
"""Why demand is not served."""
POWERS = {
    "slow": Text(zh="慢充", en="slow"),
    "fast": Text(zh="快充", en="fast"),
    "heavy": Text(zh="重卡", en="heavy trucks"),
    "swap": Text(zh="换电站", en="swap stations"),
}
"""What a station is made of, in a few letters."""


def area_name(plan: Plan, name: str) -> Text:
    """A district or task unit: in English as the layer of districts has it, where it has."""
    english = plan.layers.districts["name_en"]
    return Text(zh=name, en=str(english.get(name) or name))


def service_names(scenario: Scenario) -> dict[str, Text]:
    """The services as the scenario names them."""
    return {str(service): text_of(rules, "name") for service, rules in scenario.services.items()}


def district_table(plan: Plan) -> Table:
    """A row per district."""
    rows = [
        [area_name(plan, str(name)), *(column.write(float(row[column.key])) for column in DISTRICTS[1:])]
        for name, row in plan.assessment.districts.iterrows()
    ]
    return Table(NO_TEXT, DISTRICTS, [rows])


def service_table(plan: Plan) -> Table:
    """A row per service."""
    names = service_names(plan.scenario)
    rows = [
        [names.get(str(key), same(key)), *(column.write(float(row[column.key])) for column in SERVICES[1:])]
        for key, row in plan.assessment.services.iterrows()
    ]
    return Table(NO_TEXT, SERVICES, [rows])


TYPES = (
    Column(key="charger_type", words=COLUMNS["charger_type"].words, is_text=True),
    COLUMNS["chargers"],
    Column(key="kw_rated", words=Text(zh="额定功率", en="rated power"), unit=numbers.KW, write=numbers.plain),
    Column(key="price_cny", words=Text(zh="单价", en="price"), unit=numbers.CNY, write=numbers.count),
    Column(
        key="carried_kwh_day", words=Text(zh="可承担电量", en="can carry"), unit=numbers.KWH_DAY, write=numbers.count
    ),
)


def type_table(plan: Plan) -> Table:
    """A row per charger type that the plan builds."""
    known, rows = plan.scenario.charger_types, []
    for key, row in plan.assessment.types.iterrows():
        kind = known[str(key)]
        values = (row["chargers"], kind.kw_rated.base, kind.price_cny.base, row["carried_kwh_day"])
        cells = (column.write(float(value)) for column, value in zip(TYPES[1:], values, strict=True))
        rows.append([text_of(kind, "name"), *cells])
    return Table(Text(zh="桩型", en="Types of chargers"), TYPES, [rows])
