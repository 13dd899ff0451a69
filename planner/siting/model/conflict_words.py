"""How rules that cannot be kept together are told: what each asks, what can be had, beside what, and what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from planner.faults import Fault, some
from planner.siting.model.instance import Instance
from planner.words import NO_TEXT, Text

_HELD_BY = {
    "lock": Text(zh="锁定必选的站点", en="locked-in sites"),
    "bays": Text(zh="站点车位", en="the sites' bays"),
    "grid": Text(zh="站点电网余量", en="the sites' grid"),
    "whole": Text(zh="站点电网余量", en="the sites' grid"),
    "capacity": Text(zh="充电桩供电能力", en="what chargers carry"),
    "demand": Text(zh="可达范围内的需求", en="demand within reach"),
    "station": Text(zh="站点最少桩数", en="fewest chargers of a site"),
    "cars": Text(zh="最低可达", en="minimum access"),
    "quota": Text(zh="新增总量", en="quota"),
    "share_min": Text(zh="{what} 最低占比", en="least share of {what}"),
    "share_max": Text(zh="{what} 最高占比", en="largest share of {what}"),
    "count": NO_TEXT, "one": NO_TEXT, "link": NO_TEXT, "door": NO_TEXT,
}  # fmt: skip
"""How a row that holds others back is called; nothing for rows of no rule. Others are called as in `_SUBJECTS`."""

_SUBJECTS = {
    "quota": Text(zh="新增总量", en="chargers"),
    "budget": Text(zh="预算", en="budget"),
    "floor": Text(zh="{what} 服务率下限", en="floor of {what}"),
    "promise": Text(zh="服务率承诺", en="promise"),
    "task": Text(zh="{what} 任务", en="task of {what}"),
    "feeder": Text(zh="馈线组 {what}", en="feeder group {what}"),
    "share_min": Text(zh="{what} 最低占比折合台数", en="least share of {what}, in chargers"),
    "share_max": Text(zh="{what} 最高占比折合台数", en="largest share of {what}, in chargers"),
    "count_max": Text(zh="{what} 最多台数", en="largest count of {what}"),
    "access": Text(zh="最低可达", en="minimum access"),
    "lock": Text(zh="已锁定为必选，最少桩数", en="locked in, fewest chargers"),
}
_UNITS = {"budget": Text(zh=" 元", en=" CNY"), "feeder": Text(zh=" kW", en=" kW")}
_CHARGERS = Text(zh=" 台", en="")

_ACCESS = Text(
    zh="{asked} 个网格无法全部在服务半径内有小汽车充电桩：{zones} 不能{beside}；请提高总量或预算，放宽所受约束，"
    "或将该键设为 false",
    en="not all of {asked} zones can have a charger for cars within their norm radius: {zones} cannot{beside}; "
    "raise the quota or the budget, relax what holds it back, or set the key to false",
)
_LOWER = Text(zh="请降低要求，或放宽所受约束", en="lower it, or relax what holds it back")
_RAISE = Text(zh="请提高该值", en="raise it")
_LESS_QUOTA = Text(zh="请降低新增总量，或增加站点、车位或电网余量", en="lower the quota, or add sites, bays or grid")
_MORE_QUOTA = Text(zh="请提高新增总量", en="raise the quota")
_BUDGET = Text(zh="请提高预算，或降低新增总量", en="raise the budget, or lower the quota")
_FEEDER = Text(zh="请提高上限，或降低其下的要求", en="raise it, or lower what it must feed")
_LOCK = Text(zh="请取消锁定，或降低其 min_station", en="free the lock, or lower its min_station")

_SCENARIO_KEYS = {
    "quota": "quota", "budget": "budget_cny", "task": "tasks", "feeder": "feeder_kw", "floor": "floors",
    "promise": "promise_share",
}  # fmt: skip
_TYPE_COLUMNS = {"share_min": "min_share", "share_max": "max_share", "count_max": "max_count"}


def named(x: Instance, missed: Mapping[str, float], tight: Sequence[str]) -> list[Fault]:
    """One fault per missed rule, with how much can be had and beside what.

    Parameters
    ----------
    missed
        By row, how far it is missed: positive where it falls short, negative where it goes beyond.
    tight
        The rows that hold others back.
    """
    beside = _beside([name for name in tight if name not in missed])
    faults = []
    if zones := sorted(_parts(name)[1] for name in missed if name.startswith("access(")):
        told = _ACCESS.fill(asked=int(x.limits.is_access.sum()), zones=some(zones), beside=beside)
        faults.append(Fault.of("scenario, key siting.minimum_access", told))
    for name, by in missed.items():
        kind, what = _parts(name)
        if kind != "access":
            told = Text(zh="{amounts}{beside}；{todo}", en="{amounts}{beside}; {todo}")
            told = told.fill(amounts=_amounts(x, kind, what, by), beside=beside, todo=_todo(kind, by))
            faults.append(Fault.of(_where(kind, what), told))
    return faults


def _beside(tight: Sequence[str]) -> Text:
    """What holds the missed rules back, as the end of a sentence; nothing where it is no rule."""
    held = sorted({text for text in map(_held, tight) if text}, key=lambda text: (text.en, text.zh))
    if not held:
        return NO_TEXT
    return Text(zh=f"（受制于 {some((t.zh for t in held), 8)}）", en=f" beside {some((t.en for t in held), 8)}")


def _held(name: str) -> Text:
    """How a row that holds others back is called."""
    kind, what = _parts(name)
    return _HELD_BY.get(kind, _SUBJECTS.get(kind, NO_TEXT)).fill(what=what)


def _amounts(x: Instance, kind: str, what: str, by: float) -> Text:
    """What a missed rule asks or allows, and what can be had or is needed."""
    subject = _SUBJECTS[kind].fill(what=what)
    if kind in ("floor", "promise"):
        return Text(zh="{subject}：{share}", en="{subject}: {share}").fill(
            subject=subject, share=_shares(x, kind, what, by)
        )
    least, most = _ends(x, kind, what)
    if by > 0:
        fit = math.floor(least - by + 1e-6)
        told = Text(
            zh="{subject}：要求 {least:,.6g} 台，最多可布置 {fit:,} 台",
            en="{subject}: {least:,.6g} asked, at most {fit:,} fit",
        )
        return told.fill(subject=subject, least=least, fit=fit)
    told = Text(
        zh="{subject}：上限 {most:,.10g}{unit}，至少需要 {needed:,}{unit}",
        en="{subject}: {most:,.10g}{unit} allowed, at least {needed:,}{unit} needed",
    )
    needed = math.ceil(most - by - 1e-6)
    return told.fill(subject=subject, most=most, needed=needed, unit=_UNITS.get(kind, _CHARGERS))


def _shares(x: Instance, kind: str, what: str, by: float) -> Text:
    """What share of the demand a missed floor or promise asks, and what can be served."""
    of_floor = kind == "floor"
    d = x.floor_ids.index(what) if of_floor else -1
    asked = float(x.floor_kwh[d] if of_floor else x.promise_kwh)
    total = float(x.energy[x.demand_floor == d].sum() if of_floor else x.energy.sum())
    most = math.floor((asked - by) / total * 1000 + 1e-6) / 1000
    told = Text(
        zh="要求达到需求的 {asked:.3g}，最多可达 {most:g}",
        en="{asked:.3g} of the demand asked, at most {most:g} can be served",
    )
    return told.fill(asked=asked / total, most=most)


def _ends(x: Instance, kind: str, what: str) -> tuple[float, float]:
    """The least and the most of a rule of counts."""
    if kind == "lock":
        return float(x.min_station[x.site_ids.get_loc(what)]), math.inf
    row = x.limits.names.index(f"{kind}({what})" if what else kind)
    return float(x.limits.least[row]), float(x.limits.most[row])


def _parts(name: str) -> tuple[str, str]:
    """A row's kind and id: ``task(小店区)`` is the task of 小店区."""
    kind, _, what = name.partition("(")
    return kind, what.removesuffix(")")


def _where(kind: str, what: str) -> str:
    """Where the missed rule stands."""
    if kind in _SCENARIO_KEYS:
        return f"scenario, key siting.{_SCENARIO_KEYS[kind]}"
    if kind == "lock":
        return f"sites, row {what}"
    return f"charger_types, column {_TYPE_COLUMNS[kind]}, row {what}"


def _todo(kind: str, by: float) -> Text:
    """What to do about a missed rule."""
    if kind == "quota":
        return _LESS_QUOTA if by > 0 else _MORE_QUOTA
    return {
        "budget": _BUDGET, "feeder": _FEEDER, "lock": _LOCK, "share_max": _RAISE, "count_max": _RAISE
    }.get(kind, _LOWER)  # fmt: skip
