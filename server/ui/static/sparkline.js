/** Recent attempts as bars: height is time taken, colour (and the label) is the outcome. */

import { svg } from "./dom.js";

const BARS = 28;
const STEP = 8;
const HEIGHT = 24;

/** @param {any} attempt */
function outcome(attempt) {
  return { delivered: "ok", failed: "bad" }[/** @type {string} */ (attempt.status)] ?? "wait";
}

/** @param {number} ms @param {number} slowest */
function barHeight(ms, slowest) {
  return 6 + Math.round((HEIGHT - 6) * Math.sqrt(Math.min(1, ms / slowest)));
}

/** @param {any[]} attempts Newest first. */
export function sparkline(attempts) {
  const recent = attempts.slice(0, BARS).reverse();
  const slowest = Math.max(50, ...recent.map((each) => each.duration_ms ?? 0));
  const bars = recent.map((each, index) => {
    const height = barHeight(each.duration_ms ?? slowest, slowest);
    return svg("rect", { class: outcome(each), x: (BARS - recent.length + index) * STEP, y: HEIGHT - height, width: STEP - 3, height, rx: 1.5 });
  });
  const blanks = Array.from({ length: BARS - recent.length }, (_, index) => svg("rect", { class: "none", x: index * STEP, y: HEIGHT - 3, width: STEP - 3, height: 3, rx: 1.5 }));
  const counts = { delivered: recent.filter((each) => each.status === "delivered").length, failed: recent.filter((each) => each.status === "failed").length };
  const label = recent.length ? `Last ${recent.length}: ${counts.delivered} delivered, ${counts.failed} failed` : "No attempts yet";
  const title = svg("title", {});
  title.textContent = label;
  return svg("svg", { class: "spark", viewBox: `0 0 ${BARS * STEP - 3} ${HEIGHT}`, preserveAspectRatio: "xMinYMid meet", role: "img", "aria-label": label }, title, ...blanks, ...bars);
}
