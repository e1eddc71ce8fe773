/** One tool call of the assistant as a quiet line: what it does, how it went, Undo, and what changed underneath. */

import { h, icon, whileBusy } from "./dom.js";
import { diffTable } from "./diff.js";
import { undo } from "./undo.js";

const NAMES = /** @type {Record<string, [string, string]>} */ ({
  list_webhooks: ["Looking up webhooks", "Looked up webhooks"],
  get_webhook: ["Reading the webhook", "Read the webhook"],
  create_webhook: ["Setting up a webhook", "Set up a webhook"],
  edit_webhook: ["Editing the webhook", "Edited the webhook"],
  edit_endpoint: ["Opening the form", "Edited the endpoint"],
  set_enabled: ["Switching the webhook", "Switched the webhook"],
  delete_webhook: ["Deleting the webhook", "Deleted the webhook"],
  set_event_filter: ["Setting the event filter", "Set event filter"],
  set_conditions: ["Setting conditions", "Set conditions"],
  set_tag_filter: ["Setting the tag filter", "Set tag filter"],
  set_trust_filter: ["Setting the trust filter", "Set trust filter"],
  list_tags: ["Looking up tags", "Looked up tags"],
  list_event_types: ["Looking up event types", "Looked up event types"],
  list_perspectives: ["Looking up perspectives", "Looked up perspectives"],
  test_webhook: ["Sending a test", "Sent a test"],
  dry_run_filters: ["Checking the filters", "Checked the filters"],
  diagnose_webhook: ["Diagnosing: DNS, TCP, TLS, HTTP", "Diagnosed the webhook"],
  list_deliveries: ["Reading the delivery log", "Read the delivery log"],
  get_delivery: ["Reading a delivery", "Read a delivery"],
  retry_delivery: ["Retrying a delivery", "Retried a delivery"],
  replay_deliveries: ["Replaying deliveries", "Replayed deliveries"],
  list_changes: ["Looking up changes", "Looked up changes"],
  undo_change: ["Undoing a change", "Undid a change"],
});
const STAGES = ["dns", "tcp", "tls", "http"];

export class ToolChip {
  /** @param {string} name */
  constructor(name) {
    const plain = (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");
    this.names = NAMES[name] ?? [plain, plain];
    this.label = h("span", { class: "label" }, `${this.names[0]}…`);
    this.line = h("div", { class: "tool-line" }, icon("retrying"), this.label);
    this.element = h("div", { class: "tool", data: { status: "running", tool: name } }, this.line);
    /** @type {string[]} */
    this.changeIds = [];
  }

  /** The turn stopped before the tool was done: a person is asked, or the connection broke. */
  pause() {
    if (this.element.dataset.status === "running") this.#show("waiting", "idle", this.names[0]);
  }

  /** @param {any} result */
  finish(result) {
    if (result?.cancelled || result?.declined) return this.#show("waiting", "idle", `${this.names[0]}: ${result.declined ? "declined" : "cancelled"}`);
    if (result?.ok === false) {
      this.#show("failed", "failed", this.names[0]);
      if (result.error) this.element.append(h("div", { class: "tool-detail" }, result.error));
      return;
    }
    this.#show("done", "delivered", this.names[1] + (result?.webhook?.name && result.changed?.length ? ` · ${result.webhook.name}` : ""));
    if (result?.change_id) this.offerUndo(result.change_id, result.undo !== false);
    if (result?.changed?.length) this.element.append(h("div", { class: "tool-detail" }, diffTable(result.changed)));
    if (result?.probe || result?.evidence) this.element.append(diagnosis(result));
  }

  /** @param {string} changeId @param {boolean} undoable */
  offerUndo(changeId, undoable) {
    if (this.changeIds.includes(changeId)) return;
    this.changeIds.push(changeId);
    if (!undoable) return;
    const button = h("button", { class: "link", type: "button" }, "Undo");
    const separator = h("span", { class: "sep", "aria-hidden": "true" }, "·");
    button.addEventListener("click", () => whileBusy(button, async () => {
      if (!(await undo(changeId))) return;
      separator.remove();
      button.replaceWith(h("span", { class: "sep" }, "· undone"));
    }));
    this.line.append(separator, button);
  }

  /** @param {string} status @param {string} symbol @param {string} text */
  #show(status, symbol, text) {
    this.element.dataset.status = status;
    this.line.firstChild?.replaceWith(icon(symbol));
    this.label.textContent = text;
    this.label.title = text;
  }
}

/** @param {any} result */
function diagnosis(result) {
  const stages = STAGES.filter((stage) => result.probe?.[stage]).map((stage) => stageMark(stage, result.probe[stage]));
  const evidence = (result.evidence ?? []).map((/** @type {any} */ each) => h("li", {}, each.text));
  return h("div", { class: "tool-detail" }, stages.length ? h("div", { class: "probe" }, ...stages) : null, evidence.length ? h("ul", { class: "evidence" }, ...evidence) : null);
}

/** @param {string} name @param {any} stage */
function stageMark(name, stage) {
  const ok = typeof stage === "object" ? stage.ok ?? stage.passed ?? stage.status === "ok" : stage === "ok" || stage === true;
  const text = typeof stage === "object" ? stage.error ?? stage.text ?? "" : String(stage);
  return h("span", { class: "stage", data: { ok: String(Boolean(ok)) }, title: text || null }, icon(ok ? "delivered" : "failed"), name.toUpperCase(), h("span", { class: "visually-hidden" }, ok ? "works" : "fails"));
}
