// The cards that open on a click: a site with why it is here, a zone, a district, a task unit, a grid group.

const POWER_WORDS = [["慢充", "slow"], ["快充", "fast"], ["重卡", "heavy"], ["换电站", "swap"]];
const DARK_TEXT_ON = [true, false, true, false];

function siteName(app, site) {
  return both(app.sites.zh[site], app.sites.en[site] || app.sites.zh[site]);
}

function tags(app, site) {
  const { sites } = app;
  const box = el("div", "tags");
  const tag = (kind, zh, en) => box.append(el("span", "tag " + kind, both(zh, en)));
  if (app.isChosen(site)) tag("new", "规划新建", "planned");
  else tag("", "未选", "not chosen");
  if (sites.institution[site] === 2) tag("", "应配建公共机构", "required institution");
  if (sites.institution[site] === 1) tag("", "公共机构（预留）", "institution (reserved)");
  if (sites.headroom[site]) tag("", "含富余", "headroom");
  if (sites.lock[site]) tag("", ...(sites.lock[site] === 1 ? ["已锁定入选", "locked in"] : ["已排除", "locked out"]));
  if (sites.modelled[site]) tag("made", "生成点", "generated point");
  else tag("", "真实地点", "real place");
  return box;
}

function chips(app, site) {
  const box = el("div", "chips");
  app.counts.forEach((power, at) => {
    if (!power[site]) return;
    const chip = el("span", "chip", both(`${POWER_WORDS[at][0]} ${power[site]}`, `${POWER_WORDS[at][1]} ${power[site]}`));
    Object.assign(chip.style, { background: app.data.colours.powers[at], color: DARK_TEXT_ON[at] ? "#17202a" : "#fff" });
    box.append(chip);
  });
  return box;
}

function siteCard(app, site) {
  const { sites, data } = app;
  const [kindZh, kindEn] = data.kinds[sites.kind[site]];
  const area = data.districts[sites.district[site]];
  const unitName = sites.units[sites.unit[site]];
  const unit = unitName === area.zh ? "" : " · " + unitName;
  const other = sites.en[site] ? el("div", "where", el("span", "zh", sites.en[site]), el("span", "en", sites.zh[site])) : null;
  const card = el("div", "card site", el("h3", "", siteName(app, site)), other,
    el("div", "where", both(`${kindZh} · ${area.zh}${unit} · ${sites.id[site]}`, `${kindEn} · ${area.en}${unit} · ${sites.id[site]}`)), tags(app, site));
  if (app.isChosen(site)) card.append(chips(app, site), table(stationRows(app, site)));
  else card.append(table(placeRows(app, site)));
  if (app.isChosen(site) && app.isLastYear()) card.append(whyHere(app, site));
  card.append(app.editButtons(site));
  return card;
}

function placeRows(app, site) {
  const { sites } = app;
  const bays = whole(sites.bays[site]);
  const rows = [["可用车位", "Bays", sites.assumed[site] ? both(`${bays}（假设）`, `${bays} (assumed)`) : bays]];
  if (sites.standing[site]) rows.push(["既有充电桩", "Existing chargers", piles(sites.standing[site])]);
  const norm = app.normAt(site);
  if (norm) rows.push(["所在圈层服务半径", "Norm radius here", `${whole(norm)} m`]);
  return rows;
}

function stationRows(app, site) {
  const { sites, data } = app;
  const rows = [
    ["新增充电桩", "New chargers", piles(app.totals[site])],
    ["额定功率", "Rated power", whole(app.kw[site]) + " kW"],
  ];
  const phases = app.phasesOf(site);
  if (phases.length) rows.push(["分年新增", "Year by year", phases.map(([year, count]) => `${data.years[year].year}: +${count}`).join(" · ")]);
  if (app.isLastYear()) {
    rows.push(["投资", "Investment", money(sites.cny[site])],
      ["服务电量", "Energy served", both(whole(sites.served[site]) + " kWh/日", whole(sites.served[site]) + " kWh/day")],
      ["利用率", "Utilisation", percent(sites.use[site])],
      ["平均到站路程", "Mean distance", whole(sites.metres[site]) + " m"]);
  }
  return [...rows, ...placeRows(app, site)];
}

/** What is lost without the station: the reason it stands where it stands. */
function whyHere(app, site) {
  const { sites } = app;
  const box = el("div", "why", el("h4", "", both("选址理由", "Why here")));
  if (sites.why_zh[site]) box.append(el("p", "", both(sites.why_zh[site], sites.why_en[site])));
  const kwh = whole(sites.lost[site]);
  const rows = [
    ["若无此站，失去", "Lost without it", both(`${kwh} kWh/日`, `${kwh} kWh/day`)],
    ["受影响网格", "Zones affected", whole(sites.affected[site])],
  ];
  if (sites.extra[site] !== null) rows.push(["其余用户平均多走", "Others go farther by", `${whole(sites.extra[site])} m`]);
  if (sites.extra_most[site] !== null) rows.push(["最多多走", "At most by", `${whole(sites.extra_most[site])} m`]);
  rows.push(["重要性排名", "Rank", `${sites.rank[site]} / ${app.stationCount}`]);
  const next = sites.next[site];
  if (next >= 0) {
    const link = el("button", "link", siteName(app, next));
    link.type = "button";
    link.addEventListener("click", () => app.showSite(next, true));
    rows.push(["次优站点", "Next best site", link]);
  } else rows.push(["次优站点", "Next best site", both("无更优去处", "nowhere better")]);
  box.append(table(rows));
  return box;
}

