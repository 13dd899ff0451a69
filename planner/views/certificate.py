"""Whether a saved plan's proof stands: what it tells beside what its files give, and one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.views import numbers
from planner.views.result import GAP
from planner.views.table import ITEM, Column, Table
from planner.words import Text, joined, same

if TYPE_CHECKING:
    from planner.siting import Certificate
    from planner.siting.check.certify import Recomputed

_TOLD = Column(key="told", words=Text(zh="证明所述", en="told"))
_GIVEN = Column(key="given", words=Text(zh="由文件重新计算", en="from the files"))
_RULE = Column(key="rule", words=Text(zh="不符之处", en="what does not hold"), is_text=True)
_VALUE = Text(zh="目标值（kWh/日）", en="value (kWh/day)")
_BOUND = Text(zh="上界（kWh/日）", en="upper bound (kWh/day)")
_COST = Text(zh="全寿命成本（元）", en="lifetime cost (CNY)")
_COST_BOUND = Text(zh="成本下界（元）", en="lower bound of the cost (CNY)")
_RULES = Text(zh="不符之处", en="rules and numbers that do not hold")
_NO_PRICES = Text(zh="求解器给出", en="a solver's word")
_MOST_SHOWN = 20
_STANDS = Text(
    zh="证明成立：目标值和界与文件重新计算的结果一致，各条规则均得到遵守",
    en="the proof stands: value and bound are what the files give, and every rule is kept",
)
_SOLVERS_WORD = Text(
    zh="没有发现与证明不符之处：目标值与文件一致，各条规则均得到遵守；界由求解器给出（{method}），{prices}",
    en="nothing contradicts the proof: the value is what the files give, and every rule is kept; "
    "the bound is the solver's word ({method}), {prices}",
)
_PRICES_GIVE = Text(zh="价格所能证明的界为 {bound}", en="the prices prove {bound}")
_PRICES_GIVE_NONE = Text(zh="方案没有可供复核的价格", en="and the plan has no prices to check it by")
_FALLS = Text(zh="证明不成立：{why}", en="the proof does not stand: {why}")
_MORE = Text(zh="另有 {n} 处", en="{n} more")


def proof_table(found: Certificate) -> Table:
    """Value, bound and gap, as told and as the files give them: of the plan, and of every year."""
    groups = [_rows(one) for one in (found.plan, *found.years)]
    return Table(Text(zh="方案的证明", en="the plan's proof"), (ITEM, _TOLD, _GIVEN), groups)


def broken_table(found: Certificate) -> Table | None:
    """Every rule that is broken and every number that differs, by name; None where there is none."""
    return Table(_RULES, (_RULE,), [[[text] for text in _shown(_contradictions(found))]]) if not found.stands else None


def verdict(found: Certificate) -> Text:
    """In one sentence whether the proof stands."""
    if not found.stands:
        every = _contradictions(found)
        more = [_MORE.fill(n=numbers.count(len(every) - 1))] if len(every) > 1 else []
        return _FALLS.fill(why=joined([every[0], *more]))
    if found.plan.is_proven:
        return _STANDS
    bound = found.plan.bound
    prices = _PRICES_GIVE_NONE if bound is None else _PRICES_GIVE.fill(bound=numbers.tenths(bound))
    return _SOLVERS_WORD.fill(method=found.plan.told.method, prices=prices)


def _rows(one: Recomputed) -> list[list[Text]]:
    """Value, bound and gap of the plan or of a year."""
    value, bound = (_COST, _COST_BOUND) if one.is_cost else (_VALUE, _BOUND)
    gap = one.gap_share
    rows = [
        [value, numbers.tenths(one.told_value), numbers.tenths(one.value)],
        [bound, numbers.tenths(one.told_bound), _NO_PRICES if one.bound is None else numbers.tenths(one.bound)],
        [GAP.words, numbers.gap(one.told.gap_share), numbers.DASH if gap is None else numbers.gap(gap)],
    ]
    year = None if one.year is None else Text(zh=f"{one.year} 年", en=str(one.year))
    return rows if year is None else [[joined([year, words], same(" ")), *cells] for words, *cells in rows]


def _contradictions(found: Certificate) -> list[Text]:
    """Edited files first, then rules and numbers."""
    return [*(fault.text.about(fault.where) for fault in found.faults), *found.broken]


def _shown(every: Sequence[Text]) -> list[Text]:
    """As many as fit a screen, and how many more there are."""
    if len(every) <= _MOST_SHOWN:
        return list(every)
    return [*every[:_MOST_SHOWN], _MORE.fill(n=numbers.count(len(every) - _MOST_SHOWN))]
