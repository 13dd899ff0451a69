"""How far a plan is: the stages that are told on the way, by name and in both languages."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from planner.words import Text


class Stage(Enum):
    """A stage of a plan or of a question about one."""

    LAYERS = Text(zh="读取图层", en="layers")
    DEMAND = Text(zh="估算需求", en="demand")
    CANDIDATES = Text(zh="寻找候选站点", en="candidates")
    ACCESS = Text(zh="计算可达性", en="access")
    RULES = Text(zh="选址优化：核对约束", en="rules")
    WHOLE_PROGRAM = Text(zh="选址优化：整体求解", en="whole program")
    BOUND = Text(zh="选址优化：求上界", en="bound")
    SEARCH = Text(zh="选址优化：搜索方案", en="search")
    SETTLE = Text(zh="选址优化：满足约束", en="settle")
    COMBINE = Text(zh="选址优化：合并方案", en="combine")
    IMPROVE = Text(zh="选址优化：局部改进", en="improve")
    HEADROOM = Text(zh="选址优化：分配富余桩", en="headroom")
    YEARS_TOGETHER = Text(zh="选址优化：各年合并", en="years together")
    ASSESSMENT = Text(zh="评估方案", en="assessment")
    BASELINES = Text(zh="与其他布局比较", en="baselines")
    SIMULATION = Text(zh="逐车仿真", en="simulation")
    STRESS_TEST = Text(zh="就近自选压力测试", en="stress test")
    LARGEST_FLOORS = Text(zh="各区服务率上限", en="largest floors")
    OPTIMAL_TODAY = Text(zh="既有充电桩最优布局", en="today's chargers at their best")
    ALTERNATIVES = Text(zh="寻找备选方案", en="alternatives")
    MAP = Text(zh="绘制地图", en="map")
    REPORT = Text(zh="撰写报告", en="report")
    FILES = Text(zh="写出文件", en="files")

    @property
    def key(self) -> str:
        """What it is called in ``run.json``."""
        return self.value.en


Progress = Callable[[Stage, float | None, float | None], None]
"""Called with a stage, the value so far and the bound so far; for the least cost both are negative costs.

When a stage begins, and again as value and bound become known: what a clock counts after a call belongs to its stage.
"""


def silent(stage: Stage, value: float | None, bound: float | None) -> None:
    """Nobody watches."""
