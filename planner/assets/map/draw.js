// Tools that take points from the map: measure a way, or draw a rectangle or polygon to choose sites in.

const SAME_POINT_PX = 4;
const TOOL_STYLE = { color: "#101820", weight: 3, dashArray: "7 5", fillColor: "#101820", fillOpacity: 0.08, interactive: false, pane: "drawn" };
const TOOL_HINTS = {
  measure: ["点击各点量距，双击结束，Esc 取消", "Click points to measure, double-click to end, Esc to cancel"],
  rectangle: ["点击两个对角选择站点，Esc 取消", "Click two corners to choose sites, Esc to cancel"],
  polygon: ["点击各角选择站点，双击结束，Esc 取消", "Click corners to choose sites, double-click to end, Esc to cancel"],
};

class DrawTool {
  constructor(app, chosen) {
    this.app = app;
    this.chosen = chosen;
    this.mode = null;
    Object.assign(app.map.createPane("drawn").style, { zIndex: 460, pointerEvents: "none" });
    this.drawn = L.layerGroup().addTo(app.map);
    this.hint = document.getElementById("tool-hint");
    app.map.on("mousemove", ({ latlng }) => { if (this.points && this.points.length) this._draw([...this.points, latlng]); });
    app.map.on("dblclick", () => { if (this.mode && this.mode !== "rectangle") this.finish(); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.stop();
      if (event.key === "Enter" && this.mode && event.target.tagName !== "BUTTON") this.finish();
    });
  }

  start(mode) {
    const again = mode === this.mode;
    this.stop();
    if (again) return;
    this.mode = mode;
    this.points = [];
    const { map } = this.app;
    map.closePopup();
    map.doubleClickZoom.disable();
    map.getContainer().classList.add("drawing");
    this.hint.replaceChildren(both(...TOOL_HINTS[mode]));
    this.hint.hidden = false;
    this._press();
  }

  /** Put the tool down; what it drew goes too, unless it is to stay. */
  stop(keep = false) {
    const { map } = this.app;
    if (!keep) {
      this.drawn.clearLayers();
      this.hint.hidden = true;
    }
    if (!this.mode) return;
    this.mode = null;
    this.points = null;
    map.getContainer().classList.remove("drawing");
    setTimeout(() => map.doubleClickZoom.enable(), 300);
    this._press();
  }

  _press() {
    document.querySelectorAll("[data-tool]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.tool === this.mode)));
  }

  add(latlng) {
    const { map } = this.app;
    const last = this.points.at(-1);
    if (last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(latlng)) < SAME_POINT_PX) return;
    this.points.push(latlng);
    this._draw(this.points);
    if (this.mode === "rectangle" && this.points.length === 2) this.finish();
  }

  finish() {
    const { mode, points } = this;
    if (mode === "measure") {
      if (points.length < 2) return this.stop();
      this._draw(points);
      return this.stop(true);
    }
    const outline = mode === "rectangle" ? corners(points) : points;
    if (outline.length < 3) return this.stop();
    this._draw(points);
    this.stop(true);
    this.hint.hidden = true;
    return this.chosen(outline);
  }

  _draw(points) {
    this.drawn.clearLayers();
    if (this.mode === "measure") {
      L.polyline(points, { ...TOOL_STYLE, dashArray: null }).addTo(this.drawn);
      points.forEach((point) => L.circleMarker(point, { ...TOOL_STYLE, radius: 4, fillOpacity: 1, dashArray: null }).addTo(this.drawn));
      let metres = 0;
      points.forEach((point, at) => { if (at) metres += this.app.map.distance(points[at - 1], point); });
      const legs = points.length > 2 ? both(`（${points.length - 1} 段）`, ` (${points.length - 1} legs)`) : "";
      this.hint.replaceChildren(el("b", "metres", lengthWords(metres)), legs, " ", both("Esc 清除", "Esc clears"));
    } else if (points.length > 1) {
      L.polygon(this.mode === "rectangle" ? corners(points) : points, TOOL_STYLE).addTo(this.drawn);
    }
  }
}

function corners([a, b]) {
  return b ? [a, L.latLng(a.lat, b.lng), b, L.latLng(b.lat, a.lng)] : [];
}

/** Whether a point lies in an outline; degrees are straight enough over a city. */
function isInside(lat, lon, outline) {
  let inside = false;
  outline.forEach((a, at) => {
    const b = outline.at(at - 1);
    if (a.lat > lat !== b.lat > lat && lon < ((b.lng - a.lng) * (lat - a.lat)) / (b.lat - a.lat) + a.lng) inside = !inside;
  });
  return inside;
}
