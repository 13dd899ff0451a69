"""What the columns of exports are called in Chinese and in English, and in which unit they are."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """Words of a column; the unit is empty where it has none."""

    zh: str
    en: str
    unit: str = ""


COLUMNS = {
    "site_id": Column("站点编号", "id of the site"),
    "name_zh": Column("名称", "name"),
    "name_en": Column("英文名称", "name in English"),
    "kind": Column("类型代码", "kind of place"),
    "kind_zh": Column("类型", "kind of place, in Chinese"),
    "district": Column("县区", "district"),
    "township": Column("乡镇街道", "township or street"),
    "task_unit": Column("任务单位", "unit that answers for the task"),
    "rank": Column("重要性排序", "rank by what would be lost without the site, 1 first"),
    "existing_total": Column("既有桩", "piles that stand today", "台"),
    "new_slow": Column("新建慢充", "new slow chargers", "台"),
    "new_fast": Column("新建快充", "new fast chargers", "台"),
    "new_heavy": Column("新建重卡快充", "new chargers for heavy vehicles", "台"),
    "new_swap": Column("新建换电站", "new swap stations", "座"),
    "new_total": Column("新建桩合计", "all new piles, swap stations not counted", "台"),
    "power_kw": Column("新增功率", "new rated power", "kW"),
    "capex_cny": Column("投资", "investment: chargers and opening", "元"),
    "served_kwh_day": Column("服务电量", "energy served", "kWh/日"),
    "utilisation": Column("利用率", "energy served over what the station can carry", "share"),
    "metres_mean": Column("平均到站路程", "mean way to the site", "m"),
    "lost_kwh_day": Column("无此站损失电量", "energy unserved without the site", "kWh/日"),
    "lost_worth_kwh_day": Column("无此站损失价值", "worth lost without the site", "kWh/日"),
    "zones_affected": Column("受影响网格", "zones that would notice"),
    "extra_metres_mean": Column("平均多走", "mean extra way of those who find room elsewhere", "m"),
    "extra_metres_most": Column("最多多走", "most extra way", "m"),
    "next_best_site": Column("次优站点", "where its chargers would do best otherwise"),
    "phase": Column("期次", "place of its year among the plan's years, from 1"),
    "year": Column("年份", "year; of a site the one of its first new chargers"),
    "modelled": Column("模拟点", "true where the point is generated, not a known place"),
    "headroom": Column("富余", "true where one charger less would carry the same energy"),
    "reason": Column("理由", "why here"),
    "lon": Column("经度", "longitude, WGS 84", "°"),
    "lat": Column("纬度", "latitude, WGS 84", "°"),
    "bays": Column("车位", "parking bays for chargers", "个"),
    "bays_assumed": Column("车位为假设", "true where the bays are assumed by kind"),
    "grid_kw": Column("电网余量", "grid headroom", "kW"),
    "opening_cny": Column("开设费用", "cost of opening the site", "元"),
    "min_station": Column("最小规模", "fewest chargers if opened", "台"),
    "institution": Column("公共机构", "equipped, reserved or none: what is required of it"),
    "lock": Column("锁定", "in, out or free"),
    "chosen": Column("入选", "true where the plan builds"),
    "feeder": Column("馈线组", "feeder group"),
    "task": Column("任务", "task: chargers asked for", "台"),
    "chargers": Column("结果：充电桩", "result: new chargers", "台"),
    "met": Column("完成", "whether the task is met"),
    "shortfall": Column("缺口", "chargers missing", "台"),
    "stations": Column("站点数", "sites with new chargers", "个"),
    "swap_stations": Column("换电站", "new swap stations", "座"),
    "note_zh": Column("备注", "note in Chinese"),
    "note_en": Column("英文备注", "note in English"),
    "residents": Column("常住人口", "residents"),
    "within_norm_share_today": Column("达标居民占比（今日）", "residents within the norm radius today", "share"),
    "within_norm_share": Column("达标居民占比", "residents within the norm radius", "share"),
    "public_kwh_day": Column("公共充电需求", "public charging demand", "kWh/日"),
    "served_share_today": Column("服务率（今日）", "share of demand served today", "share"),
    "served_share": Column("服务率", "share of demand served", "share"),
    "cny_per_kwh_day": Column("单位服务投资", "investment per energy served", "元/(kWh/日)"),
    "chargers_standing": Column("年末充电桩", "chargers that stand at the end, known places only", "台"),
    "value_kwh_day": Column("目标值", "value: energy served, weighted by the way", "kWh/日"),
    "bound_kwh_day": Column("上界", "upper bound of the value", "kWh/日"),
    "zone_id": Column("网格编号", "id of the zone"),
    "ring": Column("圈层", "core, urban, suburban or rural"),
    "norm_m": Column("规范半径", "norm radius", "m"),
    "home_charging_share": Column("家中充电占比", "share charged at home", "share"),
    "unserved_kwh_day": Column("未服务电量", "energy unserved", "kWh/日"),
    "within_norm_today": Column("达标（今日）", "whether a charger stands within the norm radius today"),
    "within_norm": Column("达标", "whether a charger stands within the norm radius"),
    "code": Column("代码", "official code"),
    "street_id": Column("道路编号", "id of the street"),
    "road_class": Column("道路等级", "class of the road"),
    "oneway": Column("单行", "whether it is one-way"),
    "metres": Column("长度", "length", "m"),
    "charger_type": Column("桩型", "charger type"),
    "existing_count": Column("既有数量", "standing today"),
    "new_count": Column("新建数量", "new"),
    "count": Column("数量", "number"),
    "service": Column("服务", "slow, fast, heavy or swap"),
    "energy_kwh_day": Column("充电量", "energy", "kWh/日"),
    "key": Column("键", "key in scenario.toml"),
    "section_zh": Column("对象", "what it is a figure of"),
    "low": Column("低值", "low"),
    "base": Column("基准值", "base"),
    "high": Column("高值", "high"),
    "unit": Column("单位", "unit"),
    "source_kind": Column("类别", "published, derived or assumption"),
    "source": Column("来源", "source"),
    "reasoning": Column("理由", "reasoning"),
    "description": Column("说明", "description"),
    "figure_zh": Column("指标", "figure, in Chinese"),
    "figure_en": Column("英文指标", "figure"),
    "today": Column("今日", "today"),
    "plan": Column("规划", "plan"),
}
"""Column -> its words; the unit "share" is a number between 0 and 1."""


def words_of(name: str) -> Column:
    """The words of a column; one that nobody has named yet goes by its own name."""
    return COLUMNS.get(name, Column(name, name))
