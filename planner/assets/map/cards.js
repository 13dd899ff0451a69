// The cards that open on a click: a site with why it is here, a zone, a district, a task unit, a grid group.

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
  app.counts.forEach((count, at) => {
    if (!count[site]) return;
    const chip = el("span", "chip", both(...app.data.words.powers[at].map((word) => `${word} ${whole(count[site])}`)));
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
  const rows = [[...named(app, "bays"), sites.assumed[site] ? both(`${bays}（假设）`, `${bays} (assumed)`) : bays]];
  if (sites.standing[site]) rows.push([...named(app, "existing_total"), piles(sites.standing[site])]);
  const norm = app.normAt(site);
  if (norm) rows.push([...named(app, "norm_m"), metres(norm)]);
  return rows;
}

function stationRows(app, site) {
  const { sites, data } = app;
  const rows = [
    [...named(app, "chargers"), piles(app.totals[site])],
    [...named(app, "power_kw"), power(app.kw[site])],
  ];
  const phases = app.phasesOf(site);
  if (phases.length) rows.push(["分年新建", "year by year", phases.map(([year, count]) => `${data.years[year].year}: +${count}`).join(" · ")]);
  if (app.isLastYear()) {
    rows.push([...named(app, "capex_cny"), yuan(sites.cny[site])],
      [...named(app, "served_kwh_day"), energyADay(sites.served[site])],
      [...named(app, "utilisation"), share(sites.use[site])],
      [...named(app, "metres_mean"), metres(sites.metres[site])]);
  }
  return [...rows, ...placeRows(app, site)];
}

/** What is lost without the station: the reason it stands where it stands. */
function whyHere(app, site) {
  const { sites } = app;
  const box = el("div", "why", el("h4", "", both("选址理由", "Why here")));
  if (sites.why_zh[site]) box.append(el("p", "", both(sites.why_zh[site], sites.why_en[site])));
  const rows = [
    [...named(app, "lost_kwh_day"), energyADay(sites.lost[site])],
    [...named(app, "zones_affected"), whole(sites.affected[site])],
  ];
  if (sites.extra[site] !== null) rows.push([...named(app, "extra_metres_mean"), metres(sites.extra[site])]);
  if (sites.extra_most[site] !== null) rows.push([...named(app, "extra_metres_most"), metres(sites.extra_most[site])]);
  rows.push([...named(app, "rank"), `${whole(sites.rank[site])} / ${whole(app.stationCount)}`]);
  const next = sites.next[site];
  if (next >= 0) {
    const link = el("button", "link", siteName(app, next));
    link.type = "button";
    link.addEventListener("click", () => app.showSite(next, true));
    rows.push([...named(app, "next_best_site"), link]);
  } else rows.push([...named(app, "next_best_site"), both("无更优去处", "nowhere better")]);
  box.append(table(rows));
  return box;
}

function zoneCard(app, zone, brief = false) {
  const { zones } = app;
  const town = zones.townships[zones.township[zone]];
  const area = app.data.districts[zones.district[zone]];
  const { public: asked, served } = app.zoneYear();
  const rows = [
    ["居民（估算）", "residents (modelled)", whole(zones.residents[zone])],
    [...named(app, "public_kwh_day"), energy(asked[zone])],
  ];
  if (app.themes.key === "demand" && (app.themes.hour !== WHOLE_DAY || app.themes.service !== ALL_SERVICES)) {
    const value = app.themes.demandValues()[zone];
    const name = app.themes.service === ALL_SERVICES ? ["", ""] : app.data.services[app.themes.service];
    const { hour } = app.themes;
    rows.push(hour === WHOLE_DAY ? [`其中 ${name[0]}`, `of it ${name[1]}`, energy(value)]
      : [`${hour}–${hour + 1} 时 ${name[0]}`, `${hour}–${hour + 1} h ${name[1]}`, `${fixed(value, 1)} kW`]);
  }
  rows.push([...named(app, "served_kwh_day"), energy(served[zone])], [...named(app, "unserved_kwh_day"), energy(asked[zone] - served[zone])]);
  if (zones.reason[zone] && asked[zone] - served[zone] >= 1 && app.isLastYear()) rows.push(["原因", "why not", both(...app.data.words.reasons[zones.reason[zone] - 1])]);
  rows.push([`${metres(zones.norms[zones.norm[zone]])} 半径内有站`, `station within ${metres(zones.norms[zones.norm[zone]])}`, zones.within[zone] ? both("是", "yes") : both("否", "no")]);
  const card = el("div", "card", el("h3", "", both(`${town} ${area.zh}`, `${town} ${area.en}`)),
    el("div", "where", both(`网格 ${zones.id[zone]}（每日）`, `zone ${zones.id[zone]} (per day)`)), table(rows));
  if (!brief) {
    const stations = app.serving(zone).slice(0, 4);
    if (stations.length) card.append(el("h4", "", both("由以下站点服务", "Served by")), el("ul", "links", ...stations.map(({ site, kwh }) => {
      const link = el("button", "link", siteName(app, site));
      link.type = "button";
      link.addEventListener("click", () => app.showSite(site, true));
      return el("li", "", link, el("span", "", ` ${energy(kwh)}`));
    })));
  }
  return card;
}

/** What was asked of a task unit and what it gets by the end of the year shown. */
function taskRows(app, task) {
  const { years } = app.data;
  const now = app.taskAt(task);
  const rows = [
    ["任务（不少于）", "task (at least)", piles(task.task)],
    [...named(app, "chargers"), piles(now.chargers)],
    [...named(app, "stations"), whole(now.stations)],
    [...named(app, "power_kw"), power(now.power_kw)],
    [...named(app, "capex_cny"), money(now.capex_cny)],
  ];
  if (task.years.length) rows.push(["分年新建", "year by year", task.years.map((row, at) => `${years[at].year}: +${whole(row.chargers)}`).join(" · ")]);
  return rows;
}

function districtCard(app, row) {
  const change = (today, plan) => el("span", "", share(today), " → ", share(plan));
  const task = app.data.tasks.find((unit) => unit.zh === row.zh);
  return el("div", "card", el("h3", "", both(row.zh, row.en)), el("div", "where", both(row.en, row.zh)), table([
    ...(task ? taskRows(app, task) : []),
    [...named(app, "residents"), whole(row.residents)],
    [...named(app, "within_norm_share"), change(row.within_norm_share_today, row.within_norm_share)],
    [...named(app, "public_kwh_day"), energyADay(row.public_kwh_day)],
    [...named(app, "served_share"), change(row.served_share_today, row.served_share)],
  ]));
}

function unitCard(app, task) {
  return el("div", "card", el("h3", "", task.zh), el("div", "where", both("开发区", "development zone")), table(taskRows(app, task)));
}

function gridCard(app, group) {
  const [zh, en] = named(app, "peak_kw");
  return el("div", "card", el("h3", "", group.name_zh || group.group), el("div", "where", both("电网分组 " + group.group, "grid group " + group.group)), table([
    [...named(app, "stations"), whole(group.sites)],
    [...named(app, "coincident_kw"), power(group.coincident_kw)],
    [...named(app, "headroom_kw"), power(group.headroom_kw)],
    [...named(app, "headroom_used_share"), share(group.used)],
    [zh, en, group.peak_hour === null ? DASH : `${power(group.peak_kw)}, ${group.peak_hour}:00–${group.peak_hour + 1}:00`],
    [...named(app, "transformers"), piles(group.transformers)],
    [...named(app, "total_kva"), whole(group.total_kva) + " kVA"],
    [...named(app, "upgrade_cny"), money(group.upgrade_cny)],
  ]), group.note_zh ? el("p", "hint", both(group.note_zh, group.note_en)) : null);
}
