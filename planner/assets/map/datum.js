// Gaode's tiles lie in GCJ-02. The map then draws there too: everything stays WGS 84 and is shifted only as it is
// projected, so that read-outs, measures and downloaded edits need no way back. The shift is that of
// planner/sources/datum.py, where it is explained; the test compares the two.

const GCJ02 = { axis: 6378245, eccentricity2: 0.00669342162296594323, west: 72.004, east: 137.8347, south: 0.8293, north: 55.8271 };

function toGcj02(lat, lng) {
  if (lng < GCJ02.west || lng > GCJ02.east || lat < GCJ02.south || lat > GCJ02.north) return [lat, lng];
  const [x, y] = [lng - 105, lat - 35];
  const wave = (t, factor) => Math.sin(factor * Math.PI * t);
  const [root, cross] = [Math.sqrt(Math.abs(x)), 0.1 * x * y];
  const ripple = 2 * wave(x, 6) + 2 * wave(x, 2);
  const east = 300 + x + 2 * y + 0.1 * x * x + cross + 0.1 * root
    + ((ripple + 2 * wave(x, 1) + 4 * wave(x, 1 / 3) + 15 * wave(x, 1 / 12) + 30 * wave(x, 1 / 30)) * 20) / 3;
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + cross + 0.2 * root
    + ((ripple + 2 * wave(y, 1) + 4 * wave(y, 1 / 3) + 16 * wave(y, 1 / 12) + 32 * wave(y, 1 / 30)) * 20) / 3;
  const angle = (lat * Math.PI) / 180;
  const bend = 1 - GCJ02.eccentricity2 * Math.sin(angle) ** 2;
  const degreeNorth = ((Math.PI / 180) * GCJ02.axis * (1 - GCJ02.eccentricity2)) / (bend * Math.sqrt(bend));
  const degreeEast = ((Math.PI / 180) * GCJ02.axis * Math.cos(angle)) / Math.sqrt(bend);
  return [lat + north / degreeNorth, lng + east / degreeEast];
}

function fromGcj02(lat, lng) {
  let [wgsLat, wgsLng] = [lat, lng];
  for (let step = 0; step < 6; step++) {
    const [thereLat, thereLng] = toGcj02(wgsLat, wgsLng);
    wgsLat += lat - thereLat;
    wgsLng += lng - thereLng;
  }
  return [wgsLat, wgsLng];
}

L.CRS.GCJ02 = L.extend({}, L.CRS.EPSG3857, {
  projection: L.extend({}, L.Projection.SphericalMercator, {
    project: (latlng) => L.Projection.SphericalMercator.project(L.latLng(...toGcj02(latlng.lat, latlng.lng))),
    unproject(point) {
      const shifted = L.Projection.SphericalMercator.unproject(point);
      return L.latLng(...fromGcj02(shifted.lat, shifted.lng));
    },
  }),
});
