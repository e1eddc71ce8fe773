/** What needs attention now, with the way to mend it: open alerts, or else what is failing. */

import { byId, h, icon } from "./dom.js";
import { state } from "./state.js";
import { plural } from "./words.js";

const LONGEST = 160;
const WORST_FIRST = ["endpoint.disabled", "endpoint.failing", "backlog.late", "success_rate.dropped", "event_type.failing"];

let shown = "";

/** Show, change or hide the banner. @param {{fix: (webhook: any) => void}} assistant */
export function showBanner(assistant) {
  const banner = byId("banner");
  const found = alarm() ?? failure();
  const key = JSON.stringify(found);
  banner.hidden = !found;
  if (key === shown) return;
  const hadFocus = banner.contains(document.activeElement);
  shown = key;
  banner.replaceChildren(...(found ? contents(found, assistant) : []));
  if (hadFocus) /** @type {HTMLElement|null} */ (banner.querySelector("button"))?.focus();
}

/** @typedef {{id: string|null, name: string, head: string, said: string, why: string|null, more: string}} Trouble */

/** The worst open alert. @returns {Trouble|null} */
function alarm() {
  const { items, total } = state.alerts;
  const [worst] = [...items].sort((a, b) => WORST_FIRST.indexOf(a.topic) - WORST_FIRST.indexOf(b.topic));
  if (!worst) return null;
  const more = total > 1 ? `${plural(total - 1, "other alert is", "other alerts are")} open.` : "";
  return { id: worst.webhook_id, name: worst.details.webhook_name ?? "", head: worst.topic, said: worst.summary, why: null, more };
}

/** The webhook that fails most. @returns {Trouble|null} */
function failure() {
  const [worst, ...others] = state.webhooks.filter((each) => each.enabled && each.state === "failing").sort((a, b) => b.health.consecutive_failures - a.health.consecutive_failures);
  if (!worst) return null;
  const { consecutive_failures: count, last_error: error } = worst.health;
  const why = error && error.length > LONGEST ? `${error.slice(0, LONGEST)}…` : error;
  const more = others.length ? `${plural(others.length, "other webhook is", "other webhooks are")} failing too.` : "";
  return { id: worst.id, name: worst.name, head: `${worst.name} is failing`, said: `${plural(count, "failure")} in a row`, why, more };
}

/** @param {Trouble} trouble @param {{fix: (webhook: any) => void}} assistant */
function contents({ id, name, head, said, why, more }, assistant) {
  return [
    icon("alert"),
    h("div", { class: "banner-text" },
      h("b", {}, head), `: ${said}`,
      why ? h("span", { class: "banner-error" }, why) : null,
      more ? h("span", {}, more) : null),
    id ? h("button", { class: "button", type: "button", "aria-label": `Fix ${name}`, on: { click: () => assistant.fix({ id, name }) } }, "Fix it") : null,
  ].filter(Boolean);
}
