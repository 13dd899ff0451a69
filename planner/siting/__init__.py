"""Which sites get how many chargers of which type: the integer program, how it is solved, and its proof."""

from planner.siting.check.plan import check_plan, check_years
from planner.siting.choose import choose_sites
from planner.siting.choose_years import choose_years
from planner.siting.effort import Effort
from planner.siting.every_year import choose_every_year
from planner.siting.model.floors import largest_floors
from planner.siting.near_optimal import other_plans
from planner.siting.problem import Answer, Answers, Problem, no_chargers
from planner.siting.proof import Proof
from planner.siting.start import foreign_plan

__all__ = [
    "Answer",
    "Answers",
    "Effort",
    "Problem",
    "Proof",
    "check_plan",
    "check_years",
    "choose_every_year",
    "choose_sites",
    "choose_years",
    "foreign_plan",
    "largest_floors",
    "no_chargers",
    "other_plans",
]