function zoneCard(app, zone, brief = false) {
  const { zones } = app;
  const town = zones.townships[zones.township[zone]];
  const area = app.data.districts[zones.district[zone]];
  const { public: asked, served } = app.zoneYear();
  const rows = [
    ["居民（估算）", "Residents (modelled)", whole(zones.residents[zone])],
    ["公共充电需求", "Public demand", whole(asked[zone]) + " kWh"],
  ];
  if (app.themes.key === "demand" && (app.themes.hour !== WHOLE_DAY || app.themes.service !== ALL_SERVICES)) {
    const value = app.themes.demandValues()[zone];
    const name = app.themes.service === ALL_SERVICES ? ["", ""] : app.data.services[app.themes.service];
    const { hour } = app.themes;
    rows.push(hour === WHOLE_DAY ? [`其中 ${name[0]}`, `of it ${name[1]}`, whole(value) + " kWh"]
      : [`${hour}–${hour + 1} 时 ${name[0]}`, `${hour}–${hour + 1} h ${name[1]}`, `${value.toFixed(value < 10 ? 1 : 0)} kW`]);
  }
  rows.push(["已满足", "Served", whole(served[zone]) + " kWh"], ["未满足", "Unserved", whole(asked[zone] - served[zone]) + " kWh"]);
  if (zones.reason[zone] && asked[zone] - served[zone] >= 1 && app.isLastYear()) rows.push(["原因", "Reason", both(...app.data.words.reasons[zones.reason[zone] - 1])]);
  rows.push([`${whole(zones.norms[zones.norm[zone]])} m 半径内有站`, `Station within ${whole(zones.norms[zones.norm[zone]])} m`, zones.within[zone] ? both("是", "yes") : both("否", "no")]);
  const card = el("div", "card", el("h3", "", both(`${town} ${area.zh}`, `${town} ${area.en}`)),
    el("div", "where", both(`网格 ${zones.id[zone]}（每日）`, `zone ${zones.id[zone]} (per day)`)), table(rows));
  if (!brief) {
    const stations = app.serving(zone).slice(0, 4);
    if (stations.length) card.append(el("h4", "", both("由以下站点服务", "Served by")), el("ul", "links", ...stations.map(({ site, kwh }) => {
      const link = el("button", "link", siteName(app, site));
      link.type = "button";
      link.addEventListener("click", () => app.showSite(site, true));
      return el("li", "", link, el("span", "", ` ${whole(kwh)} kWh`));
    })));
  }
  return card;
}

/** What was asked of a task unit and what it gets by the end of the year shown. */
function taskRows(app, task) {
  const { years } = app.data;
  const now = app.taskAt(task);
  const rows = [
    ["任务（不少于）", "Task (at least)", piles(task.task)],
    ["规划充电桩", "Planned chargers", piles(now.chargers)],
    ["新建站", "New stations", whole(now.stations)],
    ["额定功率", "Rated power", whole(now.power_kw) + " kW"],
    ["投资", "Investment", money(now.capex_cny)],
  ];
  if (task.years.length) rows.push(["分年新增", "Year by year", task.years.map((row, at) => `${years[at].year}: +${whole(row.chargers)}`).join(" · ")]);
  return rows;
}

function districtCard(app, row) {
  const change = (today, plan) => both(...["未知", "not known"].map((unknown) => `${percent(today, unknown)} → ${percent(plan, unknown)}`));
  const task = app.data.tasks.find((unit) => unit.zh === row.zh);
  return el("div", "card", el("h3", "", both(row.zh, row.en)), el("div", "where", both(row.en, row.zh)), table([
    ...(task ? taskRows(app, task) : []),
    ["居民（估算）", "Residents (modelled)", whole(row.residents)],
    ["半径内居民", "Within norm radius", change(row.within_norm_share_today, row.within_norm_share)],
    ["公共充电需求", "Public demand", both(whole(row.public_kwh_day) + " kWh/日", whole(row.public_kwh_day) + " kWh/day")],
    ["需求满足率", "Demand served", change(row.served_share_today, row.served_share)],
  ]));
}

function unitCard(app, task) {
  return el("div", "card", el("h3", "", task.zh), el("div", "where", both("开发区", "development zone")), table(taskRows(app, task)));
}

function gridCard(group) {
  return el("div", "card", el("h3", "", group.name_zh || group.group), el("div", "where", both("电网分组 " + group.group, "grid group " + group.group)), table([
    ["新建站", "New stations", whole(group.sites)],
    ["同时负荷", "Coincident load", whole(group.coincident_kw) + " kW"],
    ["可用容量", "Headroom", whole(group.headroom_kw) + " kW"],
    ["占用", "Headroom used", percent(group.used)],
    ["小时峰值", "Peak hour", group.peak_hour === null ? "—" : both(`${group.peak_hour} 时 ${whole(group.peak_kw)} kW`, `${group.peak_hour} h, ${whole(group.peak_kw)} kW`)],
    ["变压器", "Transformers", both(`${whole(group.transformers)} 台 ${whole(group.total_kva)} kVA`, `${whole(group.transformers)}, ${whole(group.total_kva)} kVA`)],
    ["增容费用", "Upgrade", money(group.upgrade_cny)],
  ]), group.note_zh ? el("p", "hint", both(group.note_zh, group.note_en)) : null);
}
