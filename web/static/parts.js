// The lists and tables of the page.

import { ago, amount, count, element, fillChildren, setText, time } from "./text.js";

const NAMES = { worker: "Worker", engine: "Engine", provider: "Verification service", counts: "Counts" };

export function showConditions(list, conditions) {
  const make = () => element("li", "", element("span", "dot"), element("span"));
  fillChildren(list, Object.entries(conditions), make, (item, [name, condition]) => {
    item.dataset.level = condition.level;
    setText(item.lastElementChild, `${NAMES[name] ?? name}: ${condition.text}`);
  });
}

export function showBars(list, counts, none) {
  const entries = Object.entries(counts);
  const empty = entries.length === 0;
  if (empty !== (list.dataset.empty === "yes")) list.replaceChildren();
  list.dataset.empty = empty ? "yes" : "no";
  if (empty) {
    if (!list.children.length) list.append(element("li", "none", none));
    return;
  }
  const most = Math.max(...entries.map(([, number]) => number), 1);
  const make = () =>
    element("li", "", element("span", "name"), element("span", "bar", element("div")), element("span", "count"));
  fillChildren(list, entries, make, (item, [name, number]) => {
    const [label, bar, figure] = item.children;
    setText(label, name);
    setText(figure, count(number));
    bar.setAttribute("aria-hidden", "true");
    bar.firstElementChild.style.width = `${(100 * number) / most}%`;
  });
}

export function showPartitions(table, partitions, now) {
  const make = () => {
    const row = element("tr");
    row.append(element("th", "number"), element("td", "number"), element("td"), element("td"));
    for (let index = 0; index < 4; index++) row.append(element("td", "number"));
    row.firstElementChild.scope = "row";
    return row;
  };
  fillChildren(table.tBodies[0], partitions, make, (row, one) => {
    const texts = [
      String(one.partition),
      one.lag === null ? "–" : count(one.lag),
      one.owner === null ? "–" : one.owner || "nobody",
      one.updated_at ? ago(one.updated_at, now) : "–",
      ...[one.authorized, one.unauthorized, one.dead_letters, one.next_offset].map(count),
    ];
    texts.forEach((text, index) => setText(row.cells[index], text));
    row.cells[2].className = one.owner === "" ? "nobody" : "";
  });
}

export function showRecent(table, verdicts) {
  const make = () => {
    const row = element("tr");
    row.append(element("td"), element("td"), element("td"), element("td", "number"), element("td"));
    return row;
  };
  fillChildren(table.tBodies[0], verdicts, make, (row, verdict) => {
    const outcome = verdict.authorized ? "authorized" : "unauthorized";
    const texts = [
      time(verdict.at), outcome, verdict.card, amount(verdict.amount), verdict.reasons.join(", "),
    ];
    texts.forEach((text, index) => setText(row.cells[index], text));
    row.cells[1].className = `outcome ${outcome}`;
  });
}
