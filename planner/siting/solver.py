"""The one place that talks to the solver and believes nothing it says without looking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp


@dataclass(frozen=True)
class Solved:
    """What HiGHS found.

    Attributes
    ----------
    values
        Every variable, in the order it was added.
    duals
        Every constraint, in the order it was added: what one more unit on its right side is worth; empty for integer
        programs.
    value, bound
        The value (the objective's negative) of `values`; the solver's own upper bound on it.
    proven
        Whether the solver stopped because it had proved the optimum within its gap.
    """

    values: np.ndarray
    duals: np.ndarray
    value: float
    bound: float
    proven: bool


def weighted_sum(terms: Iterable[tuple[Any, float]]) -> Any:
    """The PuLP expression of (variable, weight) terms, in PuLP 3.3 and 4."""
    build = getattr(pulp.LpAffineExpression, "from_list", pulp.LpAffineExpression)
    return build(list(terms))


class NoPlan(RuntimeError):
    """The solver ended without any feasible solution."""

    def __init__(self, status: str, infeasible: bool) -> None:
        super().__init__(status)
        self.infeasible = infeasible


def solve(problem: Any, variables: list[Any], **options: Any) -> Solved:
    """Minimise with HiGHS in process and read back status, values, duals and bound from HiGHS itself.

    PuLP reports "Optimal" after a limit and values of 0.0 without a solution, in ways that differ between its 3.x and
    4.x, so only the model's transfer is left to it.

    Parameters
    ----------
    problem
        PuLP problem that minimises the negative of a value.
    variables
        Its variables in the order wanted in `Solved.values`.
    options
        HiGHS options by their own names (``mip_rel_gap``, ``time_limit``, ``solver``, ...).

    Raises
    ------
    NoPlan
        No feasible solution was found.
    """
    solver = pulp.getSolver("HiGHS", msg=False, threads=1)
    solver.optionsDict.update({"random_seed": 0, **options})
    try:
        problem.solve(solver)
    except KeyError:  # PuLP 3.3 does not know HiGHS's "solution limit" (a node limit); values are already in place
        if "limit" not in _status(problem).lower():
            raise
    highs = problem.solverModel
    name, info = _status(problem), highs.getInfo()
    if info.primal_solution_status != 2:  # kSolutionStatusFeasible
        raise NoPlan(name, infeasible="nfeasible" in name)
    solution = highs.getSolution()
    values = np.array([v.varValue for v in variables], float)
    whole = info.mip_node_count >= 0  # HiGHS leaves -1 where nothing had to be whole
    value = -float(info.objective_function_value)
    bound = -float(info.mip_dual_bound) if whole else value
    duals = np.zeros(0) if whole else -np.asarray(solution.row_dual, float)
    return Solved(values, duals, value, bound, proven=name == "Optimal")


def _status(problem: Any) -> str:
    highs = problem.solverModel
    return str(highs.modelStatusToString(highs.getModelStatus()))
