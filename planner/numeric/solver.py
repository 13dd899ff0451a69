"""The one place that talks to the solver and believes nothing it says without looking."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp

from planner.faults import BadInput, Fault

_CBC = ("PULP_CBC_CMD", "COIN_CMD")  # PuLP 3 brings its own, PuLP 4 takes cbcbox's or the one on the path


@dataclass(frozen=True)
class Solved:
    """What the solver found.

    Attributes
    ----------
    values
        Every variable, in the order it was added.
    duals
        Every constraint, in the order it was added: what one more unit on its right side is worth; empty for integer
        programs and solvers other than HiGHS.
    value, bound
        The value (the objective's negative) of `values`; the solver's own upper bound on it, infinite where it tells
        none.
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


def solve(
    problem: Any, variables: list[Any], solver: str = "HiGHS", start: np.ndarray | None = None, **options: Any
) -> Solved:
    """Minimise and read back status, values, duals and bound.

    HiGHS runs in process and is asked itself: PuLP reports "Optimal" after a limit and values of 0.0 without a
    solution, in ways that differ between its 3.x and 4.x, so only the model's transfer is left to it.

    Parameters
    ----------
    problem
        PuLP problem that minimises the negative of a value.
    variables
        Its variables in the order wanted in `Solved.values`.
    solver
        HiGHS, CBC, or another solver by PuLP's name for it.
    start
        Values of a known plan, in the order of `variables`, for HiGHS to better; another solver is not told.
    options
        HiGHS options by their own names (``mip_rel_gap``, ``time_limit``, ``solver``, ...). Another solver is told the
        gap, node and time limits if PuLP can tell it.

    Raises
    ------
    NoPlan
        No feasible solution was found.
    BadInput
        The named solver is unknown or not installed.
    """
    if solver != "HiGHS":
        return _solve_by_name(problem, variables, solver, options)
    highs_in_pulp = pulp.getSolver("HiGHS", msg=False, threads=1)
    highs_in_pulp.optionsDict.update({"random_seed": 0, **options})
    if start is not None:
        _begin_at(highs_in_pulp, variables, start)
    try:
        problem.solve(highs_in_pulp)
    except KeyError:  # PuLP 3.3 does not know HiGHS's "solution limit" (a node limit); values are already in place
        if "limit" not in _status(problem).lower():
            raise
    highs = problem.solverModel
    name, info = _status(problem), highs.getInfo()
    if info.primal_solution_status != 2:  # kSolutionStatusFeasible
        raise NoPlan(name, infeasible="nfeasible" in name)
    solution = highs.getSolution()
    values = _values(variables)
    whole = info.mip_node_count >= 0  # HiGHS leaves -1 where nothing had to be whole
    value = -float(info.objective_function_value)
    bound = -float(info.mip_dual_bound) if whole else value
    duals = np.zeros(0) if whole else -np.asarray(solution.row_dual, float)
    return Solved(values, duals, value, bound, proven=name == "Optimal")


def _begin_at(highs_in_pulp: Any, variables: list[Any], start: np.ndarray) -> None:
    """Have HiGHS told of a plan once its model is built: PuLP's own way is there from its 4.0 only."""
    build = highs_in_pulp.buildSolverModel

    def build_and_begin(problem: Any) -> None:
        build(problem)
        columns = getattr(problem, "exported_variables", problem.variables)()
        column = {v.name: n for n, v in enumerate(columns)}
        known = {column[v.name]: value for v, value in zip(variables, start, strict=True) if v.name in column}
        problem.solverModel.setSolution(
            len(known), np.array(list(known), np.int32), np.array(list(known.values()), float)
        )

    highs_in_pulp.buildSolverModel = build_and_begin


def check_solver(solver: str) -> None:
    """Refuse a solver that PuLP does not know or cannot find.

    Raises
    ------
    BadInput
        With the solvers that are there.
    """
    if solver == "HiGHS":  # a dependency of this package
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PuLP 3.3 warns of what its 4 will not bring
        there = [*pulp.listSolvers(onlyAvailable=True), *(["CBC"] if _cbc() else [])]
    if solver not in there:
        found, hint = ", ".join(sorted(there)), "pip install 'pulp[cbc]'"
        en = f"{solver} is not installed; found {found} (CBC comes with: {hint})"
        raise BadInput(
            [
                Fault(
                    "scenario, key siting.solver",
                    en=en,
                    zh=f"未安装求解器 {solver}；现有 {found}（CBC 可用 {hint} 安装）",
                )
            ]
        )


def _cbc() -> str | None:
    """PuLP's name for the CBC that is there."""
    there = set(pulp.listSolvers(onlyAvailable=True))
    return next((name for name in _CBC if name in there), None)


def _solve_by_name(problem: Any, variables: list[Any], solver: str, options: dict[str, Any]) -> Solved:
    """Minimise with another solver: PuLP tells its values and whether it ended by itself.

    Only of CBC is that known to hold under limits; another solver that was given one proves nothing.
    """
    check_solver(solver)
    known = {"mip_rel_gap": "gapRel", "time_limit": "timeLimit", "mip_max_nodes": "maxNodes"}
    given = {known[name]: value for name, value in options.items() if name in known}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = _cbc() if solver == "CBC" else solver
        try:
            named = pulp.getSolver(name, msg=False, **given)
        except TypeError:  # it knows no such limits
            given = {}
            named = pulp.getSolver(name, msg=False)
        found, finished, infeasible = _ending(problem, problem.solve(named))
    if not found:
        raise NoPlan("Infeasible" if infeasible else "no solution", infeasible)
    limited = solver != "CBC" and ("timeLimit" in given or "maxNodes" in given)
    values = _values(variables)
    value = -float(problem.objective.value())
    proven = finished and not limited
    gap = float(given.get("gapRel", 0.0))
    bound = value + abs(value) * gap / (1 - gap) if proven else float("inf")
    return Solved(values, np.zeros(0), value, bound, proven)


def _ending(problem: Any, told: Any) -> tuple[bool, bool, bool]:
    """Whether there is a solution, whether the search ended by itself, whether there is no solution at all."""
    if isinstance(told, int):  # PuLP 3: its status says "Optimal" after a limit too, its sol_status does not
        solution = problem.sol_status
        return solution in (1, 2), solution == 1, told == pulp.LpStatusInfeasible
    return bool(told.has_solution), told.status.name in ("Optimal", "GapLimit"), told.status.name == "Infeasible"


def _values(variables: list[Any]) -> np.ndarray:
    """Values of the variables; those in no row of the problem, which PuLP leaves out, at their lower bound."""
    return np.array([(v.lowBound or 0.0) if v.varValue is None else v.varValue for v in variables], float)


def _status(problem: Any) -> str:
    highs = problem.solverModel
    return str(highs.modelStatusToString(highs.getModelStatus()))
