// Why an account was judged so: asked of the worker when a verdict is clicked.

import { effectText } from "./rules.js";
import { amount, byId, element, moment, setText } from "./text.js";

const ANSWERS = new Map([[true, "authorized"], [false, "declined"], [null, "not asked"]]);

let asking = null; // AbortController of the question that is open

export function closeOnClick(dialog) {
  byId("why-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
  dialog.addEventListener("close", () => asking?.abort());
}

export function explainOnClick(table, dialog) {
  // A row shows another verdict when new ones come, so what counts is what was pressed.
  let pressed = null;
  table.addEventListener("pointerdown", (event) => {
    pressed = event.target.closest("tbody tr")?.dataset.id ?? null;
  });
  table.addEventListener("click", (event) => {
    const id = pressed ?? event.target.closest("tbody tr")?.dataset.id;
    pressed = null;
    if (id && !String(getSelection())) explain(dialog, id);
  });
}

export async function explain(dialog, id) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  setText("why-id", id);
  show([element("p", "note", "Looking it up …")]);
  if (!dialog.open) dialog.showModal();
  try {
    const answer = await fetch(`verdicts/${encodeURIComponent(id)}`, { signal });
    const found = await answer.json();
    show(found.verdict ? explained(found) : [element("p", "", found.error ?? found.remark ?? found.status)]);
  } catch (error) {
    if (!signal.aborted) show([element("p", "", "The worker does not answer; try again.")]);
  }
}

const show = (parts) => byId("why-body").replaceChildren(...parts);

function explained(found) {
  const { verdict, rules } = found;
  const facts = [
    ["Outcome", verdict.outcome],
    ["Reasons", verdict.reasons.join(", ")],
    ["Allowed by", verdict.allowed_by],
    ["Points", verdict.score ? String(verdict.score) : ""],
    ["Veritas", ANSWERS.get(verdict.veritas)],
    ["Card", verdict.card],
    ["Amount", amount(verdict.amount)],
    ["Judged", moment(verdict.verified_at)],
    ["Rules", [rules?.version, rules?.author && `by ${rules.author}`, rules?.note].filter(Boolean).join(", ")],
  ];
  const list = element("dl", "facts");
  for (const [name, text] of facts) {
    if (text) list.append(element("div", "", element("dt", "", name), element("dd", "", text)));
  }
  const parts = [list];
  if (found.fired.length) {
    parts.push(element("h3", "", "Rules that fired"), element("ul", "fired", ...found.fired.map(fired)));
  } else if (found.again) {
    parts.push(element("p", "", "No rule fired."));
  }
  if (found.again && !found.again.same) parts.push(element("p", "differs", differs(found.again)));
  if (found.remark) parts.push(element("p", "note", `${found.remark}.`));
  return parts;
}

function fired(rule) {
  const values = Object.entries(rule.values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const item = element("li", rule.shadow ? "shadow" : "", element("strong", "", rule.rule));
  item.append(` ${rule.failed ? "could not be evaluated" : effectText(rule)}`);
  item.append(element("code", "", rule.when.trim()));
  if (values.length) item.append(element("p", "values", values.join("   ")));
  if (rule.note) item.append(element("p", "note", rule.note));
  return item;
}

function differs(again) {
  const reasons = again.reasons.length ? ` (${again.reasons.join(", ")})` : "";
  return `Judged again by the same rules it would be ${again.outcome}${reasons}.`;
}
