/** What a turn waits for: a form to fill in, or a change to approve. */

import { h, icon } from "./dom.js";
import { diffTable, isRemoval } from "./diff.js";
import { openSecretForm, openWebhookForm } from "./lazy.js";
import { webhook } from "./state.js";

/**
 * Show the question and call `answer` once.
 * @param {any} interrupt
 * @param {(value: any) => void} answer
 * @param {{open?: boolean}} [options] `open` shows a form's dialog at once.
 * @returns {{element: HTMLElement, dismiss: () => void, settle: (declined: boolean) => void}} `settle` tells how it was answered in words after all.
 */
export function question(interrupt, answer, { open = true } = {}) {
  return interrupt.kind === "approval" ? approval(interrupt, answer) : form(interrupt, answer, open);
}

/** @param {any} interrupt @param {...Node|null} children */
function card(interrupt, ...children) {
  return h("section", { class: "ask", "aria-label": interrupt.title }, h("h3", {}, icon(interrupt.kind === "approval" ? "alert" : "pencil"), h("span", {}, interrupt.title)), ...children);
}

/** @param {HTMLElement} element @param {string} text */
function setOutcome(element, text) {
  const outcome = element.querySelector(".outcome");
  if (outcome) outcome.textContent = text;
}

/** @param {any} interrupt @param {(value: any) => void} answer */
function approval(interrupt, answer) {
  const destroys = interrupt.diff?.some((/** @type {any} */ each) => isRemoval(each));
  const approve = h("button", { class: `button ${destroys ? "danger" : "primary"}`, type: "button" }, "Approve");
  const decline = h("button", { class: "button", type: "button" }, "Decline");
  const actions = h("div", { class: "actions" }, approve, decline);
  const element = card(interrupt, interrupt.diff?.length ? diffTable(interrupt.diff) : null, actions);
  const finish = (/** @type {string} */ text) => actions.replaceWith(h("p", { class: "outcome" }, text));
  approve.addEventListener("click", () => { finish("You approved this."); answer({ approved: true }); });
  decline.addEventListener("click", () => { finish("You declined this."); answer({ approved: false }); });
  return { element, dismiss: () => { if (actions.isConnected) finish("Not answered."); }, settle: (declined) => setOutcome(element, declined ? "You declined this." : "You approved this.") };
}

/** @param {any} interrupt @param {(value: any) => void} answer @param {boolean} open */
function form(interrupt, answer, open) {
  const button = h("button", { class: "button primary", type: "button" }, "Open the form");
  const cancel = h("button", { class: "button", type: "button" }, "Cancel");
  const actions = h("div", { class: "actions" }, button, cancel);
  const element = card(interrupt, actions);
  let settled = false;
  const finish = (/** @type {string} */ text, /** @type {any} */ value) => {
    if (settled) return;
    settled = true;
    actions.replaceWith(h("p", { class: "outcome" }, text));
    if (value) answer(value);
  };
  const show = async () => {
    const prefill = interrupt.prefill ?? {};
    // An edit starts from the whole webhook, so that a prefill with less in it never looks like a removal.
    const start = { ...webhook(prefill.webhook_id), ...prefill };
    const openForm = interrupt.form === "secret" ? openSecretForm : openWebhookForm;
    const saved = await openForm({ title: interrupt.title, prefill: start });
    finish(saved ? "Saved." : "Closed without saving.", saved ?? { cancelled: true });
  };
  button.addEventListener("click", show);
  cancel.addEventListener("click", () => finish("Closed without saving.", { cancelled: true }));
  if (open) queueMicrotask(show);
  return { element, dismiss: () => finish("Not answered.", null), settle: () => setOutcome(element, "Closed without saving.") };
}
