// The difference of two plans: zones that are served more or less, sites that came, went or changed.

const BUILT_BY_A_AND_B = { added: 0, removed: 1, changed: 2 };

function startDifferenceMap(data, folium) {
  const { map } = folium;
  const app = { data, map, sites: data.sites, onSpeak: [], shown: new Set([0, 1, 2]), zonesShown: true };
  app.zones = new Zones(data.zones, map);
  app.towns = townships(app.zones);
  app.speak = () => undefined;
  languages(app);
  app.open = (card, at) => {
    map.openPopup(card, at, { maxWidth: 320, minWidth: 230, autoPanPaddingTopLeft: [110, 14] });
    app.speak();
  };
  app.areaCard = (row) => el("div", "card", el("h3", "", both(row.zh, row.en)), table([
    ...data.words.changes.map(([zh, en], at) => [`站点${zh}`, `Sites ${en}`, whole(row.changes[at])]),
    ["充电桩 B − A", "Chargers, B − A", signed(row.chargers)],
  ]));
  app.showDistrict = (at) => {
    const row = data.districts[at];
    map.closePopup();
    map.fitBounds(row.bounds, { animate: false });
    app.open(app.areaCard(row), [row.lat, row.lon]);
  };
  const painting = changedZones(app);
  const zoneLayer = canvasLayer(map, "zones", 250, (context, view) => { if (app.zonesShown) app.zones.paint(context, view, painting); }).addTo(map);
  zoneLayer._container.style.opacity = 0.9;
  const symbols = changedSites(app);
  nameLayer(app).addTo(map);
  toolbar(app, []);
  const zoneBox = document.getElementById("show-zones");
  zoneBox.addEventListener("change", () => { app.zonesShown = zoneBox.checked; zoneLayer.repaint(); });
  document.querySelectorAll("[data-change]").forEach((box) => box.addEventListener("change", () => {
    if (box.checked) app.shown.add(Number(box.dataset.change));
    else app.shown.delete(Number(box.dataset.change));
    symbols.layer.repaint();
  }));
  document.querySelectorAll("[data-sample]").forEach((canvas) => {
    Object.assign(canvas, { width: 48, height: 48 });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    drawChange(context, 12, 12, 9, Number(canvas.dataset.sample), data.colours.changes);
  });
  sidePanel(app);
  const readout = document.getElementById("readout");
  let under = NO_ZONE;
  map.on("mousemove", ({ latlng, containerPoint }) => {
    map.getContainer().classList.toggle("over", symbols.at(containerPoint) !== undefined);
    const zone = app.zones.at(latlng);
    if (zone === under) return;
    under = zone;
    readout.hidden = zone === NO_ZONE;
    if (zone !== NO_ZONE) readout.replaceChildren(changedZoneCard(app, zone));
  });
  map.on("click", ({ latlng, containerPoint }) => {
    const site = symbols.at(containerPoint);
    if (site !== undefined) return app.open(changedSiteCard(app, site), [data.sites.lat[site], data.sites.lon[site]]);
    const zone = app.zones.at(latlng);
    return zone === NO_ZONE ? undefined : app.open(changedZoneCard(app, zone), latlng);
  });
  map.on("zoomend", () => map.getContainer().classList.toggle("near", map.getZoom() >= 12.5));
  app.speak(data.lang);
  map.invalidateSize();
  map.fitBounds(data.views.core, { padding: [6, 6], animate: false });
  window.planner = { app, map, symbols, painting };
}

/** Classes of the zones: much less, less, more, much more; what differs by less than `least` is not painted. */
function changedZones(app) {
  const { zones, data } = app;
  const more = zones.a.map((kwh, zone) => zones.b[zone] - kwh);
  const top = Math.max(roundBreaks(more.map(Math.abs), 2)[1] / 4, 2 * data.least);
  const much = Number(top.toPrecision(1));
  const colours = [...data.colours.less, ...data.colours.more];
  const classes = Uint8Array.from(more, (kwh) => (Math.abs(kwh) < data.least ? 0 : kwh <= -much ? 1 : kwh < 0 ? 2 : kwh < much ? 3 : 4));
  const words = [`≤−${whole(much)}`, `≤−${whole(data.least)}`, `≥+${whole(data.least)}`, `≥+${whole(much)}`];
  const ramp = el("div", "ramp", ...colours.map((colour) => {
    const step = el("i", "");
    step.style.background = colour;
    return step;
  }));
  document.getElementById("zone-legend").append(ramp, el("div", "ramp-labels", ...words.map((text) => el("span", "", text))), el("div", "hint", both("kWh/日", "kWh/day")));
  return { classes, colours };
}

