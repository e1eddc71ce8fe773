/** One webhook in the list. The card's elements stay; only their contents follow the webhook. */

import { copyTemplate, h, setText, showState, toast, whileBusy } from "./dom.js";
import { get, patch, post, sentence } from "./api.js";
import { openWebhook, openWebhookForm } from "./lazy.js";
import { sparkline } from "./sparkline.js";
import { perspective, refresh, state } from "./state.js";
import { duration, filterTexts, hostOf, lastOutcome, plural, showTime, stateLabel } from "./words.js";

const RECENT = 28;

/** @param {any} first */
export function webhookCard(first) {
  const { root, parts } = copyTemplate("t-card");
  let webhook = first;
  let drawn = -1;
  let inView = false;
  const path = `/v1/webhooks/${encodeURIComponent(first.id)}`;

  parts.open.addEventListener("click", () => openWebhook(webhook, "deliveries"));
  parts.log.addEventListener("click", () => openWebhook(webhook, "deliveries"));
  parts.edit.addEventListener("click", () => openWebhookForm({ webhook }));
  parts.test.addEventListener("click", () => whileBusy(parts.test, () => runTest(path, parts.result)));
  parts.enabled.addEventListener("click", () => whileBusy(parts.enabled, async () => {
    try {
      await patch(path, { enabled: !webhook.enabled });
      await refresh();
    } catch (error) {
      toast(sentence(error));
    }
  }));

  const drawSpark = async () => {
    if (!inView || drawn === webhook.health.total) return;
    drawn = webhook.health.total;
    const recent = drawn ? (await get(`${path}/attempts`, { limit: RECENT }).catch(() => ({ items: [] }))).items : [];
    parts.spark.replaceChildren(sparkline(recent));
  };
  new IntersectionObserver((entries) => {
    inView = entries.some((entry) => entry.isIntersecting);
    void drawSpark();
  }).observe(root);

  const update = (/** @type {any} */ next) => {
    webhook = next;
    showCard(root, parts, webhook);
    void drawSpark();
  };
  update(first);
  return { root, update };
}

/** @param {HTMLElement} root @param {Record<string, any>} parts @param {any} webhook */
function showCard(root, parts, webhook) {
  const { health } = webhook;
  root.dataset.id = webhook.id;
  root.dataset.enabled = String(webhook.enabled);
  showState(parts.state, lastOutcome(webhook), stateLabel(webhook));
  setText(parts.open, webhook.name);
  setText(parts.host, hostOf(webhook.url));
  parts.host.title = webhook.url;
  setText(parts.profile, `${webhook.profile} profile`);
  setText(parts.perspective, state.perspectiveId ? "" : (perspective(webhook.perspective_id)?.name ?? ""));
  label(parts, webhook);
  showChips(parts.filters, filterTexts(webhook));
  parts.stats.hidden = !health.total;
  parts.hint.hidden = Boolean(health.total) || !webhook.enabled;
  setText(parts.rate, health.success_rate === null ? "–" : `${health.success_rate.toFixed(1)}%`);
  parts.rate.title = `${health.successful} of ${plural(health.total, "attempt")} succeeded, ${health.failed} failed`;
  if (health.total) parts.rate.append(h("small", {}, `of ${health.total.toLocaleString("en")}`));
  setText(parts.average, duration(health.average_ms));
  showTime(parts.last, health.last_delivery_at);
  showFailure(parts.error, webhook);
}

/** @param {Record<string, any>} parts @param {any} webhook */
function label(parts, webhook) {
  for (const [part, text] of [["log", "Delivery log of"], ["edit", "Edit"], ["test", "Test"]]) {
    parts[part].setAttribute("aria-label", `${text} ${webhook.name}`);
    parts[part].title = text === "Delivery log of" ? "Delivery log" : text;
  }
  parts.enabled.setAttribute("aria-checked", String(webhook.enabled));
  parts.enabled.setAttribute("aria-label", `${webhook.name} is enabled`);
  parts.enabled.title = webhook.enabled ? "Enabled" : "Disabled";
}

/** @param {HTMLElement} list @param {string[]} texts */
function showChips(list, texts) {
  if (list.dataset.texts === texts.join("\n")) return;
  list.dataset.texts = texts.join("\n");
  list.replaceChildren(...texts.map((text) => h("li", { class: "chip" }, text)));
}

/** @type {Record<string, string>} */
const SWITCHED_OFF = { gone: "Switched off: the endpoint is gone", failing: "Switched off: failing for too long" };

/** @param {HTMLElement} element @param {any} webhook */
function showFailure(element, webhook) {
  const { consecutive_failures: count, last_error: error } = webhook.health;
  const why = SWITCHED_OFF[webhook.disabled_reason] ?? `${plural(count, "failure")} in a row`;
  element.hidden = !count;
  if (!count || element.textContent === `${why} · ${error}`) return;
  element.replaceChildren(h("b", {}, why), ` · ${error}`);
}

/** Send a real test request and say what came back. @param {string} path @param {HTMLElement} result */
async function runTest(path, result) {
  result.hidden = false;
  delete result.dataset.ok;
  result.textContent = "Sending a test event…";
  try {
    const answer = await post(`${path}/test`, { mode: "delivery" });
    result.dataset.ok = String(answer.ok);
    result.textContent = testText(answer);
    await refresh();
  } catch (error) {
    result.dataset.ok = "false";
    result.textContent = sentence(error);
  }
}

/** @param {any} answer */
export function testText(answer) {
  const took = `in ${duration(answer.duration_ms)}`;
  if (answer.ok) return `Test passed: HTTP ${answer.status_code} ${took}.`;
  return `Test failed ${took}: ${answer.error ?? `HTTP ${answer.status_code}`}`;
}
