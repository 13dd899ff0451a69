// How numbers are written: the rules of planner/views/numbers.py for what is reckoned in the page. A test compares them.

const DASH = "–";

/** The rule of rounding: to the nearest, halves away from zero, on the first 12 digits. */
function fixed(value, digits, scale = 0) {
  const [mantissa, exponent = "0"] = value.toPrecision(12).split("e");
  const rounded = Math.round(Math.abs(Number(`${mantissa}e${Number(exponent) + scale + digits}`)));
  const text = (rounded / 10 ** digits).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 && rounded ? "−" : "") + text;
}

function isKnown(value) {
  return value !== null && Number.isFinite(value);
}

function whole(value) {
  return isKnown(value) ? fixed(value, 0) : DASH;
}

function signed(value) {
  return value === 0 ? "0" : (value > 0 ? "+" : "") + whole(value);
}

function share(value) {
  return isKnown(value) ? both(`${fixed(value, 1, 2)} %`, `${fixed(value, 1, 2)} %`) : both("未知", "not known");
}

function power(kw) {
  return isKnown(kw) ? `${whole(kw)} kW` : DASH;
}

function energy(kwh) {
  return isKnown(kwh) ? `${whole(kwh)} kWh` : DASH;
}

function energyADay(kwh) {
  return both(`${energy(kwh)}/日`, `${energy(kwh)}/day`);
}

function metres(value) {
  return isKnown(value) ? `${whole(value)} m` : DASH;
}

/** An amount below a heading of 万元 and million CNY. */
function millions(cny) {
  return isKnown(cny) ? both(fixed(cny, 1, -4), fixed(cny, 2, -6)) : both(DASH, DASH);
}

function money(cny) {
  return isKnown(cny) ? both(`${fixed(cny, 1, -4)} 万元`, `CNY ${fixed(cny, 2, -6)} million`) : both(DASH, DASH);
}

/** A small amount in full. */
function yuan(cny) {
  return isKnown(cny) ? both(`${whole(cny)} 元`, `CNY ${whole(cny)}`) : both(DASH, DASH);
}

/** A way that was measured on the map. */
function lengthWords(metres) {
  return metres < 1000 ? `${fixed(metres, 0)} m` : `${fixed(metres, metres < 10000 ? 2 : 1, -3)} km`;
}

function piles(count) {
  return both(whole(count) + " 台", whole(count));
}