/** Filled: came; hollow with a bar: went; half filled: changed. Told apart without colour too. */
function drawChange(context, x, y, radius, change, colours) {
  const circle = (from = 0, to = 2 * Math.PI) => {
    context.beginPath();
    context.arc(x, y, radius, from, to);
  };
  circle();
  Object.assign(context, { fillStyle: change === BUILT_BY_A_AND_B.added ? colours[change] : "#fff", strokeStyle: "#fff", lineWidth: 4 });
  context.stroke();
  context.fill();
  Object.assign(context, { strokeStyle: change === BUILT_BY_A_AND_B.removed ? "#9c4f00" : "#26313c", lineWidth: 1.6 });
  if (change === BUILT_BY_A_AND_B.changed) {
    circle(Math.PI / 2, 1.5 * Math.PI);
    context.fillStyle = colours[change];
    context.fill();
  }
  if (change === BUILT_BY_A_AND_B.removed) {
    circle();
    context.fillStyle = colours[change];
    context.globalAlpha = 0.35;
    context.fill();
    context.globalAlpha = 1;
    context.setLineDash([3, 2]);
  }
  circle();
  context.stroke();
  context.setLineDash([]);
}

function changedSites(app) {
  const { map, data } = app;
  const { sites } = data;
  const points = sites.lat.map((lat, site) => ({ ...unitPoint(map, lat, sites.lon[site]), site, more: sites.b[site] - sites.a[site] }))
    .sort((p, q) => sites.change[q.site] - sites.change[p.site] || Math.abs(q.more) - Math.abs(p.more)); // came and went above changed
  const drawn = { symbols: [], view: null };
  const layer = canvasLayer(map, "symbols", 450, (context, view) => {
    const near = map.getZoom() >= 12.5;
    drawn.symbols = [];
    drawn.view = view;
    for (const point of points) {
      const change = sites.change[point.site];
      const [x, y] = [point.x * view.k - view.x0, point.y * view.k - view.y0];
      if (!app.shown.has(change) || x < -30 || y < -30 || x > view.width + 30 || y > view.height + 30) continue;
      const radius = (near ? 10 : 5) + Math.min(near ? 9 : 5, Math.sqrt(Math.abs(point.more)));
      drawChange(context, x, y, radius, change, data.colours.changes);
      if (near) {
        Object.assign(context, { font: "700 13px Arial, sans-serif", textAlign: "center", lineWidth: 3, strokeStyle: "#fff", fillStyle: "#101820" });
        context.strokeText(signed(point.more), x, y + 5);
        context.fillText(signed(point.more), x, y + 5);
      }
      drawn.symbols.push({ x, y, radius, site: point.site });
    }
  }).addTo(map);
  const at = (containerPoint) => {
    if (!drawn.view) return undefined;
    const corner = map.getPixelOrigin().add(map.containerPointToLayerPoint(containerPoint));
    const hit = drawn.symbols.findLast(({ x, y, radius }) => Math.hypot(x - corner.x + drawn.view.x0, y - corner.y + drawn.view.y0) <= radius + 1);
    return hit && hit.site;
  };
  return { layer, at, drawn };
}

function changedSiteCard(app, site) {
  const { sites } = app;
  const rows = sites.types.flatMap(([name, a, b]) => (a[site] || b[site] ? [[name, name, `${a[site]} → ${b[site]}`]] : []));
  return el("div", "card", el("h3", "", sites.zh[site]), el("div", "where", `${sites.district[site]} · ${sites.id[site]}`),
    el("span", "tag", both(...app.data.words.changes[sites.change[site]])),
    table([...rows, ["功率 B − A", "Power, B − A", `${signed(sites.kw[site])} kW`]]));
}

function changedZoneCard(app, zone) {
  const { zones } = app;
  const area = app.data.districts[zones.district[zone]];
  const town = zones.townships[zones.township[zone]];
  return el("div", "card", el("h3", "", both(`${town} ${area.zh}`, `${town} ${area.en}`)), el("div", "where", both(`网格 ${zones.id[zone]}（每日）`, `zone ${zones.id[zone]} (per day)`)), table([
    ["A 服务电量", "Served by A", energy(zones.a[zone])],
    ["B 服务电量", "Served by B", energy(zones.b[zone])],
    ["B − A", "B − A", signed(zones.b[zone] - zones.a[zone]) + " kWh"],
  ]));
}
