"use strict";
// The page's own script. Names from the data are untrusted: they reach the page through textContent only.

const POWERS = [
  { key: "slow", colour: "#009e73", zh: "慢充", en: "slow" },
  { key: "fast", colour: "#0072b2", zh: "快充", en: "fast" },
  { key: "heavy", colour: "#d55e00", zh: "重卡", en: "heavy" },
  { key: "swap", colour: "#cc79a7", dark: true, zh: "换电站", en: "swap" },
];

/** Where a district name may go: half widths right, lines down. */
const NAME_SHIFTS = [[0, 0], [0, 1.6], [0, -1.6], [1.9, 0], [-1.9, 0], [1.9, 1.6], [-1.9, 1.6], [1.9, -1.6], [-1.9, -1.6], [0, 3], [0, -3], [2.6, 3], [-2.6, 3], [2.6, -3], [-2.6, -3]];

/** An element with children; strings become text, never markup. */
function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null));
  return element;
}

function both(zh, en) {
  const fragment = document.createDocumentFragment();
  fragment.append(el("span", "zh", String(zh)), el("span", "en", String(en)));
  return fragment;
}

function whole(value) {
  return value === null ? "—" : Math.round(value).toLocaleString("en-US");
}

function percent(value, unknown = "—") {
  return value === null ? unknown : (100 * value).toFixed(1) + " %";
}

function money(cny) {
  if (cny === null) return both("—", "—");
  const zh = cny >= 1e8 ? (cny / 1e8).toFixed(2) + " 亿元" : (cny / 1e4).toFixed(1) + " 万元";
  return both(zh, cny >= 1e6 ? "CNY " + (cny / 1e6).toFixed(2) + " M" : "CNY " + whole(cny));
}

function table(rows) {
  const body = el("tbody", "");
  for (const [zh, en, value] of rows) {
    const cell = el("td", "");
    cell.append(value instanceof Node ? value : String(value));
    body.append(el("tr", "", el("td", "", both(zh, en)), cell));
  }
  return el("table", "", body);
}

/** SVG of a ring whose arcs are the shares of `counts` (slow, fast, heavy, swap), its number in the middle. */
function ring(counts, number, diameter, dashed) {
  const width = Math.max(4, diameter * 0.16);
  const outer = diameter + 8;
  const middle = outer / 2;
  const radius = (diameter - width) / 2;
  const around = 2 * Math.PI * radius;
  const sum = counts.reduce((a, b) => a + b, 0) || 1;
  let turned = 0;
  let arcs = "";
  counts.forEach((count, at) => {
    if (!count) return;
    const length = (count / sum) * around;
    arcs += `<circle cx="${middle}" cy="${middle}" r="${radius}" fill="none" stroke="${POWERS[at].colour}" stroke-width="${width}" stroke-dasharray="${length} ${around - length}" stroke-dashoffset="${-turned}" transform="rotate(-90 ${middle} ${middle})"/>`;
    turned += length;
  });
  const edge = `<circle cx="${middle}" cy="${middle}" r="${diameter / 2 + 0.8}" fill="#fff" fill-opacity=".95" stroke="#fff" stroke-width="1.5"/>`;
  const dashes = dashed ? `<circle cx="${middle}" cy="${middle}" r="${diameter / 2 + 2.6}" fill="none" stroke="#3a4450" stroke-width="1.1" stroke-dasharray="3 2.6"/>` : "";
  const text = number >= 1000 ? number.toLocaleString("en-US") : String(number);
  const size = Math.min(13, Math.max(8.5, ((diameter - 2 * width) / text.length) * 1.45));
  return `<svg width="${outer}" height="${outer}" viewBox="0 0 ${outer} ${outer}">${edge}${dashes}${arcs}<text x="${middle}" y="${middle + size * 0.36}" style="font-size:${size}px">${text}</text></svg>`;
}

function ringIcon(counts, number, diameter, dashed) {
  const outer = diameter + 8;
  return L.divIcon({ html: ring(counts, number, diameter, dashed), className: "donut", iconSize: [outer, outer] });
}

