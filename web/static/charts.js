// The two charts, drawn by uPlot (vendor/) from the history that the worker keeps.

import { rate, share } from "./text.js";

const SPAN_S = 900;
const NAMES = ["authorized", "review", "unauthorized", "dead_letters"];
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
// Room for the longest label, in px: a digit of the axis' font takes 7.
const axisSize = (_plot, labels) => 16 + 7 * Math.max(4, ...(labels ?? []).map((text) => text.length));
const faint = (hex) => `${hex}40`;

// Series as uPlot wants them, the first one the times. Rates stand on each other, so the line of
// dead letters is the sum of all.
const COLUMNS = {
  rates(history) {
    const sums = []; // of the first, the first two, … of them
    for (const name of NAMES) {
      const below = sums.at(-1);
      sums.push(history[name].map((number, index) => number + (below ? below[index] : 0)));
    }
    return [history.at, ...sums.reverse()];
  },
  mix(history) {
    const shares = history.authorized.map((number, index) => {
      const judged = number + history.review[index] + history.unauthorized[index];
      return judged > 0 ? (100 * number) / judged : null;
    });
    return [history.at, shares];
  },
};

const SERIES = {
  rates: () => ["dead", "unauthorized", "review", "authorized"].map((name) => ({
    stroke: colour(name), fill: faint(colour(name)), width: 1.5, points: { show: false },
  })),
  mix: () => [{ stroke: colour("authorized"), width: 2, points: { show: false }, spanGaps: false }],
};

export class Chart {
  #box;
  #kind;
  #plot = null;
  #data = null;
  #end = 0;

  constructor(box, kind) {
    this.#box = box;
    this.#kind = kind;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(box);
    dark.addEventListener("change", () => this.#draw(true));
  }

  show(history, now) {
    const end = history.at.at(-1) ?? Math.floor(now / 1000);
    if (this.#plot && end === this.#end && history.at.length === this.#data[0].length) return;
    this.#end = end;
    this.#data = COLUMNS[this.#kind](history);
    this.#draw(false);
    this.#describe(history);
  }

  #draw(anew) {
    if (!this.#data) return;
    if (anew || !this.#plot) {
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(), this.#data, this.#box);
    } else {
      this.#plot.setData(this.#data);
    }
  }

  #size() {
    return { width: this.#box.clientWidth, height: this.#box.clientHeight };
  }

  #options() {
    const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
    const shares = this.#kind === "mix";
    return {
      ...this.#size(),
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: () => [this.#end - SPAN_S, this.#end] },
        y: { range: shares ? [0, 100] : (_plot, _least, most) => [0, Math.max(1, (most || 0) * 1.1)] },
      },
      series: [{}, ...SERIES[this.#kind]()],
      // Each colour only between its own line and the one below.
      bands: shares ? [] : [{ series: [1, 2] }, { series: [2, 3] }, { series: [3, 4] }],
      axes: [
        { ...axis, size: 28, space: 70, values: "{HH}:{mm}" },
        { ...axis, size: axisSize, values: (_plot, ticks) => ticks.map((tick) => (shares ? `${tick} %` : tick.toLocaleString("en"))) },
      ],
    };
  }

  // What the picture says, for who cannot see it.
  #describe(history) {
    const sum = (name) => history[name].reduce((total, number) => total + number, 0);
    const judged = sum("authorized") + sum("review") + sum("unauthorized");
    const all = judged + sum("dead_letters");
    const text = this.#kind === "mix"
      ? `Share authorized over the last 15 minutes: ${judged ? share(sum("authorized") / judged) : "no verdicts"}`
      : `Accounts per second over the last 15 minutes: ${rate(all / Math.max(1, history.at.length))} on average`;
    this.#box.setAttribute("aria-label", text);
  }
}
