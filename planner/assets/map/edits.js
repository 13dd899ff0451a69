// Sites locked in or out by hand, and the file of them that `planner plan --edits` reads.

const EDIT_WORDS = { in: ["锁定入选", "Lock in"], out: ["排除", "Lock out"], free: ["解除锁定", "Unlock"] };

class Edits {
  constructor(app) {
    this.app = app;
    this.box = document.getElementById("edits");
    this.waiting = null;
    window.addEventListener("beforeunload", (event) => { if (app.edits.size && !this.saved) event.preventDefault(); });
  }

  /** Lock sites "in" or "out", or "clear" them: forget the edit, and unlock what the scenario locks. */
  set(sites, lock) {
    const { app } = this;
    for (const site of sites) {
      app.edits.delete(site);
      if (lock !== "clear") app.edits.set(site, lock);
      else if (app.sites.lock[site]) app.edits.set(site, "free");
    }
    this.saved = false;
    this.draw();
    app.symbols.repaint();
  }

  /** The buttons of a site's card. */
  buttons(site) {
    const { edits, sites } = this.app;
    const made = ["in", "out", "clear"].map((lock) => {
      const one = button(...(EDIT_WORDS[lock] || ["清除", "Clear"]), () => {
        this.set([site], edits.get(site) === lock ? "clear" : lock);
        refresh();
      });
      one.dataset.lock = lock;
      return one;
    });
    const refresh = () => made.forEach((one) => {
      if (one.dataset.lock === "clear") one.disabled = !edits.has(site) && !sites.lock[site];
      else one.setAttribute("aria-pressed", String(edits.get(site) === one.dataset.lock));
    });
    refresh();
    return el("div", "edit-buttons", ...made);
  }

  /** Sites in an outline wait for what shall happen to them. */
  choose(outline) {
    const { sites } = this.app;
    this.waiting = sites.id.flatMap((_, site) => (isInside(sites.lat[site], sites.lon[site], outline) ? [site] : []));
    this.draw();
  }

  _settle(sites, lock) {
    this.waiting = null;
    this.app.draw.stop();
    if (lock) this.set(sites, lock);
    else this.draw();
  }

  _question() {
    const scopes = {
      all: this.waiting,
      planned: this.waiting.filter((site) => this.app.isChosen(site)),
      others: this.waiting.filter((site) => !this.app.isChosen(site)),
    };
    const words = { all: ["全部", "all"], planned: ["规划站", "planned"], others: ["未选", "not chosen"] };
    let scope = "all";
    const scopeButtons = Object.keys(scopes).map((key) => {
      const one = button(`${words[key][0]} ${scopes[key].length}`, `${words[key][1]} ${scopes[key].length}`, () => {
        scope = key;
        scopeButtons.forEach((other) => other.setAttribute("aria-pressed", String(other === one)));
      });
      one.dataset.scope = key;
      one.setAttribute("aria-pressed", String(key === scope));
      return one;
    });
    const act = ["in", "out", "clear"].map((lock) => {
      const one = button(...(EDIT_WORDS[lock] || ["清除", "Clear"]), () => this._settle(scopes[scope], lock));
      one.dataset.lock = lock;
      return one;
    });
    return el("div", "question", el("b", "", both(`范围内 ${this.waiting.length} 个站点`, `${this.waiting.length} sites inside`)),
      el("div", "row", ...scopeButtons), el("div", "row", ...act, button("取消", "Cancel", () => this._settle([], null))));
  }

  draw() {
    const { app } = this;
    const parts = [];
    if (this.waiting) parts.push(this._question());
    if (app.edits.size) {
      const rows = [...app.edits].map(([site, lock]) => {
        const name = el("button", "link", siteName(app, site));
        name.type = "button";
        name.addEventListener("click", () => app.showSite(site, true));
        const forget = label(button("✕", "✕", () => { app.edits.delete(site); this.draw(); app.symbols.repaint(); }), "删除此项", "remove this edit");
        return el("li", "", el("span", "mark " + lock, EDIT_MARKS[lock][0]), name, el("small", "", both(...EDIT_WORDS[lock])), forget);
      });
      const save = button("下载 GeoJSON", "Download GeoJSON", () => this.download());
      save.id = "download";
      parts.push(el("b", "", both(`站点编辑 ${app.edits.size} 项`, `${app.edits.size} site edits`)), el("ul", "", ...rows),
        el("div", "row", save, button("全部清除", "Clear all", () => { app.edits.clear(); this.draw(); app.symbols.repaint(); })),
        el("code", "", "planner plan DIR --edits edits.geojson"));
    }
    this.box.replaceChildren(...parts);
    this.box.hidden = !parts.length;
    app.speak();
  }

  geojson() {
    const { sites } = this.app;
    const features = [...this.app.edits].sort((a, b) => a[0] - b[0]).map(([site, lock]) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [sites.lon[site], sites.lat[site]] },
      properties: { site_id: sites.id[site], lock, name_zh: sites.zh[site] },
    }));
    return JSON.stringify({ type: "FeatureCollection", name: "edits", features }, null, 1) + "\n";
  }

  download() {
    const link = el("a", "");
    link.href = URL.createObjectURL(new Blob([this.geojson()], { type: "application/geo+json" }));
    link.download = "edits.geojson";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    this.saved = true;
  }
}
