"""`check_folder`: whether a saved plan's proof stands, from the files of its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from planner.exports.restored import answers_in, counts_in, problems_in, refuse_unposed
from planner.exports.stored import edited_scenario, held
from planner.exports.summary import proof_record
from planner.faults import BadInput, Fault, some
from planner.siting import Proof, certify

if TYPE_CHECKING:
    import pandas as pd

    from planner.exports.content import Content
    from planner.siting import Answers, Certificate


def check_folder(folder: str | Path) -> Certificate:
    """Check a saved plan by its own files: every rule again, value and bound from tables and prices.

    Only ``scenario.toml``, ``summary.json`` and ``plan.gpkg`` are read; the layers of the study area may be gone. No
    solver is asked. A file that was edited since is named, and what it holds now is checked all the same.

    Parameters
    ----------
    folder
        As `save_plan` wrote it.

    Returns
    -------
    Certificate
        Value and bound beside what the proof tells, and all that contradicts it.

    Raises
    ------
    BadInput
        No plan folder; or one of its files is missing, damaged, or so changed that nothing can be computed from it.
    """
    home = Path(folder)
    content, digests, faults = held(home)
    faults += edited_scenario(home, digests)
    try:
        refuse_unposed(content, home / "plan.gpkg")
        problems, answers = problems_in(content), answers_in(content)
    except BadInput as error:
        raise BadInput([*faults, *error.faults]) from None
    faults += [*_other_counts(content, answers, home), *_other_proof(content, answers.proof, home)]
    return certify(problems, answers, faults)


def _other_counts(content: Content, answers: Answers, home: Path) -> list[Fault]:
    """New chargers that the table ``chargers`` tells otherwise than ``added``."""
    one: pd.Series = counts_in(content, "new_count", float)["count"]
    other = answers.last.chargers["count"].astype(float)
    apart = one.sub(other, fill_value=0.0)
    rows = [f"{site} {kind}" for site, kind in apart[apart != 0].index]
    if not rows:
        return []
    en = f"do not tell the same new chargers at {some(rows)}; bring the saved file back or plan again"
    zh = f"{some(rows)} 的新增台数不一致；请恢复原文件或重新规划"
    return [Fault(f"{home / 'plan.gpkg'}, tables chargers and added", en=en, zh=zh)]


def _other_proof(content: Content, proof: Proof, home: Path) -> list[Fault]:
    """What the summary tells of the proof otherwise than the table ``proofs``."""
    told, held_there = content.summary.get("proof"), proof_record(proof)
    told = told if isinstance(told, dict) else {}
    apart = [name for name in {**held_there, **told} if told.get(name) != held_there.get(name)]
    if not apart:
        return []
    en = f"{some(apart)} is not what the table proofs of plan.gpkg says; bring the saved files back or plan again"
    zh = f"{some(apart)} 与 plan.gpkg 的 proofs 表不符；请恢复原文件或重新规划"
    return [Fault(f"{home / 'summary.json'}, key proof", en=en, zh=zh)]