function stationDiameter(chargers) {
  return Math.round(Math.min(44, 15 + 3.1 * Math.sqrt(chargers)));
}

/** Icon of a cluster: the sums of its stations. Folium hands this function to Leaflet.markercluster. */
function plannerClusterIcon(cluster) {
  const counts = [0, 0, 0, 0];
  let total = 0;
  for (const marker of cluster.getAllChildMarkers()) {
    marker.options.counts.forEach((count, at) => { counts[at] += count; });
    total += marker.options.total;
  }
  return ringIcon(counts, total, Math.round(Math.min(58, 27 + Math.sqrt(total))), false);
}

/** Pixels within which stations are counted together: fewer where the streets can be told apart. */
function plannerClusterRadius(zoom) {
  return zoom < 13 ? 76 : zoom < 14 ? 48 : 30;
}

function startPlannerMap(folium) {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { zones, sites, districts } = data;
  const map = folium.map;
  const popupOptions = { maxWidth: 320, minWidth: 240, autoPanPaddingTopLeft: [90, 14], autoPanPaddingBottomRight: [14, 14] };
  const show = (card, at, offset) => map.openPopup(card, at, { ...popupOptions, offset: [0, offset || 0] });
  const counts = (i) => POWERS.map((power) => sites["new_" + power.key][i]);
  const chosen = (i) => counts(i).some((count) => count > 0);
  const district = (at) => districts[at];

  function siteName(i) {
    return both(sites.zh[i], sites.en[i] || sites.zh[i]);
  }

  function siteCard(i) {
    const [kindZh, kindEn] = data.kinds[sites.kind[i]];
    const area = district(sites.district[i]);
    const unit = sites.unit[i] === area.zh ? "" : " · " + sites.unit[i];
    const other = sites.en[i] ? el("div", "where", el("span", "zh", sites.en[i]), el("span", "en", sites.zh[i])) : null;
    const tags = el("div", "");
    if (chosen(i)) tags.append(el("span", "tag new", both("规划新建", "planned")));
    else tags.append(el("span", "tag", both("未选", "not chosen")));
    if (sites.institution[i] === 2) tags.append(el("span", "tag", both("应配建公共机构", "required institution")));
    if (sites.institution[i] === 1) tags.append(el("span", "tag", both("公共机构（预留）", "institution (reserved)")));
    if (sites.headroom[i]) tags.append(el("span", "tag", both("含富余", "headroom")));
    tags.append(sites.modelled[i] ? el("span", "tag made", both("生成点", "generated point")) : el("span", "tag", both("真实地点", "real place")));
    const card = el("div", "card",
      el("h3", "", siteName(i)), other,
      el("div", "where", both(`${kindZh} · ${area.zh}${unit} · ${sites.id[i]}`, `${kindEn} · ${area.en}${unit} · ${sites.id[i]}`)), tags);
    const bays = sites.assumed[i] ? both(`${whole(sites.bays[i])}（假设）`, `${whole(sites.bays[i])} (assumed)`) : whole(sites.bays[i]);
    const rows = [];
    if (chosen(i)) {
      const chips = el("div", "chips");
      counts(i).forEach((count, at) => {
        if (!count) return;
        const chip = el("span", "chip", both(`${POWERS[at].zh} ${count}`, `${POWERS[at].en} ${count}`));
        chip.style.background = POWERS[at].colour;
        if (POWERS[at].dark) chip.style.color = "#1d2733";
        chips.append(chip);
      });
      card.append(chips);
      rows.push(["新增充电桩", "New chargers", both(whole(sites.total[i]) + " 台", whole(sites.total[i]))]);
      rows.push(["额定功率", "Rated power", whole(sites.kw[i]) + " kW"]);
      rows.push(["投资", "Investment", money(sites.cny[i])]);
      rows.push(["日服务电量", "Energy served", both(whole(sites.served[i]) + " kWh/日", whole(sites.served[i]) + " kWh/day")]);
      rows.push(["利用率", "Utilisation", percent(sites.use[i])]);
      rows.push(["平均到站路程", "Mean distance", whole(sites.metres[i]) + " m"]);
    }
    rows.push(["可用车位", "Bays", bays]);
    if (sites.standing[i]) rows.push(["既有充电桩", "Existing chargers", both(sites.standing[i] + " 台", String(sites.standing[i]))]);
    if (chosen(i)) rows.push(["重要性排名", "Rank", `${sites.rank[i]} / ${stations.length}`]);
    if (chosen(i) && sites.next[i] >= 0) rows.push(["次优站点", "Next best site", siteName(sites.next[i])]);
    card.append(table(rows));
    if (sites.why_zh[i]) card.append(el("p", "why", el("b", "", both("选址理由：", "Why here: ")), both(sites.why_zh[i], sites.why_en[i])));
    return card;
  }

  function zoneCard(i) {
    const town = zones.townships[zones.township[i]];
    const area = district(zones.district[i]);
    const rows = [
      ["居民（估算）", "Residents (modelled)", whole(zones.residents[i])],
      ["公共充电需求", "Public demand", whole(zones.public[i]) + " kWh"],
      ["已满足", "Served", whole(zones.served[i]) + " kWh"],
      ["未满足", "Unserved", whole(zones.unserved[i]) + " kWh"],
    ];
    if (zones.reason[i] && zones.unserved[i] >= 1) rows.push(["原因", "Reason", both(...data.reasons[zones.reason[i] - 1])]);
    rows.push(["在服务半径内", "Within norm radius", zones.within[i] ? both("是", "yes") : both("否", "no")]);
    return el("div", "card", el("h3", "", both(`${town} ${area.zh}`, `${town} ${area.en}`)),
      el("div", "where", both(`网格 ${zones.id[i]}（每日）`, `zone ${zones.id[i]} (per day)`)), table(rows));
  }

  function taskRows(row) {
    return [
      ["任务（不少于）", "Task (at least)", both(whole(row.task) + " 台", whole(row.task))],
      ["规划充电桩", "Planned chargers", both(whole(row.chargers) + " 台", whole(row.chargers))],
      ["新建站", "New stations", whole(row.stations)],
      ["额定功率", "Rated power", whole(row.power_kw) + " kW"],
      ["投资", "Investment", money(row.capex_cny)],
    ];
  }

  function unitCard(row) {
    return el("div", "card", el("h3", "", row.zh), el("div", "where", both("开发区", "development zone")), table(taskRows(row)));
  }

  function districtCard(row) {
    const change = (today, plan) => both(...["未知", "not known"].map((unknown) => `${percent(today, unknown)} → ${percent(plan, unknown)}`));
    return el("div", "card", el("h3", "", both(row.zh, row.en)), el("div", "where", both(row.en, row.zh)), table([
      ...taskRows(row),
      ["居民（估算）", "Residents (modelled)", whole(row.residents)],
      ["半径内居民", "Within norm radius", change(row.within_norm_share_today, row.within_norm_share)],
      ["公共充电需求", "Public demand", both(whole(row.public_kwh_day) + " kWh/日", whole(row.public_kwh_day) + " kWh/day")],
      ["需求满足率", "Demand served", change(row.served_share_today, row.served_share)],
    ]));
  }

  // ---- layers -----------------------------------------------------------------------------------------------------
  const clickable = (layer, i, offset) => layer.on("click", (event) => {
    L.DomEvent.stopPropagation(event);
    show(siteCard(i), [sites.lat[i], sites.lon[i]], offset);
  });
  const stations = [];
  const towns = zones.townships.flatMap((name, at) => {
    const inside = zones.township.flatMap((township, i) => (township === at ? [i] : []));
    if (!name || !inside.length) return [];
    const weights = inside.map((i) => zones.residents[i] + 1);
    const sum = weights.reduce((a, b) => a + b, 0);
    const mean = (values) => inside.reduce((total, i, n) => total + values[i] * weights[n], 0) / sum;
    const range = (values) => [Math.min(...inside.map((i) => values[i])), Math.max(...inside.map((i) => values[i]))];
    const [south, north] = range(zones.lat);
    const [west, east] = range(zones.lon);
    return [{ name, centre: [mean(zones.lat), mean(zones.lon)], bounds: [[south, west], [north, east]] }];
  });
  sites.id.forEach((id, i) => {
    const at = [sites.lat[i], sites.lon[i]];
    if (chosen(i)) {
      const size = stationDiameter(sites.total[i]);
      const icon = ringIcon(counts(i), sites.total[i], size, Boolean(sites.modelled[i]));
      const marker = L.marker(at, { icon, counts: counts(i), total: sites.total[i], keyboard: false });
      stations.push(clickable(marker, i, -size / 3).bindTooltip(() => el("span", "", siteName(i)), { className: "name", direction: "bottom", offset: [0, size / 2] }));
    } else {
      const dot = { radius: 3, weight: 1.3, color: "#5d6873", fillColor: "#5d6873", fillOpacity: sites.modelled[i] ? 0 : 0.85, bubblingMouseEvents: false };
      clickable(L.circleMarker(at, dot), i, 0).addTo(folium.candidates);
    }
    if (sites.institution[i]) {
      const mark = sites.institution[i] === 2 ? "square" : "square reserved";
      const beside = chosen(i) ? [-5, 15] : [5, 5]; // at the upper right of a station's ring
      const icon = L.divIcon({ html: el("i", mark), className: "mark", iconSize: [10, 10], iconAnchor: beside });
      clickable(L.marker(at, { icon, keyboard: false, zIndexOffset: -5000 }), i, 0).addTo(folium.institutions);
    }
    if (sites.standing[i]) {
      const icon = L.divIcon({ html: el("i", "stands"), className: "mark", iconSize: [12, 12] });
      clickable(L.marker(at, { icon, keyboard: false, zIndexOffset: 400 }), i, 0).addTo(folium.existing);
    }
  });
  folium.cluster.addLayers(stations);

  map.createPane("names").style.zIndex = 620;
  map.createPane("towns").style.zIndex = 590;
  districts.forEach((row) => {
    const icon = L.divIcon({ html: el("span", "", both(row.zh, row.en)), className: "district-name", iconSize: [0, 0] });
    L.marker([row.lat, row.lon], { icon, pane: "names", keyboard: false })
      .on("click", (event) => { L.DomEvent.stopPropagation(event); show(districtCard(row), [row.lat, row.lon]); })
      .addTo(folium.districts);
  });
  towns.forEach((town) => {
    const icon = L.divIcon({ html: el("span", "", town.name), className: "town-name", iconSize: [0, 0] });
    L.marker(town.centre, { icon, pane: "towns", keyboard: false, interactive: false }).addTo(folium.districts);
  });
  /** Move district names beside the rings they would cover. */
  function placeNames() {
    const taken = [...document.querySelectorAll(".leaflet-marker-icon.donut")].map((ring) => ring.getBoundingClientRect());
    for (const name of document.querySelectorAll(".district-name > span")) {
      const { width, height } = name.getBoundingClientRect();
      const anchor = name.parentElement.getBoundingClientRect();
      const boxes = NAME_SHIFTS.map(([x, y]) => {
        const left = anchor.left + (x * width) / 2 - width / 2;
        const top = anchor.top + y * 17 - height / 2;
        const covered = taken.reduce((sum, t) => sum + Math.max(0, Math.min(left + width, t.right) - Math.max(left, t.left)) * Math.max(0, Math.min(top + height, t.bottom) - Math.max(top, t.top)), 0);
        return { left, top, right: left + width, bottom: top + height, covered, x, y };
      });
      const best = boxes.reduce((a, b) => (b.covered < a.covered - 1 ? b : a));
      name.style.left = (best.x * width) / 2 + "px";
      name.style.top = best.y * 17 + "px";
      taken.push(best);
    }
  }
  let waiting = 0;
  map.on("moveend layeradd layerremove", () => {
    clearTimeout(waiting);
    waiting = setTimeout(placeNames, 60);
  });
  map.on("zoomend", () => {
    map.getContainer().classList.toggle("near", map.getZoom() >= 12.5);
    Object.values(themes).forEach((picture) => picture.setOpacity(map.getZoom() >= 14 ? 0.55 : 1));
  });
  folium.outlines.eachLayer((outline) => outline.on("click", (event) => {
    L.DomEvent.stopPropagation(event);
    const name = outline.feature.properties.district;
    const row = districts.find((candidate) => candidate.zh === name);
    const unit = data.units.find((candidate) => candidate.zh === name);
    if (row || unit) show(row ? districtCard(row) : unitCard(unit), event.latlng);
  }));

  const themes = { residents: folium.residents, demand: folium.demand, unserved: folium.unserved };
  const layers = { cluster: folium.cluster, candidates: folium.candidates, institutions: folium.institutions, existing: folium.existing, districts: folium.districts, streets: folium.streets };
  document.querySelectorAll("input[data-layer]").forEach((box) => {
    const apply = () => (box.checked ? map.addLayer(layers[box.dataset.layer]) : map.removeLayer(layers[box.dataset.layer]));
    box.addEventListener("change", apply);
    apply();
  });
  function showTheme(key) {
    for (const [name, picture] of Object.entries(themes)) name === key ? map.addLayer(picture) : map.removeLayer(picture);
    document.querySelectorAll(".classes").forEach((legend) => legend.classList.toggle("on", legend.dataset.theme === key));
  }
  document.querySelectorAll("input[name=theme]").forEach((button) => {
    button.addEventListener("change", () => showTheme(button.value));
    if (button.checked) showTheme(button.value);
  });
  const sizes = document.getElementById("sizes");
  [4, 16, 64].forEach((number) => {
    const sample = el("span", "donut");
    sample.innerHTML = ring([0, 0, 0, 0], number, stationDiameter(number), false).replace('stroke="#fff"', 'stroke="#444"');
    sizes.append(sample);
  });
  sizes.append(el("span", "", both("台", "chargers")));

  // ---- what lies under the pointer: nearest zone centre by a grid of buckets ------------------------------------------
  const bucketOf = (lat, lon) => Math.floor(lat / (2 * zones.half_lat)) + ":" + Math.floor(lon / (2 * zones.half_lon));
  const buckets = new Map();
  zones.id.forEach((id, i) => {
    const key = bucketOf(zones.lat[i], zones.lon[i]);
    if (buckets.has(key)) buckets.get(key).push(i);
    else buckets.set(key, [i]);
  });
  function zoneAt({ lat, lng }) {
    let best = -1;
    let least = 1.03;
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        for (const i of buckets.get(bucketOf(lat + 2 * dy * zones.half_lat, lng + 2 * dx * zones.half_lon)) || []) {
          const away = Math.max(Math.abs(zones.lat[i] - lat) / zones.half_lat, Math.abs(zones.lon[i] - lng) / zones.half_lon);
          if (away < least) [best, least] = [i, away];
        }
      }
    }
    return best;
  }
  const readout = document.getElementById("readout");
  let under = -1;
  map.on("mousemove", (event) => {
    const i = zoneAt(event.latlng);
    if (i === under) return;
    under = i;
    readout.hidden = i < 0;
    if (i >= 0) readout.replaceChildren(zoneCard(i));
  });
  map.on("mouseout", () => { under = -1; readout.hidden = true; });
  map.on("click", (event) => {
    const i = zoneAt(event.latlng);
    if (i >= 0) show(zoneCard(i), event.latlng);
  });

  // ---- search ---------------------------------------------------------------------------------------------------------
  const plain = (text) => text.toLowerCase().replace(/\s+/g, "");
  const entries = [];
  districts.forEach((row) => entries.push({ zh: row.zh, en: row.en, keys: [row.zh, row.en], noteZh: "区县", noteEn: "district", go: () => { map.flyToBounds(row.bounds, { duration: 0.6 }); return [districtCard(row), [row.lat, row.lon]]; } }));
  towns.forEach(({ name, bounds }) => entries.push({ zh: name, en: name, keys: [name], noteZh: "街道乡镇", noteEn: "township", go: () => { map.flyToBounds(bounds, { duration: 0.6, maxZoom: 14 }); return null; } }));
  sites.id.forEach((id, i) => entries.push({ zh: sites.zh[i], en: sites.en[i] || sites.zh[i], keys: [sites.zh[i], sites.en[i], id], noteZh: (chosen(i) ? "新建站 " : "候选 ") + id, noteEn: (chosen(i) ? "planned " : "candidate ") + id, go: () => fly(siteCard(i), sites.lat[i], sites.lon[i]) }));
  zones.id.forEach((id, i) => entries.push({ zh: id, en: id, keys: [id], noteZh: "网格", noteEn: "zone", go: () => fly(zoneCard(i), zones.lat[i], zones.lon[i]) }));
  entries.forEach((entry) => { entry.keys = entry.keys.filter(Boolean).map(plain); });
  function fly(card, lat, lon) {
    map.flyTo([lat, lon], 15, { duration: 0.6 });
    return [card, [lat, lon]];
  }
  const input = document.querySelector("#search input");
  const hits = document.getElementById("hits");
  let found = [];
  let at = 0;
  function pick(entry) {
    hits.replaceChildren();
    found = [];
    map.closePopup();
    const popup = entry.go();
    if (popup) map.once("moveend", () => show(...popup));
  }
  function list() {
    const wanted = plain(input.value);
    const rank = (entry) => Math.min(...entry.keys.map((key) => (key === wanted ? 0 : key.startsWith(wanted) ? 1 : key.includes(wanted) ? 2 : 3)));
    found = wanted ? entries.map((entry) => [rank(entry), entry]).filter(([r]) => r < 3).sort((a, b) => a[0] - b[0]).slice(0, 9).map(([, entry]) => entry) : [];
    at = 0;
    draw(wanted);
  }
  function draw(wanted) {
    hits.replaceChildren(...found.map((entry, n) => {
      const row = el("li", n === at ? "at" : "", el("span", "", both(entry.zh, entry.en)), el("small", "", both(entry.noteZh, entry.noteEn)));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); pick(entry); });
      return row;
    }));
    if (wanted && !found.length) hits.append(el("li", "", both("没有找到", "nothing found")));
  }
  input.addEventListener("input", list);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(found.length, 1);
      draw("");
      event.preventDefault();
    }
    if (event.key === "Enter" && found.length) pick(found[at]);
    if (event.key === "Escape") { hits.replaceChildren(); found = []; }
  });
  input.addEventListener("blur", () => { hits.replaceChildren(); found = []; });

  // ---- views, scale, language -------------------------------------------------------------------------------------------
  const look = (bounds, animate) => map.fitBounds(bounds, { padding: [6, 6], animate });
  const Views = L.Control.extend({
    options: { position: "topleft" },
    onAdd() {
      const bar = el("div", "leaflet-bar views");
      for (const [key, zh, en] of [["core", "主城区", "Core"], ["city", "全市", "All"]]) {
        const button = el("button", "", both(zh, en));
        button.type = "button";
        button.dataset.view = key;
        button.addEventListener("click", () => look(data.views[key], true));
        bar.append(button);
      }
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    },
  });
  new Views().addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);

  function speak(lang) {
    document.documentElement.dataset.lang = lang;
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = data.title[lang];
    input.placeholder = input.dataset[lang];
    document.querySelectorAll(".languages button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.lang === lang)));
    placeNames();
  }
  document.querySelectorAll(".languages button").forEach((button) => button.addEventListener("click", () => speak(button.dataset.lang)));
  speak(data.lang);
  map.invalidateSize();
  look(data.views.core, false);
  window.planner = { map, themes, layers, outlines: folium.outlines, zoneAt, zones, sites };
}
