// The lists and tables of the page.

import { ago, amount, count, element, fillChildren, setText, tableRow, time } from "./text.js";

const NAMES = { worker: "Worker", engine: "Engine", rules: "Rules", provider: "Verification service", counts: "Counts", tokens: "Account tokens" };

export function showHealth(list, health) {
  const make = () => element("li", "", element("span", "dot"), element("span"));
  fillChildren(list, Object.entries(health), make, (item, [name, one]) => {
    item.dataset.level = one.level;
    setText(item.lastElementChild, `${NAMES[name] ?? name}: ${one.text}`);
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

// In front of each cell where the screen has no room for a head.
const PARTITION_LABELS = [
  "Partition", "lag", "owner", "last change", "authorized", "review", "unauthorized", "dead letters", "next offset",
];

// host.example.org:6066 as host:6066; an address stays as it is.
const withoutDomain = (name) => name.replace(/^([a-z][^.:]*)\.[^:]*(:\d+)$/i, "$1$2");

export function showPartitions(table, partitions, now) {
  const make = () => {
    const row = tableRow("th", "number", "number", "words", "", "number", "number", "number", "number", "number");
    [...row.cells].forEach((cell, index) => { cell.dataset.label = PARTITION_LABELS[index]; });
    return row;
  };
  fillChildren(table.tBodies[0], partitions, make, (row, one) => {
    const texts = [
      String(one.partition),
      one.lag === null ? "–" : count(one.lag),
      one.owner === null ? "–" : withoutDomain(one.owner) || "unassigned",
      one.held ? "held" : one.updated_at ? ago(one.updated_at, now) : "–",
      ...[one.authorized, one.review, one.unauthorized, one.dead_letters, one.next_offset].map(count),
    ];
    texts.forEach((text, index) => setText(row.cells[index], text));
    row.cells[2].className = one.owner === "" ? "words unassigned" : "words";
    row.cells[2].title = one.owner ?? "";
    row.cells[3].className = one.held ? "held" : "";
    row.cells[3].title = one.held ? `at offset ${one.held.offset} since ${time(one.held.since)}: ${one.held.reason}` : "";
  });
}

// Summary of many partitions, for which a reader would have to scroll.
export function showSummary(note, partitions) {
  const owners = partitions.map((one) => one.owner);
  const workers = new Set(owners.filter(Boolean)).size;
  const alone = owners.filter((owner) => owner === "").length;
  const most = partitions.reduce((one, other) => ((other.lag ?? 0) > (one.lag ?? 0) ? other : one), partitions[0]);
  const held = partitions.filter((one) => one.held);
  const texts = [
    held.length ? `held: partition ${held.map((one) => one.partition).join(", ")} (${held[0].held.reason})` : "",
    owners.includes(null) ? "owners unknown" : `${count(workers)} ${workers === 1 ? "worker" : "workers"}`,
    alone ? `${count(alone)} of ${count(owners.length)} without an owner` : "",
    most?.lag ? `highest lag: partition ${most.partition}` : "",
  ];
  setText(note, texts.filter(Boolean).join(" · "));
  note.classList.toggle("unassigned", alone > 0 || held.length > 0);
}

// Of a mask only what differs.
const cardEnd = (card) => card.replace(/^\*+(?=\d{4}$)/, "…");

export function showRecent(table, verdicts, when = time) {
  const make = () => {
    const row = tableRow("td", "", "", "", "number", "words", "");
    const button = element("button", "link-like", "why?");
    button.type = "button";
    row.lastElementChild.append(button);
    return row;
  };
  fillChildren(table.tBodies[0], verdicts, make, (row, verdict) => {
    const outcome = verdict.outcome;
    const texts = [when(verdict.at), outcome, cardEnd(verdict.card), amount(verdict.amount), names(verdict)];
    texts.forEach((text, index) => setText(row.cells[index], text));
    row.cells[1].className = `outcome ${outcome}`;
    row.dataset.id = verdict.id;
    row.cells[5].firstElementChild.setAttribute("aria-label", `why? ${outcome}, card ${cardEnd(verdict.card)}`);
  });
}

const names = (verdict) => verdict.allowed_by ? `allowed by ${verdict.allowed_by}` : verdict.reasons.join(", ");
