// A plan's map: the page's state, and what happens on a click.

function startPlannerMap(data, folium) {
  const { map } = folium;
  const last = data.years.length - 1;
  const app = {
    data, map, sites: data.sites, year: last, edits: new Map(), focus: null, onSpeak: [], ready: false,
    layers: { streets: folium.streets, grid: folium.grid, basemap: folium.basemap },
    isChosen: (site) => app.counts.some((power) => power[site] > 0),
    isLastYear: () => app.year === last,
    zoneYear: () => (app.year === last ? app.zones : data.zone_years[app.year]),
    normAt(site) {
      const zone = app.zones.at({ lat: app.sites.lat[site], lng: app.sites.lon[site] });
      return zone === NO_ZONE ? null : app.zones.norms[app.zones.norm[zone]];
    },
    areaCard: (row) => districtCard(app, row),
    stationCount: data.sites.total.filter((_, site) => data.sites.rank[site] > 0).length,
  };
  Object.assign(app, builtBy(data, last));
  app.zones = new Zones(data.zones, map);
  app.towns = townships(app.zones);
  servedZones(app);
  languages(app);
  const edits = new Edits(app);
  app.editButtons = (site) => edits.buttons(site);
  app.draw = new DrawTool(app, (outline) => edits.choose(outline));
  app.symbols = new Symbols(app);
  app.themes = new Themes(app);
  opening(app);
  const showTasks = taskDialog(app);
  const tools = ["measure", "rectangle", "polygon"].map((mode, at) => [mode, ["量距", "框选站点", "圈选站点"][at], ["Measure", "Select box", "Select area"][at], () => app.draw.start(mode)]);
  toolbar(app, [...tools, ["tasks", "任务表", "Tasks", showTasks], ["print", "打印", "Print", printing(app)]]);
  app.layers.districts = L.layerGroup([folium.districts, nameLayer(app)]);
  map.removeLayer(folium.districts);
  yearSlider(app);
  hourSlider(app);
  const shows = layerPanel(app);
  ringLegend(app);
  gridLayer(app, folium.grid);
  pointer(app);
  searchBox(app);
  sidePanel(app);
  clicks(app, folium);
  map.getContainer().setAttribute("role", "application");
  app.onSpeak.push((lang) => map.getContainer().setAttribute("aria-label", lang === "zh" ? "地图，方向键移动，加减键缩放" : "map: arrow keys move it, plus and minus zoom"));
  app.speak(data.lang);
  const names = later(() => placeNames(app));
  app.placeNames = () => placeNames(app);
  app.onSpeak.push(names);
  map.on("moveend layeradd layerremove symbols", names);
  map.on("zoomend", () => map.getContainer().classList.toggle("near", map.getZoom() >= 12.5));
  app.ready = true; // painted once, not after every step above
  map.invalidateSize();
  map.fitBounds(data.views.core, { padding: [6, 6], animate: false });
  window.planner = { app, map, shows, zones: app.zones, outlines: folium.districts, toGcj02, fromGcj02 };
}

/** Call it once things have settled. */
function later(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, 60);
  };
}

/** Who charges where at the end of the last year, looked up by site and by zone; indexed on first use. */
function servedZones(app) {
  const { serves } = app.data;
  const [site, zone] = [summed(serves.site), summed(serves.zone)];
  const by = (keys) => {
    const rows = new Map();
    keys.forEach((key, at) => (rows.has(key) ? rows.get(key).push(at) : rows.set(key, [at])));
    return rows;
  };
  let [bySite, byZone] = [null, null];
  app.servedBy = (one) => {
    bySite ||= by(site);
    return app.isLastYear() ? (bySite.get(one) || []).map((at) => ({ zone: zone[at], kwh: serves.kwh[at] })) : [];
  };
  app.serving = (one) => {
    byZone ||= by(zone);
    const rows = app.isLastYear() ? byZone.get(one) || [] : [];
    return rows.map((at) => ({ site: site[at], kwh: serves.kwh[at] })).sort((a, b) => b.kwh - a.kwh);
  };
  app.phasesOf = (one) => {
    const rows = app.data.site_years;
    return rows ? rows.site.flatMap((other, at) => (other === one ? [[rows.year[at], rows.total[at] + rows.swap[at]]] : [])) : [];
  };
  app.taskAt = (task) => {
    if (!task.years.length || app.isLastYear()) return task;
    const upTo = task.years.slice(0, app.year + 1);
    return Object.fromEntries(["chargers", "stations", "power_kw", "capex_cny"].map((column) => [column, sum(upTo.map((row) => row[column]))]));
  };
}

