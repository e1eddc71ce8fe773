/** Test a webhook: send a marked event, or ask the filters about a sample without sending anything. */

import { copyTemplate, h, icon, whileBusy } from "./dom.js";
import { get, post, sentence } from "./api.js";
import { clearErrors, showErrors } from "./form_errors.js";
import { perspective, refresh } from "./state.js";
import { testText } from "./webhook_card.js";
import { conditionText } from "./words.js";

/** @param {HTMLElement} body @param {any} webhook */
export function showTester(body, webhook) {
  const { root, parts } = copyTemplate("t-tester");
  const path = `/v1/webhooks/${encodeURIComponent(webhook.id)}/test`;
  /** @type {any[]} */
  let types = [];
  const showSample = () => {
    const example = types.find((each) => each.name === parts.type.value)?.example;
    parts.event.value = example ? JSON.stringify(example, null, 2) : "{}";
  };
  const run = (/** @type {HTMLButtonElement} */ button, /** @type {() => Promise<Node[]>} */ work) => whileBusy(button, async () => {
    clearErrors(root, parts.result);
    parts.result.hidden = false;
    parts.result.replaceChildren(h("p", { class: "hint" }, "Testing…"));
    try {
      parts.result.replaceChildren(...(await work()));
    } catch (error) {
      parts.result.replaceChildren();
      showErrors(root, parts.result, error);
    }
  });
  parts.type.addEventListener("change", showSample);
  parts.deliver.addEventListener("click", () => run(parts.deliver, async () => deliveryResult(await post(path, { mode: "delivery", event_type: parts.type.value || undefined }))));
  parts.check.addEventListener("click", () => run(parts.check, async () => filterResult(await post(path, { mode: "filters", event_type: parts.type.value || undefined, event: parsed(parts.event.value) }))));
  body.append(root);
  offered(webhook).then((found) => {
    types = found;
    parts.type.replaceChildren(...found.map((each) => h("option", { value: each.name }, each.name)));
    showSample();
  }).catch((error) => { parts.result.textContent = sentence(error); });
}

/** The event types that the webhook is subscribed to first, then the others of its kind. @param {any} webhook */
async function offered(webhook) {
  const { items } = await get("/v1/event-types", { kind: perspective(webhook.perspective_id)?.kind });
  const chosen = webhook.event_filter.mode === "include" ? webhook.event_filter.events : [];
  const custom = chosen.filter((/** @type {string} */ name) => !items.some((/** @type {any} */ each) => each.name === name)).map((/** @type {string} */ name) => ({ name }));
  const rank = (/** @type {any} */ each) => (chosen.includes(each.name) ? 0 : 1);
  return [...custom, ...items].sort((a, b) => rank(a) - rank(b));
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The sample event is not valid JSON.");
  }
}

/** @param {boolean} ok @param {string} text @param {{strong?: boolean, name?: string}} [options] */
function verdict(ok, text, { strong = false, name = "" } = {}) {
  return h("p", { class: strong ? "verdict strong" : "verdict", data: { ok: String(ok) } }, icon(ok ? "delivered" : "failed"), h("span", {}, name ? h("b", {}, `${name}: `) : null, text));
}

/** @param {any} answer */
function deliveryResult(answer) {
  void refresh();
  return [verdict(answer.ok, testText(answer), { strong: true }), ...(answer.response_body ? [h("pre", {}, answer.response_body)] : [])];
}

/** @param {any} report */
function filterResult(report) {
  const parts = [
    ["Events", report.event_filter],
    ...(report.conditions ?? []).map((/** @type {any} */ each) => [conditionText(each), each]),
    ["Tags", report.tag_filter],
    ["Trust score", report.trust_score],
  ].filter(([, part]) => part);
  return [
    verdict(report.matched, report.matched ? "This event would be delivered." : "This event would not be delivered.", { strong: true }),
    ...parts.map(([name, part]) => verdict(part.passed, part.reason, { name })),
  ];
}
