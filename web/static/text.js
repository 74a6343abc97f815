// Numbers and times as people read them, and putting them into the page.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const scientific = new Intl.NumberFormat("en", { notation: "scientific", maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });

const dateAndTime = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export const byId = (id) => document.getElementById(id);
export const count = (number) => whole.format(number);
export const rate = (number) => (number < 100 ? tenths : whole).format(number);
export const share = (part) => `${tenths.format(100 * part)} %`;
// A double holds 15 digits; more would be made up, and would not fit a line.
export const amount = (number) => (Math.abs(number) < 1e13 ? money : scientific).format(number);
export const time = (ms) => clock.format(new Date(ms));
export const moment = (ms) => dateAndTime.format(new Date(ms));

export function ago(ms, now) {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 10) return "now";
  if (seconds < 120) return `${Math.floor(seconds / 10) * 10} s ago`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3_600)} h ago`;
}

// Touches the page only where something is new: less work, and quiet for screen readers.
export function setText(target, text) {
  const node = typeof target === "string" ? byId(target) : target;
  if (node.textContent !== text) node.textContent = text;
}

// As many children as things, made by `make` and kept; `fill` brings each up to date.
export function fillChildren(parent, things, make, fill) {
  while (parent.children.length > things.length) parent.lastElementChild.remove();
  while (parent.children.length < things.length) parent.append(make());
  things.forEach((thing, index) => fill(parent.children[index], thing));
}

export function element(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// A row with a cell for each class. Roles are named because `display` takes them away on small screens.
export function tableRow(first, ...classes) {
  const row = element("tr");
  row.setAttribute("role", "row");
  classes.forEach((name, index) => {
    const cell = element(index ? "td" : first, name);
    const head = cell.tagName === "TH";
    cell.setAttribute("role", head ? "rowheader" : "cell");
    if (head) cell.scope = "row";
    row.append(cell);
  });
  return row;
}
