"""Towns solved by one way alone, whatever their size."""

from __future__ import annotations

from helpers.towns import Planned, Town
from planner.progress import Progress, silent
from planner.siting import Proof
from planner.siting.choose import answer_of
from planner.siting.city.city import plan_city
from planner.siting.effort import Effort
from planner.siting.problem import no_prices


def by_the_city_method(town: Town, effort: Effort | None = None, tell: Progress = silent) -> Planned:
    x = town.instance
    effort = effort or Effort(0.005)
    with effort.under_way():
        choice, bound, _ = plan_city(x, effort, tell)
    value, least_cost = choice.value(x), x.promise_kwh > 0
    proof = Proof(
        value_kwh_day=float(choice.served.sum()) if least_cost else value,
        bound_kwh_day=float(x.energy.sum()) if least_cost else bound,
        method="Lagrangian duality",
        reproducible=effort.reproducible,
        tightness=0.0,
        reachable_kwh_day=0.0,
        needed_chargers=0,
        cost_cny=-value if least_cost else None,
        cost_bound_cny=-bound if least_cost else None,
    )
    return Planned(town, answer_of(x, choice, proof, no_prices()))
