"""Which sites get how many chargers of which type: the integer program, how it is solved, and its proof."""

from typing import TYPE_CHECKING

from planner.doors import door

if TYPE_CHECKING:
    from planner.siting.check.certify import Certificate, certify
    from planner.siting.check.plan import check_plan, check_years
    from planner.siting.choose import choose_sites
    from planner.siting.city.moves import loops_are_kept
    from planner.siting.effort import Effort
    from planner.siting.every_year import choose_every_year
    from planner.siting.model.floors import largest_floors
    from planner.siting.near_optimal import other_plans
    from planner.siting.problem import Answer, Answers, Problem, no_chargers
    from planner.siting.proof import Proof
    from planner.siting.several_years import choose_years
    from planner.siting.start import foreign_plan

__all__ = [
    "Answer",
    "Answers",
    "Certificate",
    "Effort",
    "Problem",
    "Proof",
    "certify",
    "check_plan",
    "check_years",
    "choose_every_year",
    "choose_sites",
    "choose_years",
    "foreign_plan",
    "largest_floors",
    "loops_are_kept",
    "no_chargers",
    "other_plans",
]

_MODULES = {
    "Certificate": "planner.siting.check.certify",
    "certify": "planner.siting.check.certify",
    "check_plan": "planner.siting.check.plan",
    "check_years": "planner.siting.check.plan",
    "choose_sites": "planner.siting.choose",
    "choose_years": "planner.siting.several_years",
    "loops_are_kept": "planner.siting.city.moves",
    "Effort": "planner.siting.effort",
    "choose_every_year": "planner.siting.every_year",
    "largest_floors": "planner.siting.model.floors",
    "other_plans": "planner.siting.near_optimal",
    "Answer": "planner.siting.problem",
    "Answers": "planner.siting.problem",
    "Problem": "planner.siting.problem",
    "no_chargers": "planner.siting.problem",
    "Proof": "planner.siting.proof",
    "foreign_plan": "planner.siting.start",
}

__getattr__ = door(__name__, _MODULES)  # a problem and its answer are read without the solver
