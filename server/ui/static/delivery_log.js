/** The delivery log: newest first, by status, a page at a time; each row opens into its attempts. */

import { copyTemplate, h, icon, showState, toast, whileBusy } from "./dom.js";
import { get, post, sentence } from "./api.js";
import { duration, exactly, plural, showTime } from "./words.js";

const PAGE = 20;
const DAY = 86400000;
const EVERY = 4000;

/** @param {HTMLElement} body @param {any} webhook */
export function showDeliveries(body, webhook) {
  const { root, parts } = copyTemplate("t-delivery-log");
  let offset = 0;
  let shown = "";
  const load = async () => {
    const page = await get("/v1/deliveries", { webhook_id: webhook.id, status: parts.status.value, limit: PAGE, offset });
    const key = JSON.stringify([page, parts.status.value]);
    // A row that someone has opened is not torn down by a poll.
    if (key === shown || root.querySelector("[aria-expanded='true']")) return;
    shown = key;
    show(parts, page, load);
  };
  const reload = () => { shown = ""; parts.rows.replaceChildren(); return load().catch((error) => toast(sentence(error))); };
  const turn = (/** @type {number} */ step) => { offset = Math.max(0, offset + step * PAGE); return reload(); };
  parts.status.addEventListener("change", () => { offset = 0; void reload(); });
  parts.newer.addEventListener("click", () => turn(-1));
  parts.older.addEventListener("click", () => turn(1));
  parts.replay.addEventListener("click", () => whileBusy(parts.replay, () => replay(webhook, reload)));
  body.append(root);
  void reload();
  const timer = setInterval(() => {
    if (!root.isConnected) clearInterval(timer);
    else if (!document.hidden && offset === 0) load().catch(() => {});
  }, EVERY);
}

/** @param {Record<string, any>} parts @param {any} page @param {() => Promise<void>} load */
function show(parts, page, load) {
  parts.rows.replaceChildren(...page.items.map((/** @type {any} */ delivery) => row(delivery, load)));
  const last = page.offset + page.items.length;
  parts.range.textContent = page.total ? `${page.offset + 1}–${last} of ${page.total.toLocaleString("en")}${page.total_capped ? "+" : ""}` : "";
  parts.newer.disabled = page.offset === 0;
  parts.older.disabled = last >= page.total;
  parts.newer.hidden = parts.older.hidden = page.total <= PAGE;
  parts.empty.hidden = page.total > 0;
  parts.empty.replaceChildren(h("div", { class: "empty plain" },
    h("h2", {}, parts.status.value ? `Nothing ${parts.status.value}` : "No deliveries yet"),
    h("p", {}, parts.status.value ? "Choose another status to see the rest of the log." : "As soon as an event passes the filters, its delivery shows up here with every attempt, what your endpoint answered and how long it took. The Test tab sends one now.")));
}

/** @param {any} delivery @param {() => Promise<void>} load */
function row(delivery, load) {
  const mark = h("span", { class: "state" });
  showState(mark, delivery.status);
  const time = h("time", { class: "when" });
  showTime(time, delivery.attempted_at ?? delivery.created_at);
  const tries = typeof delivery.attempts === "number" ? delivery.attempts : delivery.attempt;
  const facts = [delivery.status_code ? `HTTP ${delivery.status_code}` : null, delivery.duration_ms !== undefined ? duration(delivery.duration_ms) : null, tries > 1 ? plural(tries, "attempt") : null];
  const button = h("button", { class: "log-row", type: "button", "aria-expanded": "false" },
    mark,
    h("span", { class: "log-what" }, delivery.event_type, h("small", {}, facts.filter(Boolean).join(" · "))),
    time, icon("chevron"),
    delivery.status !== "delivered" && delivery.error ? h("span", { class: "log-error" }, delivery.error) : null);
  const item = h("li", {}, button);
  button.addEventListener("click", () => whileBusy(button, () => toggle(item, button, delivery, load)));
  return item;
}

/** @param {HTMLElement} item @param {HTMLElement} button @param {any} delivery @param {() => Promise<void>} load */
async function toggle(item, button, delivery, load) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) return void button.nextElementSibling?.remove();
  try {
    const whole = await get(`/v1/deliveries/${encodeURIComponent(delivery.id)}`);
    item.append(detail(whole, load, button));
  } catch (error) {
    button.setAttribute("aria-expanded", "false");
    toast(sentence(error));
  }
}

/** @param {any} delivery @param {() => Promise<void>} load @param {HTMLElement} button */
function detail(delivery, load, button) {
  const retry = h("button", { class: "button small", type: "button" }, icon("retrying"), delivery.status === "delivered" ? "Send again" : "Retry now");
  retry.addEventListener("click", () => whileBusy(retry, async () => {
    try {
      await post(`/v1/deliveries/${encodeURIComponent(delivery.id)}/retry`);
      toast("The delivery is on its way again.");
      button.click();
      await load();
    } catch (error) {
      toast(sentence(error));
    }
  }));
  const next = delivery.status === "retrying" && delivery.next_attempt_at ? ["Next attempt", exactly(delivery.next_attempt_at)] : [];
  return h("div", { class: "attempts" },
    facts([["Delivery", delivery.id], ["Event", delivery.event_id], next]),
    h("div", {}, retry),
    ...[...delivery.attempts].reverse().map(attempt));
}

/** @param {any} one */
function attempt(one) {
  const mark = h("span", { class: "state" });
  showState(mark, one.status);
  const answer = one.status_code ? `HTTP ${one.status_code}` : "No response";
  return h("section", { class: "attempt", "aria-label": `Attempt ${one.number}` },
    h("div", { class: "attempt-head" }, h("b", {}, `Attempt ${one.number}`), mark, h("span", {}, `${answer} in ${duration(one.duration_ms)}`), h("span", { class: "grow" }), h("time", { class: "hint", datetime: one.attempted_at }, exactly(one.attempted_at))),
    one.error ? h("p", { class: "field-error" }, one.error) : null,
    h("h4", {}, "Request headers"), facts(Object.entries(one.request_headers ?? {}), "mono"),
    one.response_headers ? h("h4", {}, "Response headers") : null, one.response_headers ? facts(Object.entries(one.response_headers), "mono") : null,
    one.response_body ? h("h4", {}, "Response body") : null, one.response_body ? h("pre", {}, one.response_body) : null);
}

/** @param {any[][]} rows @param {string} [kind] */
function facts(rows, kind = "") {
  return h("dl", { class: `facts ${kind}` }, ...rows.filter((each) => each.length).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]));
}

/** @param {any} webhook @param {() => Promise<void>} reload */
async function replay(webhook, reload) {
  try {
    const since = new Date(Date.now() - DAY).toISOString();
    const { count } = await post(`/v1/webhooks/${encodeURIComponent(webhook.id)}/replay`, { since, status: "failed" });
    toast(count ? `${plural(count, "delivery", "deliveries")} on the way again.` : "Nothing failed in the last 24 hours.");
    await reload();
  } catch (error) {
    toast(sentence(error));
  }
}
