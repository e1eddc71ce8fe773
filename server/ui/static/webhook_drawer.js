/** Everything about one webhook: its deliveries, tests, changes and settings. */

import { h, icon, toast, whileBusy } from "./dom.js";
import { get, post, remove, sentence } from "./api.js";
import { showChanges } from "./changes.js";
import { confirmFirst, showSecret } from "./dialogs.js";
import { showDeliveries } from "./delivery_log.js";
import { openDrawer } from "./drawer.js";
import { perspective, refresh } from "./state.js";
import { showTester } from "./tester.js";
import { openWebhookForm } from "./webhook_form.js";
import { duration, filterTexts } from "./words.js";

const OVERLAP_SECONDS = 86400;

/** @param {any} webhook @param {"deliveries"|"test"|"changes"|"settings"} first */
export function openWebhook(webhook, first) {
  const drawer = openDrawer({
    title: webhook.name,
    subtitle: webhook.url,
    first,
    tabs: [
      { id: "deliveries", label: "Deliveries", show: (body) => showDeliveries(body, webhook) },
      { id: "test", label: "Test", show: (body) => showTester(body, webhook) },
      { id: "changes", label: "Changes", show: (body) => showChanges(body, webhook.id) },
      { id: "settings", label: "Settings", show: (body) => void showSettings(body, webhook, () => drawer.close()) },
    ],
  });
}

/** @param {HTMLElement} body @param {any} known @param {() => void} close */
async function showSettings(body, known, close) {
  const path = `/v1/webhooks/${encodeURIComponent(known.id)}`;
  const webhook = await get(path).catch(() => known);
  const rotate = h("button", { class: "button", type: "button" }, icon("key"), rotateLabel(webhook));
  const edit = h("button", { class: "button", type: "button", on: { click: () => { close(); void openWebhookForm({ webhook }); } } }, icon("pencil"), "Edit");
  const trash = h("button", { class: "button danger-quiet", type: "button" }, icon("trash"), "Delete");
  rotate.addEventListener("click", () => whileBusy(rotate, () => rotateSecret(webhook, path)));
  trash.addEventListener("click", () => whileBusy(trash, () => deleteWebhook(webhook, path, close)));
  body.replaceChildren(h("div", { class: "settings" }, facts(webhook), h("div", { class: "actions" }, edit, rotate, trash)));
}

/** @param {any} webhook */
function facts(webhook) {
  const rows = [
    ["Id", webhook.id],
    ["URL", webhook.url],
    ["Description", webhook.description],
    ["Perspective", perspective(webhook.perspective_id)?.name ?? "None"],
    ["Profile", webhook.profile],
    ["Hears of", webhook.operational && "Alerts, no events"],
    ["What is sent", filterTexts(webhook).join(" · ")],
    ["Auth header", webhook.auth_header ? `${webhook.auth_header.name} (set)` : "Not set"],
    ["Signing secret", webhook.has_secret ? "Set" : "Not set"],
    ["Public key", webhook.public_key],
    ["Custom headers", Object.entries(webhook.headers ?? {}).map((pair) => pair.join(": ")).join("\n")],
    ["Retries", retryText(webhook.retry)],
    ["Timeout", duration(webhook.timeout_ms)],
    ["Limits", limitsText(webhook)],
    ["When it fails", failingText(webhook)],
  ].filter(([, value]) => value);
  return h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** @param {any} retry */
function retryText(retry) {
  if (!retry) return "";
  const delays = retry.strategy === "schedule" ? `after ${(retry.schedule ?? []).map((/** @type {number} */ each) => duration(each * 1000)).join(", ")}` : "with growing delays";
  return retry.max_retries ? `${retry.max_retries}, ${delays}` : "None";
}

/** @param {any} webhook */
function limitsText({ rate_limit_per_second: rate, max_in_flight: most }) {
  return [rate && `${rate} requests per second`, most && `${most} at a time`].filter(Boolean).join(", ");
}

/** @param {any} webhook */
function failingText({ circuit_breaker: breaker, auto_disable_hours: hours }) {
  const share = breaker?.failure_share ? ` or ${+(breaker.failure_share * 100).toPrecision(6)} % of ${breaker.minimum_attempts} or more failing` : "";
  const pause = breaker?.consecutive_failures ? `paused after ${breaker.consecutive_failures} failures in a row${share}` : "never paused";
  return `${pause}; ${hours ? `disabled after ${hours} h` : "never disabled"}`;
}

/** @param {any} webhook */
function rotateLabel(webhook) {
  if (webhook.signing === "v1a") return "Rotate signing key";
  return webhook.has_secret ? "Rotate signing secret" : "Create signing secret";
}

/** @param {any} webhook @param {string} path */
async function rotateSecret(webhook, path) {
  const sure = !webhook.signing || await confirmFirst({ title: `${rotateLabel(webhook)}?`, text: "A new one is made, and a secret is shown once. For 24 hours deliveries are signed with both, so that you can switch your endpoint without losing any.", action: "Rotate" });
  if (!sure) return;
  try {
    const { secret } = await post(`${path}/rotate-secret`, { overlap_seconds: OVERLAP_SECONDS });
    if (!secret) return toast("A new key was made. Its public half is in the settings.");
    showSecret(webhook.name, secret, webhook.has_secret ? "The old one stays valid for 24 hours." : "");
  } catch (error) {
    toast(sentence(error));
  }
}

/** @param {any} webhook @param {string} path @param {() => void} close */
async function deleteWebhook(webhook, path, close) {
  const sure = await confirmFirst({ title: `Delete ${webhook.name}?`, text: "It stops delivering at once. The deletion is recorded and can be undone under Recent changes.", action: "Delete webhook" });
  if (!sure) return;
  try {
    await remove(path);
    close();
    await refresh();
    toast(`${webhook.name} was deleted.`);
  } catch (error) {
    toast(sentence(error));
  }
}
