// A map layer that is one canvas, painted anew when the map stands still and scaled while it zooms.

/** Where things lie at zoom 0, in pixels: times 2^zoom is where they lie at a zoom. */
function unitPoint(map, lat, lon) {
  return map.options.crs.latLngToPoint(L.latLng(lat, lon), 0);
}

/** Pixels of a canvas for one of the page: those of the screen, and more on paper. */
function density() {
  return document.body.classList.contains("paper") ? 3 : window.devicePixelRatio || 1;
}

const CanvasLayer = L.Renderer.extend({
  initialize(pane, paint) {
    L.setOptions(this, { pane, padding: 0.15 });
    L.stamp(this);
    this._layers = {};
    this._paint = paint;
  },
  _initContainer() {
    this._container = el("canvas", "painted");
    this._container.setAttribute("aria-hidden", "true");
  },
  _destroyContainer() {
    this._container.remove();
    delete this._container;
  },
  _updatePaths() {},
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const canvas = this._container;
    const size = this._bounds.getSize();
    const dense = density();
    L.DomUtil.setPosition(canvas, this._bounds.min);
    Object.assign(canvas, { width: size.x * dense, height: size.y * dense });
    Object.assign(canvas.style, { width: size.x + "px", height: size.y + "px" });
    this.repaint();
  },
  /** What turns a unit point into a pixel of the canvas: x * k - x0. */
  view() {
    const corner = this._map.getPixelOrigin().add(this._bounds.min);
    const size = this._bounds.getSize();
    return { k: 2 ** this._map.getZoom(), x0: corner.x, y0: corner.y, width: size.x, height: size.y };
  },
  repaint() {
    if (!this._map || !this._container || this._map._animatingZoom) return;
    const context = this._container.getContext("2d");
    const dense = density();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this._container.width, this._container.height);
    context.setTransform(dense, 0, 0, dense, 0, 0);
    this._paint(context, this.view());
  },
});

function canvasLayer(map, pane, zIndex, paint) {
  if (!map.getPane(pane)) Object.assign(map.createPane(pane).style, { zIndex, pointerEvents: "none" });
  return new CanvasLayer(pane, paint);
}
