"""A figure: a number with its range and where it comes from; and the sections of a scenario that hold figures."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from planner.words import Text

SourceKind = Literal["published", "derived", "assumption"]
_PROVENANCE = ("source_kind", "source", "reasoning")
LARGEST = 1e12
"""What no figure exceeds; solvers take much larger numbers for infinite."""


class BrokenRule(ValueError):
    """What one of our own rules finds wrong in a section; pydantic hands it on, with its words in both languages."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


class Section(BaseModel):
    """A section of the file: unknown keys, text for numbers, nan and inf are errors; values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Figure(Section):
    """A number with its range and origin.

    ``published`` and ``derived`` name their source (for derived, the arithmetic), an ``assumption`` its reasoning.
    """

    base: float
    low: float
    high: float
    source_kind: SourceKind
    source: str = ""
    reasoning: str = ""

    @model_validator(mode="before")
    @classmethod
    def _fill_range(cls, given: Any) -> Any:
        if isinstance(given, dict) and "base" in given:
            return {"low": given["base"], "high": given["base"], **given}
        return given

    @model_validator(mode="after")
    def _in_order_and_sourced(self) -> Self:
        if not self.low <= self.base <= self.high:
            en = f"low <= base <= high expected, found {self.low}, {self.base}, {self.high}"
            zh = f"应满足 low <= base <= high，现为 {self.low}、{self.base}、{self.high}"
            raise BrokenRule(Text(zh=zh, en=en))
        if self.base < 0 or self.low < 0:
            least = min(self.base, self.low)
            raise BrokenRule(Text(zh=f"数值不能为负，现为 {least}", en=f"a figure cannot be negative, found {least}"))
        if self.high > LARGEST:
            en = f"{LARGEST:g} or less expected, found {self.high:g}"
            raise BrokenRule(Text(zh=f"应不大于 {LARGEST:g}，现为 {self.high:g}", en=en))
        if self.source_kind == "assumption" and not self.reasoning:
            zh = "假设值（assumption）须有一行理由 `reasoning`"
            raise BrokenRule(Text(zh=zh, en="an assumption needs one line of `reasoning`"))
        if self.source_kind != "assumption" and not self.source:
            zh = f"类别为 {self.source_kind} 的数值须注明来源 `source`"
            raise BrokenRule(Text(zh=zh, en=f"a {self.source_kind} figure needs its `source`"))
        return self


def within(least: float, most: float, words: Text) -> AfterValidator:
    """The rule that a figure's whole range lies within limits; `words` say what is expected."""

    def check(figure: Figure) -> Figure:
        if not least <= figure.low <= figure.high <= most:
            en = f"{words.en} expected, found {figure.low:g} to {figure.high:g}"
            raise BrokenRule(Text(zh=f"应为{words.zh}，现为 {figure.low:g} 至 {figure.high:g}", en=en))
        return figure

    return AfterValidator(check)


ShareFigure = Annotated[Figure, within(0, 1, Text(zh="介于 0 与 1 之间的占比", en="a share between 0 and 1"))]
PositiveShareFigure = Annotated[
    Figure, within(1e-6, 1, Text(zh="大于 0 且不超过 1 的占比", en="a share above 0, at most 1"))
]
OpenShareFigure = Annotated[
    Figure, within(1e-6, 1 - 1e-6, Text(zh="大于 0 且小于 1 的占比", en="a share above 0 and below 1"))
]
FactorFigure = Annotated[Figure, within(1, float("inf"), Text(zh="不小于 1 的倍数", en="a factor of 1 or more"))]
PositiveFigure = Annotated[Figure, within(1e-6, float("inf"), Text(zh="大于 0 的数值", en="a number above 0"))]
Weight = Annotated[float, Field(ge=0)]


class Sourced(Section):
    """A section whose figures may share one origin."""

    source_kind: SourceKind | None = None
    source: str = ""
    reasoning: str = ""

    @model_validator(mode="before")
    @classmethod
    def _spread_provenance(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        origin = {key: given[key] for key in _PROVENANCE if given.get(key)}
        origin = {"source_kind": "assumption", **origin}
        filled = dict(given)
        for name, field in cls.model_fields.items():
            if name in given and _is_figure(field.annotation):
                filled[name] = _as_figure(given[name], origin)
        return filled


def _is_figure(annotation: Any) -> bool:
    """Whether a field holds a figure, with or without limits, or may hold one."""
    return annotation is Figure or any(_is_figure(part) for part in get_args(annotation))


def _as_figure(given: Any, origin: dict[str, Any]) -> Any:
    """A number, ``[low, base, high]`` or a table as the table of a `Figure`; anything else goes on to be refused."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"base": given, **origin}
    if isinstance(given, list) and len(given) == 3:
        low, base, high = given
        return {"low": low, "base": base, "high": high, **origin}
    if isinstance(given, dict) and "source_kind" not in given:
        return {**origin, **given}
    return given
