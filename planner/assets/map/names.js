// Names of districts and townships, district names moved beside the rings they would cover.

/** Where a district name may go: half widths right, lines down. */
const NAME_SHIFTS = [[0, 0], [0, 1.6], [0, -1.6], [1.9, 0], [-1.9, 0], [1.9, 1.6], [-1.9, 1.6], [1.9, -1.6], [-1.9, -1.6], [0, 3], [0, -3], [2.6, 3], [-2.6, 3], [2.6, -3], [-2.6, -3]];

/** Townships with the middle of their people and the box around their zones. */
function townships(zones) {
  const inside = zones.townships.map(() => []);
  zones.township.forEach((town, zone) => inside[town].push(zone));
  return zones.townships.flatMap((name, at) => {
    const members = inside[at];
    if (!name || !members.length) return [];
    const weights = members.map((zone) => zones.residents[zone] + 1);
    const mean = (values) => sum(members.map((zone, n) => values[zone] * weights[n])) / sum(weights);
    const least = (values) => Math.min(...members.map((zone) => values[zone]));
    const most = (values) => Math.max(...members.map((zone) => values[zone]));
    return [{ name, centre: [mean(zones.lat), mean(zones.lon)], bounds: [[least(zones.lat), least(zones.lon)], [most(zones.lat), most(zones.lon)]] }];
  });
}

function nameLayer(app) {
  const { map, data } = app;
  const group = L.layerGroup();
  map.createPane("names").style.zIndex = 620;
  map.createPane("towns").style.zIndex = 440; // below the symbols
  data.districts.forEach((row) => {
    const icon = L.divIcon({ html: el("span", "", both(row.zh, row.en)), className: "district-name", iconSize: [0, 0] });
    L.marker([row.lat, row.lon], { icon, pane: "names", alt: row.zh })
      .on("click", (event) => {
        if (app.draw && app.draw.mode) return app.draw.add(map.mouseEventToLatLng(event.originalEvent));
        L.DomEvent.stopPropagation(event);
        return app.open(app.areaCard(row), [row.lat, row.lon]);
      })
      .addTo(group);
  });
  app.towns.forEach((town) => {
    const icon = L.divIcon({ html: el("span", "", town.name), className: "town-name", iconSize: [0, 0] });
    L.marker(town.centre, { icon, pane: "towns", keyboard: false, interactive: false }).addTo(group);
  });
  return group;
}

/** Move district names off the rings. */
function placeNames(app) {
  const frame = app.map.getContainer().getBoundingClientRect();
  const shown = app.symbols.shown.has("stations") ? app.symbols.drawn.filter(({ total }) => total !== undefined) : [];
  const corner = app.map.containerPointToLayerPoint([0, 0]).add(app.map.getPixelOrigin());
  const taken = shown.map(({ x, y, radius }) => {
    const left = frame.left + x + app.symbols.view.x0 - corner.x;
    const top = frame.top + y + app.symbols.view.y0 - corner.y;
    return { left: left - radius, right: left + radius, top: top - radius, bottom: top + radius };
  });
  for (const name of document.querySelectorAll(".district-name > span")) {
    const { width, height } = name.getBoundingClientRect();
    const anchor = name.parentElement.getBoundingClientRect();
    const boxes = NAME_SHIFTS.map(([x, y]) => {
      const left = anchor.left + (x * width) / 2 - width / 2;
      const top = anchor.top + y * 17 - height / 2;
      const covered = taken.reduce((all, t) => all + Math.max(0, Math.min(left + width, t.right) - Math.max(left, t.left)) * Math.max(0, Math.min(top + height, t.bottom) - Math.max(top, t.top)), 0);
      return { left, top, right: left + width, bottom: top + height, covered, x, y };
    });
    const best = boxes.reduce((a, b) => (b.covered < a.covered - 1 ? b : a));
    name.style.left = (best.x * width) / 2 + "px";
    name.style.top = best.y * 17 + "px";
    taken.push(best);
  }
}
