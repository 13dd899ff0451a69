// Time: the year on the map where a plan has several, and the hour of the demand.

const STEP_MS = 700;

/** A button that moves a slider on, round and round, until it is pressed again. */
function playButton(slider, zh, en) {
  let timer = 0;
  const made = label(el("button", "play", "▶"), zh, en);
  made.type = "button";
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    made.textContent = "▶";
    made.setAttribute("aria-pressed", "false");
  };
  made.addEventListener("click", () => {
    if (timer) return stop();
    made.textContent = "❚❚";
    made.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      slider.value = Number(slider.value) >= Number(slider.max) ? "0" : String(Number(slider.value) + 1);
      slider.dispatchEvent(new Event("input"));
    }, STEP_MS);
    return undefined;
  });
  slider.addEventListener("pointerdown", stop);
  slider.addEventListener("keydown", stop);
  return made;
}

function slider(least, most, value, zh, en) {
  const made = label(el("input", ""), zh, en);
  Object.assign(made, { type: "range", min: least, max: most, step: 1 });
  made.value = value;
  return made;
}

/** New chargers of every power, piles and kW that stand at a site by the end of a year: one list each. */
function builtBy(data, year) {
  const { sites, site_years: rows } = data;
  const powers = ["slow", "fast", "heavy", "swap"];
  if (!rows || year === data.years.length - 1) {
    return { counts: powers.map((power) => sites["new_" + power]), totals: sites.total, kw: sites.kw };
  }
  const summedUp = (column) => {
    const values = new Array(sites.id.length).fill(0);
    rows.site.forEach((site, at) => { if (rows.year[at] <= year) values[site] += rows[column][at]; });
    return values;
  };
  return { counts: powers.map(summedUp), totals: summedUp("total"), kw: summedUp("kw") };
}

function yearSlider(app) {
  const { years } = app.data;
  if (years.length < 2) return;
  const range = slider(0, years.length - 1, years.length - 1, "年份", "year");
  range.id = "year";
  const shown = el("b", "at", both(`${years.at(-1).year} 年`, years.at(-1).year));
  const figures = [...document.querySelectorAll(".figure")];
  const atTheEnd = new Map(figures.map((figure) => [figure, [...figure.querySelector("b").children].map((words) => words.textContent)]));
  const ticks = el("div", "ticks", ...years.map(({ year }) => el("span", "", String(year))));
  app.setYear = (year) => {
    app.year = year;
    Object.assign(app, builtBy(app.data, year));
    shown.replaceChildren(both(`${years[year].year} 年`, years[year].year));
    const parts = years[year].summary.map(([zh, en]) => el("span", "part", both(zh, en)));
    document.getElementById("summary").replaceChildren(...parts.flatMap((part, at) => (at ? [" · ", part] : [part])));
    figures.forEach((figure) => {
      const known = year === years.length - 1 ? null : years[year].figures[figure.dataset.name];
      figure.classList.toggle("later", year < years.length - 1 && !known);
      figure.querySelector("b").replaceChildren(both(...(known || atTheEnd.get(figure))));
      figure.querySelector(".when").replaceChildren(year < years.length - 1 && !known ? both(`${years.at(-1).year} 年`, `in ${years.at(-1).year}`) : "");
    });
    app.themes.refresh();
    app.hourChart();
    app.symbols.repaint();
    app.map.closePopup();
  };
  range.addEventListener("input", () => app.setYear(Number(range.value)));
  const box = document.getElementById("years");
  box.append(playButton(range, "播放各年", "play the years"), shown, el("div", "track", range, ticks));
  box.hidden = false;
}

/** The hours of the demand: a bar for each, a slider, and the whole day. */
function hourSlider(app) {
  const { themes } = app;
  const box = document.getElementById("hours");
  const range = slider(0, 23, 12, "小时", "hour");
  range.id = "hour";
  const shown = el("b", "at");
  const day = button("全天", "Day", () => choose(WHOLE_DAY));
  day.id = "day";
  const bars = el("div", "bars");
  for (let hour = 0; hour < 24; hour++) {
    const bar = el("i", "");
    bar.addEventListener("click", () => choose(hour));
    bars.append(bar);
  }
  function choose(hour) {
    themes.hour = hour;
    if (hour !== WHOLE_DAY) range.value = hour;
    themes.refresh();
    app.hourChart();
  }
  app.hourChart = () => {
    const load = themes.cityLoad();
    const most = Math.max(...load) || 1;
    const { hour } = themes;
    day.setAttribute("aria-pressed", String(hour === WHOLE_DAY));
    [...bars.children].forEach((bar, at) => {
      bar.style.height = `${(100 * load[at]) / most}%`;
      bar.className = at === hour ? "on" : "";
    });
    const scaled = app.isLastYear() ? ["", ""] : ["（按末年时段分布）", " (last year's hours)"];
    if (hour === WHOLE_DAY) {
      const text = energy(sum(load));
      shown.replaceChildren(both(`全天 ${text}${scaled[0]}`, `whole day ${text}${scaled[1]}`));
    } else {
      shown.replaceChildren(both(`${hour}–${hour + 1} 时 ${power(load[hour])}${scaled[0]}`, `${hour}–${hour + 1} h ${power(load[hour])}${scaled[1]}`));
    }
    const unit = document.getElementById("demand-unit");
    unit.replaceChildren(both(hour === WHOLE_DAY ? "kWh/日" : "kW（该小时均值）", hour === WHOLE_DAY ? "kWh/day" : "kW, mean of the hour"));
  };
  range.addEventListener("input", () => choose(Number(range.value)));
  box.append(playButton(range, "播放各小时", "play the hours"), day, shown, el("div", "track", bars, range));
  const services = document.getElementById("services");
  const words = [["全部", "all"], ...app.data.services];
  words.forEach(([zh, en], at) => {
    if (at && !app.data.hours.some((part) => part.service === at - 1)) return;
    const made = button(zh, en, () => {
      themes.service = at - 1;
      services.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", String(other === made)));
      themes.refresh();
      app.hourChart();
    });
    made.dataset.service = at - 1;
    made.setAttribute("aria-pressed", String(at === 0));
    services.append(made);
  });
  app.hourChart();
}
