// The task table (任务分解表) of the year shown, all units in one dialog.

function taskDialog(app) {
  const dialog = el("dialog", "");
  dialog.id = "tasks";
  document.body.append(dialog);
  return () => {
    const { years, tasks } = app.data;
    const rows = tasks.map((task) => ({ task, now: app.taskAt(task) }));
    const cells = ({ task, now }) => [whole(task.task), whole(now.chargers), whole(now.stations), whole(now.power_kw), millions(now.capex_cny)];
    const body = rows.map((row) => el("tr", "", el("th", "", both(row.task.zh, row.task.en), row.task.note_zh ? el("small", "", both(row.task.note_zh, row.task.note_en)) : null),
      ...cells(row).map((value) => el("td", "", value))));
    const totals = ["chargers", "stations", "power_kw"].map((column) => whole(sum(rows.map(({ now }) => now[column]))));
    const foot = el("tr", "", el("th", "", both("合计", "sum")), ...[whole(sum(tasks.map(({ task }) => task))), ...totals, millions(sum(rows.map(({ now }) => now.capex_cny)))].map((value) => el("td", "", value)));
    const { year } = years[app.year];
    const close = button("关闭", "Close", () => dialog.close());
    dialog.replaceChildren(
      el("h2", "", both(`任务分解表（至 ${year} 年末）`, `District tasks (to the end of ${year})`)), close,
      el("table", "", el("thead", "", el("tr", "", ...app.data.words.tasks.map(([zh, en]) => el("th", "", both(zh, en))))), el("tbody", "", ...body), el("tfoot", "", foot)));
    dialog.showModal();
  };
}
