// Words and elements. Names from the data are untrusted: they reach the page through textContent only.

/** An element with children; strings become text, never markup. */
function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null));
  return element;
}

function both(zh, en) {
  const fragment = document.createDocumentFragment();
  fragment.append(el("span", "zh", String(zh)), el("span", "en", String(en)));
  return fragment;
}

function button(zh, en, act) {
  const made = el("button", "", both(zh, en));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** Name of an element for screen readers and as its tip, in the language shown; `speak` keeps it so. */
function label(element, zh, en) {
  Object.assign(element.dataset, { labelZh: zh, labelEn: en });
  return element;
}

/** What a column of the plan's tables is called, in both languages. */
function named(app, key) {
  return app.data.words.columns[key];
}

/** Two columns: words in both languages, and a value (a node or text). */
function table(rows) {
  const body = el("tbody", "");
  for (const [zh, en, value] of rows) {
    const cell = el("td", "");
    cell.append(value instanceof Node ? value : String(value));
    body.append(el("tr", "", el("td", "", both(zh, en)), cell));
  }
  return el("table", "", body);
}

/** Whole numbers from their first and the differences. */
function summed(steps) {
  const values = new Int32Array(steps.length);
  let value = 0;
  for (let i = 0; i < steps.length; i++) values[i] = value += steps[i];
  return values;
}

function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Lower limits of classes in round numbers (1, 2, 5 x 10^n), the last reached by about one value in fifty. */
function roundBreaks(values, classes) {
  const positive = Float64Array.from(values.filter((value) => value > 0)).sort();
  const at = 0.98 * (positive.length - 1);
  const [below, above] = [positive[Math.floor(at)], positive[Math.ceil(at)]];
  const top = positive.length ? below + (at - Math.floor(at)) * (above - below) : 1;
  const power = Math.floor(Math.log10(top));
  const steps = [];
  for (let p = power - classes; p <= power; p++) for (const digit of [1, 2, 5]) steps.push(Number(`${digit}e${p}`));
  return [0, ...steps.filter((step) => step <= top * (1 + 1e-9)).slice(1 - classes)];
}

/** The data of the page, inflated, handed to what draws it. */
async function openPage(start, folium) {
  const packed = atob(document.getElementById("data").textContent);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = packed.charCodeAt(at);
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  start(await new Response(inflated).json(), folium);
}
