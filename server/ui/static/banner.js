/** What is failing now, with the way to mend it. */

import { byId, h, icon } from "./dom.js";
import { onChange, state } from "./state.js";
import { plural } from "./words.js";

const LONGEST = 160;

/** @param {{fix: (webhook: any) => void}} assistant */
export function startBanner(assistant) {
  const banner = byId("banner");
  let shown = "";
  onChange(() => {
    const failing = state.webhooks.filter((each) => each.enabled && each.state === "failing").sort((a, b) => b.health.consecutive_failures - a.health.consecutive_failures);
    const key = JSON.stringify([failing.length, failing[0]?.id, failing[0]?.name, failing[0]?.health.consecutive_failures, failing[0]?.health.last_error]);
    banner.hidden = !failing.length;
    if (key === shown || !failing.length) {
      if (!failing.length) banner.replaceChildren();
      shown = key;
      return;
    }
    const hadFocus = banner.contains(document.activeElement);
    shown = key;
    banner.replaceChildren(...contents(failing, assistant));
    if (hadFocus) /** @type {HTMLElement} */ (banner.querySelector("button")).focus();
  });
}

/** @param {any[]} failing @param {{fix: (webhook: any) => void}} assistant */
function contents(failing, assistant) {
  const [worst, ...others] = failing;
  const { consecutive_failures: count, last_error: error } = worst.health;
  const why = error && error.length > LONGEST ? `${error.slice(0, LONGEST)}…` : error;
  const fix = h("button", { class: "button", type: "button", "aria-label": `Fix ${worst.name}`, on: { click: () => assistant.fix(worst) } }, "Fix it");
  return [
    icon("alert"),
    h("div", { class: "banner-text" },
      h("b", {}, `${worst.name} is failing`), `: ${plural(count, "failure")} in a row`,
      why ? h("span", { class: "banner-error" }, why) : null,
      others.length ? h("span", {}, `${plural(others.length, "other webhook is", "other webhooks are")} failing too.`) : null),
    fix,
  ];
}
