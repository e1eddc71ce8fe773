/** The form for a secret: its value goes straight to the vault; only its name goes back to the conversation. */

import { h, whileBusy } from "./dom.js";
import { Problem, send } from "./api.js";
import { showDialog, wipe } from "./dialogs.js";
import { clearErrors, showErrors } from "./form_errors.js";

/**
 * Open the form.
 * @param {{title: string, prefill: {name: string, hosts?: string[], set?: boolean}}} options
 * @returns {Promise<{secret_name: string}|null>} null when it was closed without saving.
 */
export function openSecretForm({ title, prefill }) {
  const { root, form, parts } = build(title, prefill);
  return new Promise((resolve) => {
    /** @type {{secret_name: string}|null} */
    let outcome = null;
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      whileBusy(parts.save, async () => {
        clearErrors(form, parts.problem);
        const trouble = missing(parts);
        if (trouble) return showErrors(form, parts.problem, trouble);
        try {
          await send("PUT", `/v1/secrets/${encodeURIComponent(prefill.name)}`, { body: { value: parts.value.value, hosts: hostsIn(parts.hosts.value) } });
          outcome = { secret_name: prefill.name };
          wipe(root);
          root.close();
        } catch (error) {
          showErrors(form, parts.problem, error);
        }
      });
    });
    parts.cancel.addEventListener("click", () => root.close());
    showDialog(root, { onClose: () => resolve(outcome) });
    parts.value.focus();
  });
}

/** Hosts as typed, one a line or with commas between. @param {string} text */
const hostsIn = (text) => text.split(/[\s,]+/).filter(Boolean);

/** @param {string} field @param {string} message */
const refusal = (field, message) => new Problem(422, { errors: [{ field, message }] });

/** What the server would refuse in less telling words. @param {Record<string, any>} parts */
function missing(parts) {
  if (!parts.value.value) return refusal("value", "Type the value. It is stored encrypted and never shown again.");
  if (!hostsIn(parts.hosts.value).length) return refusal("hosts", "Name at least one host: without one the secret is never sent anywhere.");
  return null;
}

/** @param {string} title @param {{name: string, hosts?: string[], set?: boolean}} prefill */
function build(title, { name, hosts = [], set = false }) {
  const parts = {
    problem: h("p", { class: "form-error", role: "alert", hidden: true }),
    name: h("input", { id: "s-name", value: name, readonly: true, spellcheck: "false" }),
    value: h("input", { id: "s-value", type: "password", autocomplete: "off", spellcheck: "false", maxlength: "8192" }),
    hosts: h("textarea", { id: "s-hosts", rows: Math.max(2, hosts.length), spellcheck: "false", autocapitalize: "off", placeholder: "api.example.com" }),
    cancel: h("button", { class: "button quiet", type: "button" }, "Cancel"),
    save: h("button", { class: "button primary", type: "submit" }, set ? "Replace secret" : "Save secret"),
  };
  parts.hosts.value = hosts.join("\n");
  const form = h("form", { novalidate: true, autocomplete: "off" },
    h("div", { class: "modal-head" }, h("h2", { id: "s-title" }, title)),
    h("div", { class: "modal-body" },
      parts.problem,
      field("name", "Name", parts.name, `Templates use it as $${name}.`),
      field("value", "Value", parts.value, set ? "Type it again, also when only the hosts change: the stored value is never sent to a host that its owner did not name with it." : "Goes straight to the vault: neither the conversation nor a language model sees it."),
      field("hosts", "May be sent to", parts.hosts, "One host a line, such as api.example.com or *.example.com.")),
    h("footer", { class: "modal-foot" }, parts.cancel, parts.save));
  return { root: h("dialog", { class: "modal narrow", "aria-labelledby": "s-title" }, form), form, parts };
}

/** @param {string} name @param {string} label @param {any} control @param {string} hint */
function field(name, label, control, hint) {
  return h("div", { class: "field", data: { field: name } }, h("label", { for: control.id }, label), control, h("p", { class: "hint" }, hint));
}
