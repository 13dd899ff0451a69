"""Which sites get how many chargers of which type: the integer program, how it is solved, and its proof."""

from planner.siting.check.plan import check_plan, check_years
from planner.siting.choose import choose_sites
from planner.siting.choose_years import Town, choose_years
from planner.siting.effort import Effort
from planner.siting.model.floors import largest_floors
from planner.siting.model.instance import linear_capacity
from planner.siting.model.limits import for_cars
from planner.siting.previous import Previous, foreign_plan
from planner.siting.proof import Proof

__all__ = [
    "Effort",
    "Previous",
    "Proof",
    "Town",
    "check_plan",
    "check_years",
    "choose_sites",
    "choose_years",
    "for_cars",
    "foreign_plan",
    "largest_floors",
    "linear_capacity",
]
