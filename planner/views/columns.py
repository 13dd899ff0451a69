"""What the columns of files are called, and in which unit they are."""

from __future__ import annotations

from planner.views.table import Column
from planner.words import Text, same

_SHARE = same("share")
"""Of a number between 0 and 1."""
_CHARGERS, _STATIONS = same("台"), same("座")

_COLUMNS = (
    Column(key="site_id", words=Text(zh="站点编号", en="id of the site")),
    Column(key="name_zh", words=Text(zh="名称", en="name")),
    Column(key="name_en", words=Text(zh="英文名称", en="name in English")),
    Column(key="kind", words=Text(zh="类型代码", en="kind of place")),
    Column(key="kind_zh", words=Text(zh="类型", en="kind of place, in Chinese")),
    Column(key="district", words=Text(zh="县区", en="district")),
    Column(key="township", words=Text(zh="乡镇街道", en="township or street")),
    Column(key="task_unit", words=Text(zh="任务单位", en="unit that answers for the task")),
    Column(key="rank", words=Text(zh="重要性排序", en="rank by what would be lost without the site, 1 first")),
    Column(key="existing_total", words=Text(zh="既有桩", en="piles that stand today"), unit=_CHARGERS),
    Column(key="new_slow", words=Text(zh="新建慢充", en="new slow chargers"), unit=_CHARGERS),
    Column(key="new_fast", words=Text(zh="新建快充", en="new fast chargers"), unit=_CHARGERS),
    Column(key="new_heavy", words=Text(zh="新建重卡快充", en="new chargers for heavy vehicles"), unit=_CHARGERS),
    Column(key="new_swap", words=Text(zh="新建换电站", en="new swap stations"), unit=_STATIONS),
    Column(key="new_total", words=Text(zh="新建桩合计", en="all new piles, swap stations not counted"), unit=_CHARGERS),
    Column(key="power_kw", words=Text(zh="新增功率", en="new rated power"), unit=same("kW")),
    Column(key="capex_cny", words=Text(zh="投资", en="investment: chargers and opening"), unit=same("元")),
    Column(key="served_kwh_day", words=Text(zh="服务电量", en="energy served"), unit=same("kWh/日")),
    Column(key="utilisation", words=Text(zh="利用率", en="energy served over what the station can carry"), unit=_SHARE),
    Column(key="metres_mean", words=Text(zh="平均到站路程", en="mean way to the site"), unit=same("m")),
    Column(
        key="lost_kwh_day", words=Text(zh="无此站损失电量", en="energy unserved without the site"), unit=same("kWh/日")
    ),
    Column(
        key="lost_worth_kwh_day", words=Text(zh="无此站损失价值", en="worth lost without the site"), unit=same("kWh/日")
    ),
    Column(key="zones_affected", words=Text(zh="受影响网格", en="zones that would notice")),
    Column(
        key="extra_metres_mean",
        words=Text(zh="平均多走", en="mean extra way of those who find room elsewhere"),
        unit=same("m"),
    ),
    Column(key="extra_metres_most", words=Text(zh="最多多走", en="most extra way"), unit=same("m")),
    Column(key="next_best_site", words=Text(zh="次优站点", en="where its chargers would do best otherwise")),
    Column(key="phase", words=Text(zh="期次", en="place of its year among the plan's years, from 1")),
    Column(key="year", words=Text(zh="年份", en="year; of a site the one of its first new chargers")),
    Column(key="modelled", words=Text(zh="模拟点", en="true where the point is generated, not a known place")),
    Column(key="headroom", words=Text(zh="富余", en="true where one charger less would carry the same energy")),
    Column(key="reason", words=Text(zh="理由", en="why here")),
    Column(key="lon", words=Text(zh="经度", en="longitude, WGS 84"), unit=same("°")),
    Column(key="lat", words=Text(zh="纬度", en="latitude, WGS 84"), unit=same("°")),
    Column(key="bays", words=Text(zh="车位", en="parking bays for chargers"), unit=same("个")),
    Column(key="bays_assumed", words=Text(zh="车位为假设", en="true where the bays are assumed by kind")),
    Column(key="grid_kw", words=Text(zh="电网余量", en="grid headroom"), unit=same("kW")),
    Column(key="opening_cny", words=Text(zh="开设费用", en="cost of opening the site"), unit=same("元")),
    Column(key="min_station", words=Text(zh="最小规模", en="fewest chargers if opened"), unit=_CHARGERS),
    Column(key="institution", words=Text(zh="公共机构", en="equipped, reserved or none: what is required of it")),
    Column(key="lock", words=Text(zh="锁定", en="in, out or free")),
    Column(key="chosen", words=Text(zh="入选", en="true where the plan builds")),
    Column(key="feeder", words=Text(zh="馈线组", en="feeder group")),
    Column(key="task", words=Text(zh="任务", en="task: chargers asked for"), unit=_CHARGERS),
    Column(key="chargers", words=Text(zh="结果：充电桩", en="result: new chargers"), unit=_CHARGERS),
    Column(key="met", words=Text(zh="完成", en="whether the task is met")),
    Column(key="shortfall", words=Text(zh="缺口", en="chargers missing"), unit=_CHARGERS),
    Column(key="stations", words=Text(zh="站点数", en="sites with new chargers"), unit=same("个")),
    Column(key="swap_stations", words=Text(zh="换电站", en="new swap stations"), unit=_STATIONS),
    Column(key="note_zh", words=Text(zh="备注", en="note in Chinese")),
    Column(key="note_en", words=Text(zh="英文备注", en="note in English")),
    Column(key="residents", words=Text(zh="常住人口", en="residents")),
    Column(
        key="within_norm_share_today",
        words=Text(zh="达标居民占比（今日）", en="residents within the norm radius today"),
        unit=_SHARE,
    ),
    Column(key="within_norm_share", words=Text(zh="达标居民占比", en="residents within the norm radius"), unit=_SHARE),
    Column(key="public_kwh_day", words=Text(zh="公共充电需求", en="public charging demand"), unit=same("kWh/日")),
    Column(key="served_share_today", words=Text(zh="服务率（今日）", en="share of demand served today"), unit=_SHARE),
    Column(key="served_share", words=Text(zh="服务率", en="share of demand served"), unit=_SHARE),
    Column(
        key="cny_per_kwh_day",
        words=Text(zh="单位服务投资", en="investment per energy served"),
        unit=same("元/(kWh/日)"),
    ),
    Column(
        key="chargers_standing",
        words=Text(zh="年末充电桩", en="chargers that stand at the end, known places only"),
        unit=_CHARGERS,
    ),
    Column(
        key="value_kwh_day",
        words=Text(zh="目标值", en="value: energy served, weighted by the way"),
        unit=same("kWh/日"),
    ),
    Column(key="bound_kwh_day", words=Text(zh="上界", en="upper bound of the value"), unit=same("kWh/日")),
    Column(key="zone_id", words=Text(zh="网格编号", en="id of the zone")),
    Column(key="ring", words=Text(zh="圈层", en="core, urban, suburban or rural")),
    Column(key="norm_m", words=Text(zh="规范半径", en="norm radius"), unit=same("m")),
    Column(key="home_charging_share", words=Text(zh="家中充电占比", en="share charged at home"), unit=_SHARE),
    Column(key="unserved_kwh_day", words=Text(zh="未服务电量", en="energy unserved"), unit=same("kWh/日")),
    Column(
        key="within_norm_today",
        words=Text(zh="达标（今日）", en="whether a charger stands within the norm radius today"),
    ),
    Column(key="within_norm", words=Text(zh="达标", en="whether a charger stands within the norm radius")),
    Column(key="code", words=Text(zh="代码", en="official code")),
    Column(key="street_id", words=Text(zh="道路编号", en="id of the street")),
    Column(key="road_class", words=Text(zh="道路等级", en="class of the road")),
    Column(key="oneway", words=Text(zh="单行", en="whether it is one-way")),
    Column(key="metres", words=Text(zh="长度", en="length"), unit=same("m")),
    Column(key="charger_type", words=Text(zh="桩型", en="charger type")),
    Column(key="existing_count", words=Text(zh="既有数量", en="standing today")),
    Column(key="new_count", words=Text(zh="新建数量", en="new")),
    Column(key="count", words=Text(zh="数量", en="number")),
    Column(key="service", words=Text(zh="服务", en="slow, fast, heavy or swap")),
    Column(key="energy_kwh_day", words=Text(zh="充电量", en="energy"), unit=same("kWh/日")),
    Column(key="key", words=Text(zh="键", en="key in scenario.toml")),
    Column(key="section_zh", words=Text(zh="对象", en="what it is a figure of")),
    Column(key="low", words=Text(zh="低值", en="low")),
    Column(key="base", words=Text(zh="基准值", en="base")),
    Column(key="high", words=Text(zh="高值", en="high")),
    Column(key="unit", words=Text(zh="单位", en="unit")),
    Column(key="source_kind", words=Text(zh="类别", en="published, derived or assumption")),
    Column(key="source", words=Text(zh="来源", en="source")),
    Column(key="reasoning", words=Text(zh="理由", en="reasoning")),
    Column(key="description", words=Text(zh="说明", en="description")),
    Column(key="figure_zh", words=Text(zh="指标", en="figure, in Chinese")),
    Column(key="figure_en", words=Text(zh="英文指标", en="figure")),
    Column(key="today", words=Text(zh="今日", en="today")),
    Column(key="plan", words=Text(zh="规划", en="plan")),
)
COLUMNS = {column.key: column for column in _COLUMNS}
"""Column -> its words; the unit "share" is a number between 0 and 1."""


def column_of(key: str) -> Column:
    """The column of that name; one that nobody has named yet goes by its own name."""
    return COLUMNS.get(key, Column(key=key, words=same(key)))
