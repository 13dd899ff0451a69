// Search by name or id: districts, townships, sites, zones.

const MOST_HITS = 9;

function searchBox(app) {
  const { sites, zones, data } = app;
  const input = document.querySelector("#search input");
  const hits = document.getElementById("hits");
  const plain = (text) => text.toLowerCase().replace(/\s+/g, "");
  let names = null;
  let found = [];
  let at = 0;

  /** Everything with a name or id, each as (text, kind, position): made when first searched. */
  function index() {
    const entries = [];
    const add = (text, kind, place) => { if (text) entries.push([plain(text), kind, place]); };
    data.districts.forEach((row, place) => [row.zh, row.en].forEach((text) => add(text, "district", place)));
    app.towns.forEach(({ name }, place) => add(name, "town", place));
    sites.id.forEach((id, place) => [id, sites.zh[place], sites.en[place]].forEach((text) => add(text, "site", place)));
    zones.id.forEach((id, place) => add(id, "zone", place));
    return entries;
  }
  const described = {
    district: (place) => [both(data.districts[place].zh, data.districts[place].en), both("区县", "district")],
    town: (place) => [app.towns[place].name, both("街道乡镇", "township")],
    site: (place) => [siteName(app, place), both(`${app.isChosen(place) ? "新建站" : "候选"} ${sites.id[place]}`, `${app.isChosen(place) ? "planned" : "candidate"} ${sites.id[place]}`)],
    zone: (place) => [zones.id[place], both("网格", "zone")],
  };
  const go = {
    district: (place) => app.showDistrict(place),
    town: (place) => app.map.fitBounds(app.towns[place].bounds, { animate: false, maxZoom: 14 }),
    site: (place) => app.showSite(place, true),
    zone: (place) => app.fly([zones.lat[place], zones.lon[place]], () => app.showZone(place)),
  };

  function list() {
    const wanted = plain(input.value);
    names ||= index();
    const best = new Map();
    if (wanted) {
      for (const entry of names) {
        const where = entry[0].indexOf(wanted);
        if (where < 0) continue;
        const rank = where > 0 ? 2 : entry[0].length === wanted.length ? 0 : 1;
        const key = entry[1] + entry[2];
        if (!best.has(key) || best.get(key)[0] > rank) best.set(key, [rank, ...entry]);
      }
    }
    found = [...best.values()].sort((a, b) => a[0] - b[0]).slice(0, MOST_HITS);
    at = 0;
    draw(wanted);
  }
  function draw(wanted) {
    hits.replaceChildren(...found.map(([, , kind, place], n) => {
      const [name, note] = described[kind](place);
      const row = el("li", n === at ? "at" : "", el("span", "", name), el("small", "", note));
      row.id = "hit" + n;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(n === at));
      row.addEventListener("pointerdown", (event) => { event.preventDefault(); pick(n); });
      return row;
    }));
    if (wanted && !found.length) hits.append(el("li", "", both("没有找到", "nothing found")));
    input.setAttribute("aria-expanded", String(found.length > 0));
    input.setAttribute("aria-activedescendant", found.length ? "hit" + at : "");
  }
  function close() {
    found = [];
    draw("");
  }
  function pick(n) {
    const [, , kind, place] = found[n];
    close();
    app.map.closePopup();
    go[kind](place);
  }
  input.addEventListener("input", list);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(found.length, 1);
      draw("");
      event.preventDefault();
    }
    if (event.key === "Enter" && found.length) pick(at);
    if (event.key === "Escape") close();
  });
  input.addEventListener("blur", close);
}