/** Opening cards and going to places. */
function opening(app) {
  const { map } = app;
  const options = { maxWidth: 330, minWidth: 250, autoPanPaddingTopLeft: [110, 14], autoPanPaddingBottomRight: [14, 14] };
  app.open = (card, at, offset = 0) => {
    const narrow = map.getSize().x < 500;
    map.openPopup(card, at, { ...options, ...(narrow ? { minWidth: 200, maxWidth: 240, autoPanPaddingTopLeft: [10, 10] } : {}), maxHeight: map.getSize().y - 60, offset: [0, offset] });
    app.speak();
  };
  map.on("popupclose", () => {
    if (app.focus === null) return;
    app.focus = null;
    app.symbols.repaint();
  });
  // Without animation: a flight would show canvases that are painted only where it ends.
  app.fly = (at, then) => {
    map.setView(at, 15, { animate: false });
    then();
  };
  app.showSite = (site, fly = false) => {
    const show = () => {
      app.open(siteCard(app, site), [app.sites.lat[site], app.sites.lon[site]], app.isChosen(site) ? -6 : 0);
      app.focus = site;
      app.symbols.repaint();
    };
    app.closeSide();
    map.closePopup();
    if (fly) app.fly([app.sites.lat[site], app.sites.lon[site]], show);
    else show();
  };
  app.showZone = (zone, at) => app.open(zoneCard(app, zone), at || [app.zones.lat[zone], app.zones.lon[zone]]);
  app.showDistrict = (at) => {
    const row = app.data.districts[at];
    app.closeSide();
    map.closePopup();
    map.fitBounds(row.bounds, { animate: false });
    app.open(app.areaCard(row), [row.lat, row.lon]);
  };
}

/** A click: the tool in hand, else the uppermost symbol, else the zone. */
function clicks(app, folium) {
  const { map } = app;
  map.on("click", (event) => {
    if (app.draw.mode) return app.draw.add(event.latlng);
    const symbol = app.symbols.at(event.containerPoint);
    if (symbol && symbol.members.length > 1) {
      return map.fitBounds(symbol.members.map((site) => [app.sites.lat[site], app.sites.lon[site]]), { maxZoom: 15, padding: [60, 60] });
    }
    if (symbol) return app.showSite(symbol.members[0]);
    const group = app.gridAt && app.gridAt(event.latlng);
    if (group) return app.open(gridCard(app, group), event.latlng);
    const zone = app.zones.at(event.latlng);
    return zone === NO_ZONE ? undefined : app.showZone(zone, event.latlng);
  });
  folium.districts.eachLayer((outline) => outline.on("click", (event) => {
    if (app.draw.mode) return;
    if (event.containerPoint && app.symbols.at(event.containerPoint)) return; // the map's own click opens the symbol
    L.DomEvent.stopPropagation(event);
    const name = outline.feature.properties.district;
    const row = app.data.districts.find((candidate) => candidate.zh === name);
    const unit = app.data.tasks.find((candidate) => candidate.zh === name);
    if (row || unit) app.open(row ? app.areaCard(row) : unitCard(app, unit), event.latlng);
  }));
}

const GRID_LIMITS = [0, 0.5, 0.75, 0.9, 1.0001];

/** Grid groups in the shade of the headroom they use; a click asks `gridAt`. */
function gridLayer(app, layer) {
  if (!layer) return;
  const colours = app.data.colours.ramps.grid;
  const shade = (used) => colours[GRID_LIMITS.filter((limit) => used !== null && used >= limit).length - 1] || "#fff";
  layer.setStyle((feature) => ({ color: "#15191d", weight: 2, dashArray: "2 5", fillColor: shade(feature.properties.used), fillOpacity: 0.55, interactive: false }));
  const words = ["<50 %", "≥50 %", "≥75 %", "≥90 %", ">100 %"];
  const made = graded([], GRID_LIMITS, colours, (limit) => words[GRID_LIMITS.indexOf(limit)]);
  document.querySelector('[data-keys="grid"]').append(...made.legend);
  app.gridAt = (latlng) => {
    if (!app.map.hasLayer(layer)) return null;
    const hit = layer.getLayers().find((shape) => shape.getBounds().contains(latlng) && shape.getLatLngs().flat(shape.feature.geometry.type === "MultiPolygon" ? 1 : 0)
      .some((ring) => isInside(latlng.lat, latlng.lng, ring)));
    return hit ? hit.feature.properties : null;
  };
}
