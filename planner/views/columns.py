"""What the columns of a plan's tables are called, in which unit they are and how their numbers are written.

Files, the workbook, tables on the console, in the report and on the map take their words from here.
"""

from __future__ import annotations

from planner.views import numbers
from planner.views.table import Column
from planner.words import Text, same

_DEGREES = same("°")

_COLUMNS = (
    Column(key="site_id", words=Text(zh="站点编号", en="site"), about="id of the site", is_text=True),
    Column(key="name_zh", words=Text(zh="名称", en="name"), is_text=True),
    Column(key="name_en", words=Text(zh="英文名称", en="name in English"), is_text=True),
    Column(key="kind", words=Text(zh="类型代码", en="kind of place"), is_text=True),
    Column(key="kind_zh", words=Text(zh="类型", en="kind of place, in Chinese"), is_text=True),
    Column(key="district", words=Text(zh="县区", en="district"), is_text=True),
    Column(key="township", words=Text(zh="乡镇街道", en="township or street"), is_text=True),
    Column(
        key="task_unit", words=Text(zh="任务单位", en="task unit"), about="unit that answers for the task", is_text=True
    ),
    Column(
        key="rank",
        words=Text(zh="重要性排序", en="rank"),
        about="rank by what would be lost without the site, 1 first",
        write=numbers.year,
    ),
    Column(
        key="existing_total",
        words=Text(zh="既有桩", en="chargers today"),
        about="piles that stand today",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="new_slow", words=Text(zh="新建慢充", en="new slow chargers"), unit=numbers.CHARGERS, write=numbers.count
    ),
    Column(
        key="new_fast", words=Text(zh="新建快充", en="new fast chargers"), unit=numbers.CHARGERS, write=numbers.count
    ),
    Column(
        key="new_heavy",
        words=Text(zh="新建重卡快充", en="new heavy chargers"),
        about="new chargers for heavy vehicles",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="new_swap",
        words=Text(zh="新建换电站", en="new swap stations"),
        unit=numbers.SWAP_STATIONS,
        write=numbers.count,
    ),
    Column(
        key="new_total",
        words=Text(zh="新建桩合计", en="new chargers"),
        about="all new piles, swap stations not counted",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="power_kw",
        words=Text(zh="新增功率", en="new power"),
        about="new rated power",
        unit=numbers.KW,
        write=numbers.count,
    ),
    Column(
        key="capex_cny",
        words=Text(zh="投资", en="investment"),
        about="investment: chargers and opening",
        unit=numbers.CNY,
        shown=numbers.MILLIONS,
        write=numbers.millions,
    ),
    Column(
        key="served_kwh_day", words=Text(zh="服务电量", en="energy served"), unit=numbers.KWH_DAY, write=numbers.count
    ),
    Column(
        key="utilisation",
        words=Text(zh="利用率", en="utilisation"),
        about="energy served over what the station can carry",
        write=numbers.share,
    ),
    Column(
        key="metres_mean",
        words=Text(zh="平均到站路程", en="mean way"),
        about="mean way to the site",
        unit=numbers.METRES,
        write=numbers.count,
    ),
    Column(
        key="lost_kwh_day",
        words=Text(zh="无此站损失电量", en="unserved without it"),
        about="energy unserved without the site",
        unit=numbers.KWH_DAY,
        write=numbers.count,
    ),
    Column(
        key="lost_worth_kwh_day",
        words=Text(zh="无此站损失价值", en="worth lost without it"),
        about="worth lost without the site",
        unit=numbers.KWH_DAY,
        write=numbers.count,
    ),
    Column(
        key="zones_affected",
        words=Text(zh="受影响网格", en="zones affected"),
        about="zones that would notice",
        write=numbers.count,
    ),
    Column(
        key="extra_metres_mean",
        words=Text(zh="平均多走", en="others go farther by"),
        about="mean extra way of those who find room elsewhere",
        unit=numbers.METRES,
        write=numbers.count,
    ),
    Column(
        key="extra_metres_most",
        words=Text(zh="最多多走", en="at most by"),
        about="most extra way",
        unit=numbers.METRES,
        write=numbers.count,
    ),
    Column(
        key="next_best_site",
        words=Text(zh="次优站点", en="next best site"),
        about="where its chargers would do best otherwise",
        is_text=True,
    ),
    Column(
        key="phase",
        words=Text(zh="期次", en="phase"),
        about="place of its year among the plan's years, from 1",
        write=numbers.year,
    ),
    Column(
        key="year",
        words=Text(zh="年份", en="year"),
        about="year; of a site the one of its first new chargers",
        write=numbers.year,
        is_text=True,
    ),
    Column(
        key="modelled",
        words=Text(zh="模拟点", en="generated"),
        about="true where the point is generated, not a known place",
    ),
    Column(
        key="headroom",
        words=Text(zh="富余", en="spare"),
        about="true where one charger less would carry the same energy",
    ),
    Column(key="reason", words=Text(zh="理由", en="why here"), is_text=True),
    Column(key="lon", words=Text(zh="经度", en="longitude, WGS 84"), unit=_DEGREES, write=numbers.plain),
    Column(key="lat", words=Text(zh="纬度", en="latitude, WGS 84"), unit=_DEGREES, write=numbers.plain),
    Column(
        key="bays",
        words=Text(zh="车位", en="bays"),
        about="parking bays for chargers",
        unit=numbers.PIECES,
        write=numbers.count,
    ),
    Column(key="bays_assumed", words=Text(zh="车位为假设", en="true where the bays are assumed by kind")),
    Column(key="grid_kw", words=Text(zh="电网余量", en="grid headroom"), unit=numbers.KW, write=numbers.count),
    Column(
        key="opening_cny",
        words=Text(zh="开设费用", en="cost of opening the site"),
        unit=numbers.CNY,
        write=numbers.count,
    ),
    Column(
        key="min_station",
        words=Text(zh="最小规模", en="fewest chargers if opened"),
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="institution",
        words=Text(zh="公共机构", en="institution"),
        about="equipped, reserved or none: what is required of it",
        is_text=True,
    ),
    Column(key="lock", words=Text(zh="锁定", en="lock"), about="in, out or free", is_text=True),
    Column(key="chosen", words=Text(zh="入选", en="chosen"), about="true where the plan builds"),
    Column(key="feeder", words=Text(zh="馈线组", en="feeder group"), is_text=True),
    Column(
        key="task",
        words=Text(zh="任务", en="task"),
        about="task: chargers asked for",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="chargers",
        words=Text(zh="新建充电桩", en="new chargers"),
        about="new chargers that the quota counts",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(key="met", words=Text(zh="完成", en="met"), about="whether the task is met"),
    Column(
        key="shortfall",
        words=Text(zh="缺口", en="short by"),
        about="chargers missing",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="stations",
        words=Text(zh="站点", en="sites"),
        about="sites with new chargers",
        unit=numbers.PIECES,
        write=numbers.count,
    ),
    Column(
        key="swap_stations",
        words=Text(zh="新建换电站", en="new swap stations"),
        unit=numbers.SWAP_STATIONS,
        write=numbers.count,
    ),
    Column(key="note_zh", words=Text(zh="备注", en="note in Chinese"), is_text=True),
    Column(key="note_en", words=Text(zh="英文备注", en="note in English"), is_text=True),
    Column(key="residents", words=Text(zh="常住人口", en="residents"), write=numbers.count),
    Column(
        key="within_norm_share_today",
        words=Text(zh="服务半径内居民占比（今日）", en="residents within the norm, today"),
        about="residents within the norm radius today",
        write=numbers.share,
    ),
    Column(
        key="within_norm_share",
        words=Text(zh="服务半径内居民占比", en="residents within the norm"),
        about="residents within the norm radius",
        write=numbers.share,
    ),
    Column(
        key="public_kwh_day",
        words=Text(zh="公共充电需求", en="public demand"),
        about="public charging demand",
        unit=numbers.KWH_DAY,
        write=numbers.count,
    ),
    Column(
        key="served_share_today",
        words=Text(zh="服务率（今日）", en="demand served, today"),
        about="share of demand served today",
        write=numbers.share,
    ),
    Column(
        key="served_share",
        words=Text(zh="服务率", en="demand served"),
        about="share of demand served",
        write=numbers.share,
    ),
    Column(
        key="cny_per_kwh_day",
        words=Text(zh="单位服务投资", en="investment per energy served"),
        unit=Text(zh="元/(kWh/日)", en="CNY/(kWh/day)"),
        write=numbers.tenths,
    ),
    Column(
        key="chargers_standing",
        words=Text(zh="年末在用充电桩", en="chargers standing"),
        about="chargers that stand at the end, known places only",
        unit=numbers.CHARGERS,
        write=numbers.count,
    ),
    Column(
        key="value_kwh_day",
        words=Text(zh="目标值", en="value"),
        about="value: energy served, weighted by the way",
        unit=numbers.WEIGHTED_KWH_DAY,
        write=numbers.count,
    ),
    Column(
        key="bound_kwh_day",
        words=Text(zh="上界", en="upper bound"),
        about="upper bound of the value",
        unit=numbers.WEIGHTED_KWH_DAY,
        write=numbers.count,
    ),
    Column(key="zone_id", words=Text(zh="网格编号", en="id of the zone"), is_text=True),
    Column(key="ring", words=Text(zh="圈层", en="ring"), about="core, urban, suburban or rural", is_text=True),
    Column(key="norm_m", words=Text(zh="服务半径", en="norm radius"), unit=numbers.METRES, write=numbers.count),
    Column(key="home_charging_share", words=Text(zh="家中充电占比", en="share charged at home"), write=numbers.share),
    Column(
        key="unserved_kwh_day",
        words=Text(zh="未服务电量", en="energy not served"),
        about="energy unserved",
        unit=numbers.KWH_DAY,
        write=numbers.count,
    ),
    Column(
        key="within_norm_today",
        words=Text(zh="服务半径内有桩（今日）", en="charger within the norm, today"),
        about="whether a charger stands within the norm radius today",
    ),
    Column(
        key="within_norm",
        words=Text(zh="服务半径内有桩", en="charger within the norm"),
        about="whether a charger stands within the norm radius",
    ),
    Column(key="code", words=Text(zh="代码", en="official code"), is_text=True),
    Column(key="street_id", words=Text(zh="道路编号", en="id of the street"), is_text=True),
    Column(key="road_class", words=Text(zh="道路等级", en="class of the road"), is_text=True),
    Column(key="oneway", words=Text(zh="单行", en="whether it is one-way")),
    Column(key="metres", words=Text(zh="长度", en="length"), unit=numbers.METRES, write=numbers.count),
    Column(key="charger_type", words=Text(zh="桩型", en="charger type"), is_text=True),
    Column(key="existing_count", words=Text(zh="既有数量", en="standing today"), write=numbers.count),
    Column(key="new_count", words=Text(zh="新建数量", en="new"), write=numbers.count),
    Column(key="count", words=Text(zh="数量", en="number"), write=numbers.count),
    Column(key="service", words=Text(zh="服务", en="service"), about="slow, fast, heavy or swap", is_text=True),
    Column(key="energy_kwh_day", words=Text(zh="充电量", en="energy"), unit=numbers.KWH_DAY, write=numbers.count),
    Column(key="key", words=Text(zh="键", en="key"), about="key in scenario.toml", is_text=True),
    Column(key="section_zh", words=Text(zh="对象", en="of"), about="what it is a figure of", is_text=True),
    Column(key="low", words=Text(zh="低值", en="low"), write=numbers.plain),
    Column(key="base", words=Text(zh="基准值", en="base"), write=numbers.plain),
    Column(key="high", words=Text(zh="高值", en="high"), write=numbers.plain),
    Column(key="unit", words=Text(zh="单位", en="unit"), is_text=True),
    Column(key="source_kind", words=Text(zh="类别", en="published, derived or assumption"), is_text=True),
    Column(key="source", words=Text(zh="来源", en="source"), is_text=True),
    Column(key="reasoning", words=Text(zh="理由", en="reasoning"), is_text=True),
    Column(key="description", words=Text(zh="说明", en="description"), is_text=True),
    Column(key="figure_zh", words=Text(zh="指标", en="figure, in Chinese"), is_text=True),
    Column(key="figure_en", words=Text(zh="英文指标", en="figure"), is_text=True),
    Column(key="today", words=Text(zh="今日", en="today")),
    Column(key="plan", words=Text(zh="规划", en="plan")),
)
COLUMNS = {column.key: column for column in _COLUMNS}


def column_of(key: str) -> Column:
    """The column of that name; one that nobody has named yet goes by its own name."""
    return COLUMNS.get(key, Column(key=key, words=same(key)))


def columns_of(*keys: str) -> tuple[Column, ...]:
    """Some of `COLUMNS`."""
    return tuple(COLUMNS[key] for key in keys)
