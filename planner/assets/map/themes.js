// What the zones are painted by: demand by service and hour, what is not served and why, share served, reach, residents.

const UNSERVED_SIZES = [0.45, 0.7, 1];
const SERVED_LIMITS = [0, 0.5, 0.8, 0.95, 0.995];
const WHOLE_DAY = -1;
const ALL_SERVICES = -1;

class Themes {
  constructor(app) {
    this.app = app;
    this.key = "";
    [this.service, this.hour] = [ALL_SERVICES, WHOLE_DAY];
    this.layer = canvasLayer(app.map, "zones", 250, (context, view) => {
      if (app.ready && this.painting) app.zones.paint(context, view, this.painting);
    }).addTo(app.map);
    app.map.on("zoomend", () => this._fade());
  }

  show(key) {
    this.key = key;
    this.refresh();
    this._fade();
    document.querySelectorAll(".classes").forEach((box) => box.classList.toggle("on", box.dataset.theme === key));
    document.getElementById("hours").hidden = key !== "demand" || !this.app.data.hours.length;
  }

  refresh() {
    const made = this.key ? this[`_${this.key}`]() : null;
    this.painting = made && made.painting;
    this.layer.repaint();
    const box = document.querySelector(`.classes[data-theme="${this.key}"] .legend`);
    if (box && made) box.replaceChildren(...made.legend);
  }

  /** Zones let streets and online maps show through when one is near. */
  _fade() {
    const near = this.app.map.getZoom() >= 14 || document.body.classList.contains("basemap");
    this.layer._container.style.opacity = near ? 0.55 : 0.9;
  }

  /** kWh a day, or kW in an hour, of every zone in the year shown. */
  demandValues(hour = this.hour) {
    const { app } = this;
    if (this.service === ALL_SERVICES && hour === WHOLE_DAY) return app.zoneYear().public;
    const values = new Float64Array(app.zones.count);
    for (const { service, shares, kwh } of app.data.hours) {
      if (this.service !== ALL_SERVICES && this.service !== service) continue;
      const share = hour === WHOLE_DAY ? 1 : shares[hour] / 1e5;
      for (let zone = 0; zone < values.length; zone++) values[zone] += kwh[zone] * share;
    }
    const [now, last] = [app.zoneYear().public, app.zones.public];
    return now === last ? values : values.map((value, zone) => (last[zone] ? (value * now[zone]) / last[zone] : 0));
  }

  /** Mean load of the whole area in each hour, kW; hours of another year than the last are the last year's, scaled. */
  cityLoad() {
    const ratio = sum(this.app.zoneYear().public) / (sum(this.app.zones.public) || 1);
    const load = new Float64Array(24);
    for (const part of this.app.data.hours) {
      if (this.service !== ALL_SERVICES && this.service !== part.service) continue;
      part.load.forEach((kw, hour) => { load[hour] += ratio * kw; });
    }
    return load;
  }

  _demand() {
    const load = this.cityLoad();
    const peak = load.indexOf(Math.max(...load));
    const scaleBy = this.hour === WHOLE_DAY ? this.demandValues() : this.demandValues(peak);
    return graded(this.demandValues(), roundBreaks(Array.from(scaleBy), 5), this.app.data.colours.ramps.demand);
  }

  _residents() {
    const values = this.app.zones.residents;
    return graded(values, roundBreaks(values, 5), this.app.data.colours.ramps.residents);
  }

  _served() {
    const { public: asked, served } = this.app.zoneYear();
    const shares = asked.map((kwh, zone) => (kwh > 0 ? Math.min(1, served[zone] / kwh) : -1));
    const made = graded(shares, SERVED_LIMITS, this.app.data.colours.ramps.served, (limit) => `≥${Math.round(100 * limit)} %`);
    shares.forEach((share, zone) => { if (share === 0) made.painting.classes[zone] = 1; });
    return made;
  }

  _reach() {
    const colours = this.app.data.colours.reach;
    const classes = Uint8Array.from(this.app.zones.within, (kind, zone) => (this.app.zones.residents[zone] ? kind + 1 : 0));
    const words = [["服务半径外", "beyond the norm radius"], ["有规划站", "within it with the plan"], ["今日已有", "within it already today"]];
    const used = colours.map((_, at) => classes.includes(at + 1));
    const legend = words.flatMap(([zh, en], at) => (used[at] ? [keyed(colours[at], zh, en)] : []));
    return { painting: { classes, colours }, legend: [...legend, this._ofLastYear()] };
  }

  _unserved() {
    const { app } = this;
    const { public: asked, served } = app.zoneYear();
    const left = asked.map((kwh, zone) => (kwh - served[zone] >= app.data.least_unserved ? kwh - served[zone] : 0));
    const least = app.data.least_unserved;
    const top = roundBreaks(left, 2)[1];
    const limits = [least, Math.max(top / 10, 2 * least), Math.max(top, 4 * least)];
    const isLast = app.isLastYear();
    const colours = isLast ? app.data.colours.reasons : ["#4b5763"];
    const classes = Uint8Array.from(left, (kwh, zone) => (kwh ? (isLast ? Math.max(1, app.zones.reason[zone]) : 1) : 0));
    const sizes = Float32Array.from(left, (kwh) => UNSERVED_SIZES[kwh >= limits[2] ? 2 : kwh >= limits[1] ? 1 : 0]);
    const words = isLast ? app.data.words.reasons : [["原因仅按末年计算", "reasons are known of the last year only"]];
    const kwh = words.map((_, at) => sum(left.filter((__, zone) => classes[zone] === at + 1)));
    const legend = words.flatMap(([zh, en], at) => (kwh[at] ? [keyed(colours[at], `${zh}　${whole(kwh[at])}`, `${en}  ${whole(kwh[at])}`)] : []));
    const samples = UNSERVED_SIZES.map((size, at) => {
      const sample = el("i", "size");
      Object.assign(sample.style, { width: 13 * size + "px", height: 13 * size + "px" });
      return el("span", "", sample, `≥${whole(limits[at])}`);
    });
    const unit = el("div", "samples", ...samples, both("kWh/日", "kWh/day"));
    return { painting: { classes, colours, sizes }, legend: [...legend, unit] };
  }

  _ofLastYear() {
    const { years } = this.app.data;
    return years.length > 1 ? el("div", "hint", both(`${years.at(-1).year} 年末`, `end of ${years.at(-1).year}`)) : "";
  }
}

/** Classes by lower limits; values of 0 or less are not painted. */
function graded(values, limits, colours, words = (limit) => (limit ? `≥${limit.toLocaleString("en-US", { maximumFractionDigits: 6 })}` : "0")) {
  const classes = new Uint8Array(values.length);
  for (let zone = 0; zone < classes.length; zone++) {
    if (values[zone] > 0) while (classes[zone] < limits.length && values[zone] >= limits[classes[zone]]) classes[zone] += 1;
  }
  const used = [...colours].slice(0, limits.length);
  const ramp = el("div", "ramp", ...used.map((colour) => {
    const step = el("i", "");
    step.style.background = colour;
    return step;
  }));
  const labels = el("div", "ramp-labels", ...limits.map((limit) => el("span", "", words(limit))));
  return { painting: { classes, colours: used }, legend: [ramp, labels] };
}

function keyed(colour, zh, en) {
  const mark = el("i", "");
  mark.style.background = colour;
  return el("div", "reason", mark, both(zh, en));
}
