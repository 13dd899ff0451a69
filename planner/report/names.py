"""Names of areas and services; all of them come from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.words import Text, same, text_of

if TYPE_CHECKING:
    from planner.plan import Plan


def area_name(plan: Plan, name: str) -> Text:
    """A district or task unit: in English as the layer of districts has it, where it has."""
    english = plan.layers.districts["name_en"]
    return Text(zh=name, en=str(english.get(name) or name))


def service_name(plan: Plan, key: str) -> Text:
    """A service as the scenario names it."""
    rules = next((rules for service, rules in plan.scenario.services.items() if service == key), None)
    return same(key) if rules is None else text_of(rules, "name")
