/** Recorded changes, newest first, with Undo. */

import { h, icon, toast, whileBusy } from "./dom.js";
import { get, sentence } from "./api.js";
import { changesBetween, diffTable } from "./diff.js";
import { openDrawer } from "./drawer.js";
import { webhook } from "./state.js";
import { undo } from "./undo.js";
import { showTime } from "./words.js";

const PAGE = 50;
const VERBS = /** @type {Record<string, string>} */ ({ create: "Created", update: "Changed", delete: "Deleted", undo: "Undid", rotate_secret: "Rotated the secret of", enable: "Enabled", disable: "Disabled" });

export function openChanges() {
  openDrawer({ title: "Recent changes", subtitle: "Who changed what, before and after. Most can be undone.", tabs: [{ id: "changes", label: "Changes", show: (body) => showChanges(body) }] });
}

/** @param {HTMLElement} body @param {string} [webhookId] */
export function showChanges(body, webhookId) {
  const list = h("ol", { class: "changes" });
  body.append(list);
  const load = async () => {
    const { items } = await get("/v1/changes", { webhook_id: webhookId, limit: PAGE });
    list.replaceChildren(...items.map((/** @type {any} */ change) => row(change, load)));
    if (!items.length) list.replaceChildren(h("li", { class: "empty plain" }, h("h2", {}, "No changes yet"), h("p", {}, "Everything that you, the assistant or an API key change about webhooks is recorded here, with what it was before.")));
  };
  load().catch((error) => toast(sentence(error)));
}

/** @param {any} actor */
function actorText(actor) {
  const text = typeof actor === "string" ? actor : `${actor?.kind ?? ""}:${actor?.id ?? ""}`;
  const kind = text.split(":")[0];
  return { assistant: "the assistant", console: "you, in the console", api_key: "an API key", cli: "the command line" }[kind] ?? text;
}

/** @param {any} change @param {() => Promise<void>} load */
function row(change, load) {
  const name = change.after?.name ?? change.before?.name ?? webhook(change.webhook_id)?.name ?? change.webhook_id;
  const diff = (change.diff ?? changesBetween(change.before, change.after)).filter((/** @type {any} */ each) => !["id", "created_at", "updated_at"].includes(each.field));
  const time = h("time");
  showTime(time, change.at);
  const button = h("button", { class: "button small", type: "button", "aria-label": `Undo: ${name}` }, icon("undo"), "Undo");
  button.addEventListener("click", () => whileBusy(button, async () => { if (await undo(change.id)) await load(); }));
  const whole = change.before === null || change.after === null;
  return h("li", {},
    h("div", { class: "change-head" }, h("b", {}, `${VERBS[change.action] ?? change.action} ${name}`), h("span", { class: "hint" }, `by ${actorText(change.actor)}`), time, h("span", { class: "grow" }), change.undoable ? button : null),
    whole || !diff.length ? null : diffTable(diff));
}
