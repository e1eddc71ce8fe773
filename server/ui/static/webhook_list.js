/** The list of webhooks: cards by id, and what to say when there are none. */

import { byId, h, icon, setText } from "./dom.js";
import { openPerspectiveForm, openWebhookForm } from "./lazy.js";
import { onChange, perspective, state } from "./state.js";
import { webhookCard } from "./webhook_card.js";

/** @type {Map<string, {root: HTMLElement, update: (webhook: any) => void}>} */
const cards = new Map();

/** @param {{ask: (message: string) => void}} assistant */
export function startList(assistant) {
  onChange(() => showList(assistant));
  byId("new-webhook").addEventListener("click", () => openWebhookForm({}));
}

/** @param {{ask: (message: string) => void}} assistant */
function showList(assistant) {
  const list = byId("cards");
  setText(byId("list-title"), perspective(state.perspectiveId)?.name ?? "All webhooks");
  list.setAttribute("aria-busy", String(!state.loaded));
  if (!state.loaded) return;
  setText(byId("count"), state.total ? String(state.total) : "");
  const present = new Set(state.webhooks.map((each) => each.id));
  for (const [id, card] of cards) {
    if (present.has(id)) continue;
    card.root.remove();
    cards.delete(id);
  }
  const focused = /** @type {HTMLElement|null} */ (document.activeElement);
  inOrder(state.webhooks).forEach((webhook, index) => place(list, webhook, index));
  // Moving a card takes the focus out of it.
  if (focused !== document.activeElement && focused?.isConnected) focused.focus();
  showEmpty(assistant);
}

/** What needs attention first, then as the server lists them. @param {any[]} webhooks */
function inOrder(webhooks) {
  const fails = (/** @type {any} */ webhook) => webhook.state === "failing";
  return [...webhooks.filter(fails), ...webhooks.filter((each) => !fails(each))];
}

/** @param {HTMLElement} list @param {any} webhook @param {number} index */
function place(list, webhook, index) {
  const known = cards.get(webhook.id);
  const card = known ?? webhookCard(webhook);
  if (known) known.update(webhook);
  cards.set(webhook.id, card);
  if (list.children[index] !== card.root) list.insertBefore(card.root, list.children[index] ?? null);
}

/** @param {{ask: (message: string) => void}} assistant */
function showEmpty(assistant) {
  const box = byId("list-empty");
  const key = state.webhooks.length ? "" : state.perspectives.length ? `none:${state.perspectiveId}` : "nothing";
  box.hidden = key === "";
  if (box.dataset.shows === key) return;
  box.dataset.shows = key;
  box.replaceChildren(...(key === "" ? [] : [key === "nothing" ? firstSteps() : noWebhooks(assistant)]));
}

function firstSteps() {
  return h("div", { class: "empty" },
    h("h2", {}, "Start with a perspective"),
    h("p", {}, "A perspective is a study, an intake form or an event stream. Its events are what webhooks deliver."),
    h("ol", { class: "steps" },
      h("li", {}, "Create a perspective and choose its kind."),
      h("li", {}, "Say “set up a webhook on this perspective” to the assistant."),
      h("li", {}, "End a conversation, or send an event, and watch the delivery arrive.")),
    h("div", { class: "actions" }, h("button", { class: "button primary", type: "button", on: { click: openPerspectiveForm } }, icon("plus"), "New perspective")));
}

/** @param {{ask: (message: string) => void}} assistant */
function noWebhooks(assistant) {
  const ask = () => assistant.ask(state.perspectiveId ? "Set up a webhook on this perspective" : "Set up a webhook");
  return h("div", { class: "empty" },
    h("h2", {}, "No webhooks here yet"),
    h("p", {}, "A webhook sends each event to an endpoint of yours the moment it happens: signed, retried when your server is down, and logged."),
    h("ol", { class: "steps" },
      h("li", {}, "Ask the assistant, or fill in the form yourself."),
      h("li", {}, "Give it an HTTPS address, and an authorization header if your endpoint wants one."),
      h("li", {}, "Press Test to see what your endpoint answers.")),
    h("div", { class: "actions" },
      h("button", { class: "button primary", type: "button", on: { click: ask } }, icon("spark"), "Set up a webhook with the assistant"),
      h("button", { class: "button", type: "button", on: { click: () => openWebhookForm({}) } }, "Fill in the form")));
}
