// The dashboard: shows the documents of the event stream. Everything in them becomes text, never
// markup.

import { Chart } from "./charts.js";
import { firedIn, showChoices, showRules } from "./rules.js";
import { follow } from "./stream.js";
import { showBars, showHealth, showPartitions, showRecent, showSummary } from "./parts.js";
import { searchOnSubmit } from "./search.js";
import { closeOnClick, explainOnClick } from "./why.js";
import { byId, count, rate, setText, share, time } from "./text.js";

const RATE_SPAN_MS = 10_000;
const TITLE = document.title;

const rates = new Chart(byId("rates"), "rates");
const mix = new Chart(byId("mix"), "mix");
const tiles = document.querySelector(".tiles");

let measured = []; // [ms, accounts] of the last seconds
let latest = []; // verdicts
let recent = []; // of those, what the list is made of
let pausedAt = null; // ms

function showCounts(document_) {
  for (const name of ["authorized", "review", "unauthorized", "total", "dead_letters"]) {
    setText(name, count(document_[name]));
  }
  for (const name of ["authorized", "review", "unauthorized"]) {
    const part = document_.total ? document_[name] / document_.total : null;
    setText(`share-${name}`, part === null ? "–" : share(part));
    byId(`share-bar-${name}`).style.width = `${100 * (part ?? 0)}%`;
  }
  fitTiles();
}

function showRate(counts, history) {
  const now = performance.now();
  measured.push([now, counts.total + counts.dead_letters]);
  while (measured.length > 2 && now - measured[1][0] >= RATE_SPAN_MS) measured.shift();
  const [[since, before], [, after]] = [measured[0], measured.at(-1)];
  if (now - since >= 2_000) {
    setText("rate", rate(Math.max(0, after - before) / ((now - since) / 1000)));
  } else if (history.at.length) {
    const last = (name) => history[name].at(-1);
    setText("rate", rate(last("authorized") + last("review") + last("unauthorized") + last("dead_letters")));
  }
}

// All tiles in one size, in which the longest number has room.
function fitTiles() {
  const longest = Math.max(...[...tiles.querySelectorAll("dd")].map((one) => one.textContent.length));
  tiles.style.setProperty("--longest", String(longest));
}

function showDashboard(document_) {
  showCounts(document_.counts);
  showRate(document_.counts, document_.history);
  setText("lag", document_.lag === null ? "–" : count(document_.lag));
  fitTiles();
  setText("worker", document_.worker);
  setText("version", document_.version);
  showHealth(byId("health"), document_.health);
  showBars(byId("reasons"), document_.reasons, "No reasons yet.");
  showBars(byId("codes"), document_.codes, "No dead letters.");
  showRules(byId("rules"), byId("rules-note"), document_.rules, document_.at);
  byId("rules-none").hidden = document_.rules.rules.length > 0;
  showChoices(byId("rule"), document_.rules);
  showPartitions(byId("partitions"), document_.partitions, document_.at);
  showSummary(byId("partitions-note"), document_.partitions);
  rates.show(document_.history, document_.at);
  mix.show(document_.history, document_.at);
  latest = document_.recent;
  if (pausedAt === null) showVerdicts();
}

function showVerdicts() {
  if (pausedAt === null) recent = latest;
  const outcome = document.querySelector("#filter input:checked").value;
  const rule = byId("rule").value;
  const wanted = recent.filter((one) => (outcome === "all" || outcome === one.outcome) && (!rule || firedIn(one, rule)));
  showRecent(byId("recent"), wanted);
  byId("recent").hidden = wanted.length === 0;
  byId("recent-none").hidden = wanted.length > 0;
  const number = recent.length ? `${wanted.length} of the last ${recent.length}` : "";
  const pause = pausedAt === null ? "" : `Paused at ${time(pausedAt)}; the counts above continue.`;
  setText("recent-note", [pause, number].filter(Boolean).join(" "));
  byId("recent-note").classList.toggle("paused", pausedAt !== null);
}

function showLink(connected) {
  byId("link").dataset.level = connected ? "ok" : "bad";
  const text = connected ? "live" : `not connected since ${time(Date.now())}, reconnecting; the figures are stale`;
  setText("link-text", text);
  setText("announce", connected ? "Connected" : "Not connected, reconnecting");
  document.title = connected ? TITLE : `Not connected: ${TITLE}`;
  document.body.classList.toggle("stale", !connected);
  if (!connected) measured = [];
}

byId("filter").addEventListener("change", showVerdicts);
byId("rule").addEventListener("change", showVerdicts);
closeOnClick(byId("why"));
explainOnClick(byId("recent"), byId("why"));
searchOnSubmit(byId("search-form"), byId("found"), byId("why"));
byId("pause").addEventListener("click", () => {
  pausedAt = pausedAt === null ? Date.now() : null;
  setText("pause", pausedAt === null ? "Pause" : "Resume");
  setText("announce", pausedAt === null ? "Last verdicts resumed" : "Last verdicts paused");
  showVerdicts();
});

follow("verdicts/stream?events=dashboard", { counts: showCounts, dashboard: showDashboard, link: showLink });
