// The zones: their shapes, which one lies under a point, and how they are painted.

const NO_ZONE = -1;
const LEAST_OUTLINED_PX = 24;

/** The zones of the page over one list of corners, so that neighbours share theirs and leave no gap. */
class Zones {
  constructor(columns, map) {
    Object.assign(this, columns);
    this.map = map;
    this.count = columns.id.length;
    this.district = summed(columns.district);
    this.township = summed(columns.township);
    const { shape } = columns;
    const [lats, lons] = [summed(shape.lat), summed(shape.lon)];
    this.x = new Float64Array(lats.length);
    this.y = new Float64Array(lats.length);
    lats.forEach((lat, at) => {
      const point = unitPoint(map, lat / 1e5, lons[at] / 1e5);
      this.x[at] = point.x;
      this.y[at] = point.y;
    });
    this.corner = summed(shape.corner);
    const rings = shape.zone ? shape.zone.length : this.count;
    this.zoneOf = shape.zone ? summed(shape.zone) : null;
    this.start = new Int32Array(rings + 1);
    for (let r = 0; r < rings; r++) this.start[r + 1] = this.start[r] + (Array.isArray(shape.corners) ? shape.corners[r] : shape.corners);
    this.isFourCornered = shape.corners === 4;
    this._measure(lats, lons);
  }

  _measure(lats, lons) {
    const boxes = { west: 1e9, north: 1e9, east: -1e9, south: -1e9 };
    for (const [side, value] of Object.entries(boxes)) this[side] = new Float64Array(this.count).fill(value);
    [this.lat, this.lon] = [new Float64Array(this.count), new Float64Array(this.count)];
    const corners = new Int32Array(this.count);
    this.eachRing((zone, first, end) => {
      for (let n = first; n < end; n++) {
        const at = this.corner[n];
        this.west[zone] = Math.min(this.west[zone], this.x[at]);
        this.east[zone] = Math.max(this.east[zone], this.x[at]);
        this.north[zone] = Math.min(this.north[zone], this.y[at]);
        this.south[zone] = Math.max(this.south[zone], this.y[at]);
        this.lat[zone] += lats[at] / 1e5;
        this.lon[zone] += lons[at] / 1e5;
      }
      corners[zone] += end - first;
    });
    for (let zone = 0; zone < this.count; zone++) {
      this.lat[zone] /= corners[zone];
      this.lon[zone] /= corners[zone];
    }
  }

  eachRing(act) {
    for (let r = 0; r + 1 < this.start.length; r++) act(this.zoneOf ? this.zoneOf[r] : r, this.start[r], this.start[r + 1]);
  }

  /** Middle of a zone's box in unit pixels. */
  middle(zone) {
    return { x: (this.west[zone] + this.east[zone]) / 2, y: (this.north[zone] + this.south[zone]) / 2 };
  }

  /** Position of the zone at a place, or NO_ZONE. */
  at({ lat, lng }) {
    const { x, y } = unitPoint(this.map, lat, lng);
    this.buckets ||= this._inBuckets();
    for (const ring of this.buckets.get(this._bucket(x, y)) || []) {
      let inside = false;
      const [first, end] = [this.start[ring], this.start[ring + 1]];
      for (let n = first, before = end - 1; n < end; before = n++) {
        const [a, b] = [this.corner[n], this.corner[before]];
        if (this.y[a] > y !== this.y[b] > y && x < ((this.x[b] - this.x[a]) * (y - this.y[a])) / (this.y[b] - this.y[a]) + this.x[a]) inside = !inside;
      }
      if (inside) return this.zoneOf ? this.zoneOf[ring] : ring;
    }
    return NO_ZONE;
  }

  _bucket(x, y) {
    return Math.floor(x / this.bucketSide) * 1e7 + Math.floor(y / this.bucketSide);
  }

  _inBuckets() {
    this.bucketSide = 2 * this._side() || 1;
    const buckets = new Map();
    let ring = 0;
    this.eachRing((zone) => {
      for (let bx = Math.floor(this.west[zone] / this.bucketSide); bx <= Math.floor(this.east[zone] / this.bucketSide); bx++) {
        for (let by = Math.floor(this.north[zone] / this.bucketSide); by <= Math.floor(this.south[zone] / this.bucketSide); by++) {
          const key = bx * 1e7 + by;
          if (buckets.has(key)) buckets.get(key).push(ring);
          else buckets.set(key, [ring]);
        }
      }
      ring += 1;
    });
    return buckets;
  }

  /**
   * Paint every zone in the colour of its class (0: none, 1: the first), as large as `sizes` says (shares of a side).
   * Small zones are painted as the boxes they look like: thousands of outlines would take seconds.
   */
  paint(context, view, { classes, colours, sizes }) {
    const { k, x0, y0, width, height } = view;
    const asBoxes = this._side() * k < (this.isFourCornered ? LEAST_OUTLINED_PX : LEAST_OUTLINED_PX / 4);
    const byClass = colours.map(() => []);
    this.eachRing((zone, first, end) => {
      if (!classes[zone] || this.east[zone] * k < x0 || this.west[zone] * k > x0 + width) return;
      if (this.south[zone] * k < y0 || this.north[zone] * k > y0 + height) return;
      byClass[classes[zone] - 1].push([zone, first, end]);
    });
    byClass.forEach((rings, at) => {
      Object.assign(context, { fillStyle: colours[at], strokeStyle: colours[at], lineWidth: 0.8 });
      for (const [zone, first, end] of rings) {
        const size = sizes ? sizes[zone] : 1;
        if (asBoxes) this._fillBox(context, view, zone, size);
        else this._fillOutline(context, view, zone, first, end, size);
      }
    });
  }

  _fillBox(context, { k, x0, y0 }, zone, size) {
    const cut = (1 - size) / 2;
    const [dx, dy] = [(this.east[zone] - this.west[zone]) * cut, (this.south[zone] - this.north[zone]) * cut];
    const [left, top] = [Math.round((this.west[zone] + dx) * k - x0), Math.round((this.north[zone] + dy) * k - y0)];
    const [right, bottom] = [Math.round((this.east[zone] - dx) * k - x0), Math.round((this.south[zone] - dy) * k - y0)];
    context.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
  }

  _fillOutline(context, { k, x0, y0 }, zone, first, end, size) {
    const middle = this.middle(zone);
    const [cx, cy] = [middle.x * k - x0, middle.y * k - y0];
    context.beginPath();
    for (let n = first; n < end; n++) {
      const at = this.corner[n];
      const [x, y] = [Math.round(this.x[at] * k - x0), Math.round(this.y[at] * k - y0)];
      if (n === first) context.moveTo(cx + (x - cx) * size, cy + (y - cy) * size);
      else context.lineTo(cx + (x - cx) * size, cy + (y - cy) * size);
    }
    context.fill();
    context.stroke(); // in the same colour: closes the hair lines between neighbours
  }

  /** Usual side of a zone in unit pixels. */
  _side() {
    this.side ||= Float64Array.from(this.east, (east, zone) => east - this.west[zone]).sort()[this.count >> 1];
    return this.side;
  }
}
