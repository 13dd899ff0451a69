"""Names of areas and services in the language of the report; all of them come from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.report.document import Lang, clean

if TYPE_CHECKING:
    from planner.plan import Plan


def area_name(plan: Plan, name: str, lang: Lang) -> str:
    """A district or task unit: in English as the layer of districts has it, where it has."""
    english = plan.layers.districts["name_en"]
    return clean(english.get(name) or name) if lang == "en" else clean(name)


def service_name(plan: Plan, key: str, lang: Lang) -> str:
    """A service as the scenario names it."""
    rules = next((rules for service, rules in plan.scenario.services.items() if service == key), None)
    return clean(getattr(rules, f"name_{lang}", key))
