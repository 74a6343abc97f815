// The rules that accounts are judged by now, and how often each fired.

import { count, element, fillChildren, moment, setText, tableRow, time } from "./text.js";

// Of 15 minutes, less the time between two samples of the worker.
const WINDOW_S = 870;
const LABELS = ["", "", "last 15 minutes", "in all"];
// Reasons that are no rules.
const OTHERS = ["rule_error", "veritas_declined"];

function effect(rule) {
  if (!rule.then && !rule.points) return "no longer in the set";
  if (rule.points) return `${rule.points > 0 ? "+" : "−"}${count(Math.abs(rule.points))} points`;
  if (rule.then === "authorized") return "authorized, whatever else fires";
  return rule.then;
}

export function effectText(rule) {
  const known = rule.then || rule.points;
  return rule.shadow && known ? `shadow: ${effect(rule)}` : effect(rule);
}

export function showRules(table, note, rules, now) {
  const make = () => {
    const row = tableRow("th", "words", "words", "number", "number");
    // In front of the figures where the screen has no room for a head.
    LABELS.forEach((label, index) => { if (label) row.cells[index].dataset.label = label; });
    return row;
  };
  const former = rules.former.map((rule) => ({ ...rule, shadow: !rule.hits.all }));
  fillChildren(table.tBodies[0], [...rules.rules, ...former], make, (row, rule) => {
    const hits = rule.shadow ? rule.shadow_hits : rule.hits;
    const texts = [rule.name, effectText(rule), count(hits.recent), count(hits.all)];
    texts.forEach((text, index) => setText(row.cells[index], text));
    row.cells[1].className = `words outcome ${rule.shadow ? "shadow" : rule.then ?? ""}`;
    row.classList.toggle("shadow", rule.shadow);
  });
  setText(note, about(rules, now));
}

function about(rules, now) {
  const since = rules.since === null ? "built-in" : `active since ${moment(rules.since)}`;
  return [
    `version ${rules.version}, ${since}`,
    rules.author && `by ${rules.author}`,
    rules.since === null ? "" : rules.note,
    rules.window < WINDOW_S && `recent hits since ${time(now - 1000 * rules.window)}`,
  ].filter(Boolean).join(" · ");
}

// The choices of the filter; the one that is chosen stays, whatever the set is.
export function showChoices(select, rules) {
  const names = [...rules.rules.map((rule) => rule.name), ...OTHERS];
  if (select.value && !names.includes(select.value)) names.push(select.value);
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join() === names.join()) return;
  const chosen = select.value;
  select.replaceChildren(select.options[0], ...names.map((name) => {
    const option = element("option", "", name);
    option.value = name;
    return option;
  }));
  select.value = chosen;
}

// Whether a rule spoke for or against the account of a verdict, or only watched.
export const firedIn = (verdict, rule) =>
  [...verdict.reasons, ...verdict.shadow, verdict.allowed_by].includes(rule);
