// Rings whose arcs are the mix of powers, and stations that lie close together drawn as one ring with their sums.

/** Pixels within which stations are counted together: fewer where the streets can be told apart; none from 15 on. */
function clusterPixels(zoom) {
  return zoom < 13 ? 66 : zoom < 14 ? 56 : zoom < 15 ? 46 : 0;
}

function stationDiameter(chargers) {
  return Math.round(Math.min(44, 17 + 3.1 * Math.sqrt(chargers)));
}

/**
 * Stations as rings for a zoom: the largest one takes in all within reach of its place, then the next one left.
 * A ring stands where its largest station stands, so that two never overlap.
 */
function clusterStations(stations, zoom, counts, totals) {
  const pixels = clusterPixels(zoom);
  const k = 2 ** zoom;
  const largestFirst = [...stations].sort((a, b) => totals[b.site] - totals[a.site] || a.site - b.site);
  const cells = new Map();
  const cell = (station) => [Math.floor((station.x * k) / pixels), Math.floor((station.y * k) / pixels)];
  for (const station of largestFirst) {
    const key = pixels ? cell(station).join() : station.site;
    if (cells.has(key)) cells.get(key).push(station);
    else cells.set(key, [station]);
  }
  const taken = new Set();
  return largestFirst.flatMap((seed) => {
    if (taken.has(seed)) return [];
    const members = [];
    const [column, row] = pixels ? cell(seed) : [0, 0];
    const around = pixels ? [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `${column + dx},${row + dy}`)) : [seed.site];
    for (const key of around) {
      for (const other of cells.get(key) || []) {
        if (taken.has(other) || Math.hypot(other.x - seed.x, other.y - seed.y) * k > pixels) continue;
        taken.add(other);
        members.push(other.site);
      }
    }
    const total = sum(members.map((site) => totals[site]));
    const diameter = members.length > 1 ? Math.min(pixels - 6, 58, 29 + Math.sqrt(total)) : stationDiameter(total);
    return [{ x: seed.x, y: seed.y, members, counts: counts.map((power) => sum(members.map((site) => power[site]))), total, diameter }];
  });
}

/** A ring on a canvas around a middle: white ground, arcs in the shares of `counts`, its number inside. */
function drawRing(context, x, y, { counts, total, diameter }, colours, dashed = false) {
  const width = Math.max(4, diameter * 0.17);
  const radius = (diameter - width) / 2;
  const all = sum(counts) || 1;
  const circle = (r, from = 0, to = 2 * Math.PI) => {
    context.beginPath();
    context.arc(x, y, r, from, to);
  };
  circle(diameter / 2 + 1.6);
  context.fillStyle = "#fff";
  context.fill();
  let turned = -Math.PI / 2;
  context.lineWidth = width;
  counts.forEach((count, at) => {
    if (!count) return;
    const end = turned + (2 * Math.PI * count) / all;
    circle(radius, turned, end);
    context.strokeStyle = colours[at];
    context.stroke();
    turned = end;
  });
  context.lineWidth = 1;
  context.strokeStyle = "#26313c";
  if (dashed) context.setLineDash([3, 2.6]);
  circle(diameter / 2 + (dashed ? 2.6 : 0.3));
  context.stroke();
  context.setLineDash([]);
  const text = total ? whole(total) : "⇄"; // battery swap alone: no charger to count
  const size = Math.min(15, Math.max(9.5, ((diameter - 2 * width) / text.length) * 1.5));
  context.font = `600 ${size}px Arial, sans-serif`;
  context.textAlign = "center";
  context.fillStyle = "#17202a";
  context.fillText(text, x, y + size * 0.36);
}
