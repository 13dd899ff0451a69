// The controls around the map: views, districts, tools, layers, themes, scale, coordinates, language, the side panel.

function toolbar(app, tools) {
  const { map, data } = app;
  const look = (bounds, animate) => map.fitBounds(bounds, { padding: [6, 6], animate });
  const district = label(el("select", "", el("option", "")), "缩放到区县", "zoom to a district");
  district.id = "district";
  data.districts.forEach((_, at) => {
    const option = el("option", "");
    option.value = at;
    district.append(option);
  });
  district.addEventListener("change", () => { if (district.value !== "") app.showDistrict(Number(district.value)); });
  app.onSpeak.push((lang) => [...district.options].forEach((option, at) => {
    option.textContent = at ? data.districts[at - 1][lang] : lang === "zh" ? "区县…" : "District…";
  }));
  const Bar = L.Control.extend({
    options: { position: "topleft" },
    onAdd() {
      const views = [["core", "主城区", "Core"], ["city", "全市", "All"]].map(([key, zh, en]) => {
        const one = button(zh, en, () => look(data.views[key], true));
        one.dataset.view = key;
        return one;
      });
      const made = tools.map(([key, zh, en, act]) => {
        const one = button(zh, en, act);
        one.dataset.tool = key;
        return one;
      });
      const bar = el("div", "leaflet-bar tools", ...views, district, ...made);
      L.DomEvent.disableClickPropagation(bar);
      L.DomEvent.disableScrollPropagation(bar);
      return bar;
    },
  });
  new Bar().addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
}

/** Check boxes of the layers and radio buttons of the themes. */
function layerPanel(app) {
  const { map, symbols, themes } = app;
  const shows = (key) => (LAYERS.includes(key) ? symbols.shown.has(key) : map.hasLayer(app.layers[key]));
  document.querySelectorAll("input[data-layer]").forEach((box) => {
    const key = box.dataset.layer;
    const apply = () => {
      if (LAYERS.includes(key)) symbols.show(key, box.checked);
      else if (box.checked) map.addLayer(app.layers[key]);
      else map.removeLayer(app.layers[key]);
      document.querySelectorAll(`[data-keys="${key}"]`).forEach((keys) => { keys.hidden = !box.checked; });
    };
    box.addEventListener("change", apply);
    apply();
  });
  document.querySelectorAll("input[name=theme]").forEach((one) => {
    one.addEventListener("change", () => themes.show(one.value));
    if (one.checked) themes.show(one.value);
  });
  return shows;
}

/** Samples of ring sizes and colours of the powers for the legend. */
function ringLegend(app) {
  const { powers } = app.data.colours;
  document.querySelectorAll("[data-power]").forEach((mark, at) => { mark.style.background = powers[at]; });
  const box = document.getElementById("sizes");
  [4, 16, 64].forEach((total) => {
    const diameter = stationDiameter(total);
    const canvas = el("canvas", "");
    const dense = 2;
    const side = diameter + 6;
    Object.assign(canvas, { width: side * dense, height: side * dense });
    Object.assign(canvas.style, { width: side + "px", height: side + "px" });
    const context = canvas.getContext("2d");
    context.scale(dense, dense);
    drawRing(context, side / 2, side / 2, { counts: [1], total, diameter }, ["#c9cfd5"]);
    box.append(canvas);
  });
  box.append(el("span", "", both("台", "chargers")));
}

/** What lies under the pointer: zone, site name, coordinates (WGS 84 whatever the map is drawn in). */
function pointer(app) {
  const { map, symbols, zones } = app;
  const readout = document.getElementById("readout");
  const where = document.getElementById("where");
  const tip = L.tooltip({ className: "name", direction: "top", offset: [0, -6] });
  let under = NO_ZONE;
  let over = null;
  map.on("mousemove", ({ latlng, containerPoint }) => {
    where.textContent = `WGS 84  ${latlng.lat.toFixed(5)}, ${latlng.lng.toFixed(5)}`;
    const symbol = app.draw.mode ? undefined : symbols.at(containerPoint);
    map.getContainer().classList.toggle("over", Boolean(symbol));
    const site = symbol && symbol.members.length === 1 ? symbol.members[0] : null;
    if (site !== over) {
      over = site;
      if (site === null) tip.remove();
      else tip.setLatLng([app.sites.lat[site], app.sites.lon[site]]).setContent(el("span", "", siteName(app, site))).addTo(map);
    }
    const zone = zones.at(latlng);
    if (zone === under) return;
    under = zone;
    readout.hidden = zone === NO_ZONE;
    if (zone !== NO_ZONE) readout.replaceChildren(zoneCard(app, zone, true));
  });
  map.on("mouseout", () => {
    [under, over] = [NO_ZONE, null];
    readout.hidden = true;
    where.textContent = "";
    tip.remove();
  });
}

function languages(app) {
  const input = document.querySelector("#search input");
  app.speak = (lang = document.documentElement.dataset.lang) => {
    document.documentElement.dataset.lang = lang;
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = app.data.title[lang];
    if (input) input.placeholder = input.dataset[lang];
    document.querySelectorAll("[data-label-zh]").forEach((element) => {
      const words = lang === "zh" ? element.dataset.labelZh : element.dataset.labelEn;
      element.setAttribute("aria-label", words);
      element.title = words;
    });
    document.querySelectorAll(".languages button").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.lang === lang)));
    app.onSpeak.forEach((tell) => tell(lang));
  };
  document.querySelectorAll(".languages button").forEach((one) => one.addEventListener("click", () => app.speak(one.dataset.lang)));
}

/** On a narrow screen the panel opens over the map. */
function sidePanel(app) {
  const toggle = document.getElementById("open-side");
  const set = (open) => {
    document.body.classList.toggle("side-open", open);
    toggle.setAttribute("aria-expanded", String(open));
  };
  toggle.addEventListener("click", () => set(!document.body.classList.contains("side-open")));
  app.closeSide = () => set(false);
}
