// What stands on the map: stations, candidates, institutions, today's chargers, edits; drawn on one canvas.

const LAYERS = ["candidates", "institutions", "existing", "stations"];

class Symbols {
  constructor(app) {
    this.app = app;
    this.shown = new Set();
    this.drawn = [];
    const { lat, lon } = app.sites;
    this.points = lat.map((at, site) => ({ ...unitPoint(app.map, at, lon[site]), site }));
    this.layer = canvasLayer(app.map, "symbols", 450, (context, view) => { if (app.ready) this._paint(context, view); }).addTo(app.map);
  }

  show(layer, on) {
    if (on) this.shown.add(layer);
    else this.shown.delete(layer);
    this.repaint();
  }

  repaint() {
    this.layer.repaint();
    this.app.map.fire("symbols");
  }

  /** Rings of a zoom; kept until the year changes. */
  rings() {
    const { app } = this;
    const key = `${app.map.getZoom()} ${app.year}`;
    if (this.ringsOf !== key) {
      const stations = this.points.filter(({ site }) => app.isChosen(site));
      this.kept = clusterStations(stations, app.map.getZoom(), app.counts, app.totals);
      this.ringsOf = key;
    }
    return this.kept;
  }

  _paint(context, view) {
    const { app } = this;
    this.drawn = [];
    const place = ({ x, y }) => ({ x: x * view.k - view.x0, y: y * view.k - view.y0 });
    const inView = ({ x, y }) => x > -40 && y > -40 && x < view.width + 40 && y < view.height + 40;
    const draw = (points, shape) => points.forEach((point) => {
      const at = place(point);
      if (!inView(at)) return;
      const radius = shape(at.x, at.y, point);
      this.drawn.push({ ...at, radius, members: point.members || [point.site], total: point.total });
    });
    const { sites } = app;
    if (app.focus !== null) this._drawReach(context, view, place);
    if (this.shown.has("candidates")) {
      draw(this.points.filter(({ site }) => !app.isChosen(site)), (x, y, { site }) => dot(context, x, y, sites.modelled[site]));
    }
    if (this.shown.has("institutions")) {
      draw(this.points.filter(({ site }) => sites.institution[site]), (x, y, { site }) => {
        const beside = app.isChosen(site) && clusterPixels(app.map.getZoom()) === 0 ? stationDiameter(app.totals[site]) / 2 + 2 : 0;
        return diamond(context, x + beside, y - beside, sites.institution[site] === 2);
      });
    }
    if (this.shown.has("stations")) {
      draw(this.rings(), (x, y, ring) => {
        drawRing(context, x, y, ring, app.data.colours.powers, ring.members.length === 1 && sites.modelled[ring.members[0]]);
        return ring.diameter / 2 + 3;
      });
    }
    if (this.shown.has("existing")) draw(this.points.filter(({ site }) => sites.standing[site]), (x, y) => block(context, x, y));
    draw([...app.edits.keys()].map((site) => this.points[site]), (x, y, { site }) => editMark(context, x, y, app.edits.get(site), app.map.getZoom() >= 13));
    this.view = view;
  }

  /** Whom the station in focus serves, and the norm radius of the ring it stands in. */
  _drawReach(context, view, place) {
    const { app } = this;
    const from = place(this.points[app.focus]);
    const served = app.servedBy(app.focus);
    const most = Math.max(1, ...served.map(({ kwh }) => kwh));
    context.lineCap = "round";
    for (const { zone, kwh } of served) {
      const to = place(app.zones.middle(zone));
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.strokeStyle = "rgba(20, 30, 45, .75)";
      context.lineWidth = 1 + 3.5 * Math.sqrt(kwh / most);
      context.stroke();
    }
    const norm = app.normAt(app.focus);
    if (!norm) return;
    const metresPerPixel = (40075016.7 * Math.cos((app.sites.lat[app.focus] * Math.PI) / 180)) / (256 * view.k);
    context.beginPath();
    context.arc(from.x, from.y, norm / metresPerPixel, 0, 2 * Math.PI);
    Object.assign(context, { lineWidth: 2.2, strokeStyle: "#101820", fillStyle: "rgba(16, 24, 32, .06)" });
    context.fill();
    context.setLineDash([7, 5]);
    context.stroke();
    context.setLineDash([]);
  }

  /** The uppermost symbol at a point of the map's container, or undefined. */
  at(containerPoint) {
    if (!this.view) return undefined;
    const { map } = this.app;
    const corner = map.getPixelOrigin().add(map.containerPointToLayerPoint(containerPoint));
    const [x, y] = [corner.x - this.view.x0, corner.y - this.view.y0];
    for (let n = this.drawn.length - 1; n >= 0; n--) {
      const symbol = this.drawn[n];
      if (Math.hypot(symbol.x - x, symbol.y - y) <= symbol.radius) return symbol;
    }
    return undefined;
  }
}

function dot(context, x, y, modelled) {
  context.beginPath();
  context.arc(x, y, 3.4, 0, 2 * Math.PI);
  Object.assign(context, { lineWidth: 1.4, strokeStyle: "#47525d", fillStyle: modelled ? "#fff" : "#47525d" });
  context.fill();
  context.stroke();
  return 6;
}

function diamond(context, x, y, required) {
  context.beginPath();
  [[0, -7], [7, 0], [0, 7], [-7, 0]].forEach(([dx, dy], at) => (at ? context.lineTo(x + dx, y + dy) : context.moveTo(x + dx, y + dy)));
  context.closePath();
  Object.assign(context, { lineWidth: 2, strokeStyle: required ? "#111" : "#666", fillStyle: required ? "#ffe14d" : "#fff" });
  context.fill();
  context.stroke();
  return 8;
}

function block(context, x, y) {
  context.fillStyle = "#fff";
  context.fillRect(x - 7.5, y - 7.5, 15, 15);
  context.fillStyle = "#111";
  context.fillRect(x - 5.5, y - 5.5, 11, 11);
  return 9;
}

const EDIT_MARKS = { in: ["✓", "#111"], out: ["✕", "#b5284a"], free: ["○", "#47525d"] };

function editMark(context, x, y, lock, near) {
  const [sign, colour] = EDIT_MARKS[lock];
  const radius = near ? 10 : 7;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  Object.assign(context, { lineWidth: 2.2, strokeStyle: colour, fillStyle: "#fff", font: `700 ${radius + 4}px Arial, sans-serif`, textAlign: "center" });
  context.fill();
  context.stroke();
  context.fillStyle = colour;
  context.fillText(sign, x, y + radius / 2);
  return radius + 2;
}
