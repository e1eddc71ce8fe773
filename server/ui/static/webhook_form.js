/** The form that creates and edits a webhook. What is typed goes to /v1/webhooks and nowhere else. */

import { copyTemplate, h, whileBusy } from "./dom.js";
import { patch, post } from "./api.js";
import { authFields } from "./auth_fields.js";
import { showDialog, showSecret, wipe } from "./dialogs.js";
import { filterFields } from "./filter_fields.js";
import { clearErrors, showErrors } from "./form_errors.js";
import { LIMITS, limitFields } from "./limit_fields.js";
import { operationalField } from "./operational_field.js";
import { refresh, state } from "./state.js";
import { filterTexts, hostOf } from "./words.js";

const FILTERS = ["event_filter", "tag_filter", "trust_score", "conditions"];

/**
 * Open the form.
 * @param {{title?: string, webhook?: any, prefill?: any, focus?: string}} options `webhook` to edit one; `prefill` for what a new one
 *   (or, with `webhook_id`, an edit) starts with.
 * @returns {Promise<{webhook_id: string}|null>} null when it was closed without saving.
 */
export function openWebhookForm({ title, webhook, prefill = {}, focus }) {
  const start = webhook ?? prefill;
  const editing = webhook?.id ?? prefill.webhook_id ?? null;
  const { root, parts } = copyTemplate("t-webhook-form");
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  parts.title.textContent = title || (editing ? `Edit ${start.name}` : "New webhook");
  parts.save.textContent = editing ? "Save changes" : "Create webhook";
  if (state.me?.egress?.allow_http) parts["url-hint"].textContent = "HTTPS. This server also permits http, for development.";
  const fields = bind(root, parts, start, editing);

  return new Promise((resolve) => {
    /** @type {{webhook_id: string}|null} */
    let outcome = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      whileBusy(parts.save, async () => {
        clearErrors(form, parts.problem);
        try {
          const body = fields.read();
          const saved = editing ? await update(editing, body) : await post("/v1/webhooks", body);
          outcome = { webhook_id: saved.id ?? editing };
          wipe(root);
          await refresh().catch(() => undefined); // what is edited next must not be what was there before
          root.close();
          if (saved.secret) showSecret(saved.name, saved.secret);
        } catch (error) {
          showErrors(form, parts.problem, error);
        }
      });
    });
    for (const part of [parts.close, parts.cancel]) part.addEventListener("click", () => root.close());
    showDialog(root, { onClose: () => resolve(outcome) });
    (parts[focus ?? (start.name || editing ? "url" : "name")] ?? parts.url).focus();
  });
}

/** @param {string} id @param {any} body */
const update = (id, body) => (Object.keys(body).length ? patch(`/v1/webhooks/${encodeURIComponent(id)}`, body) : Promise.resolve({ id }));

/**
 * Fill the form and tell how to read it back.
 * @param {HTMLElement} root
 * @param {Record<string, any>} parts
 * @param {any} start
 * @param {string|null} editing
 */
function bind(root, parts, start, editing) {
  const auth = authFields(parts, start.auth_header);
  const simple = { name: start.name ?? "", url: start.url ?? "", description: start.description ?? "" };
  for (const [name, value] of Object.entries(simple)) parts[name].value = value;
  const operational = operationalField(parts["event-field"], start, Boolean(editing));
  const filters = filterFields(root, parts, start);
  const limits = limitFields(parts.more, start, Boolean(editing));
  parts["perspective-field"].hidden = Boolean(editing);
  const chosen = start.perspective_id ?? (editing ? null : state.perspectiveId || null);
  parts.perspective.append(h("option", { value: "" }, "None: receives workspace events"), ...state.perspectives.map((each) => h("option", { value: each.id }, each.name)));
  parts.perspective.value = chosen ?? "";
  showPrefilled(parts, start, editing);

  /** @type {any} */
  let initial = { ...simple, ...filters.read() };
  const offer = (/** @type {string|null} */ id) => filters.offer(id).then(() => { initial = { ...initial, ...filters.read() }; }).catch((error) => showErrors(root, parts.problem, error));
  void offer(chosen);
  parts.perspective.addEventListener("change", () => offer(parts.perspective.value || null));

  const changed = () => ({ ...changedFilters(initial, filters.read()), ...operational.read(), ...limits.read() });
  return { read: () => (editing ? readPatch(parts, initial, changed(), auth.read()) : readDraft(parts, changed(), auth.read(), start)) };
}

/** Say which filters the conversation has already settled. @param {Record<string, any>} parts @param {any} start @param {string|null} editing */
function showPrefilled(parts, start, editing) {
  const texts = editing ? [] : filterTexts(start);
  parts.prefilled.hidden = !texts.length;
  parts.prefilled.replaceChildren(...texts.map((text) => h("li", { class: "chip" }, text)));
}

/** @param {any} a @param {any} b */
const differ = (a, b) => JSON.stringify(a) !== JSON.stringify(b);

/** The filters that were changed. @param {any} initial @param {any} now */
function changedFilters(initial, now) {
  return Object.fromEntries(FILTERS.filter((name) => differ(now[name], initial[name])).map((name) => [name, now[name]]));
}

/** @param {Record<string, any>} parts @param {any} initial @param {Record<string, any>} changed @param {any} auth */
function readPatch(parts, initial, changed, auth) {
  const body = { ...changed };
  for (const name of ["name", "url", "description"]) if (parts[name].value.trim() !== initial[name]) body[name] = parts[name].value.trim();
  if (auth !== undefined) body.auth_header = auth;
  return body;
}

/** @param {Record<string, any>} parts @param {Record<string, any>} changed @param {any} auth @param {any} start */
function readDraft(parts, changed, auth, start) {
  const settled = ["profile", "operational", ...FILTERS].filter((name) => start[name] !== undefined && start[name] !== null);
  const given = Object.fromEntries([...settled, ...LIMITS.filter((name) => start[name] !== undefined)].map((name) => [name, start[name]]));
  const url = parts.url.value.trim();
  /** @type {Record<string, any>} */
  const body = { ...given, ...changed, url, name: parts.name.value.trim() || hostOf(url) };
  if (parts.perspective.value) body.perspective_id = parts.perspective.value;
  if (parts.description.value.trim()) body.description = parts.description.value.trim();
  if (auth !== undefined && auth !== null) body.auth_header = auth;
  return body;
}
