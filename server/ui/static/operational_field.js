/** Whether a webhook hears of alerts in place of events. */

import { h } from "./dom.js";

/**
 * Add the field to the form, and tell how to read it if it was changed.
 * @param {Element} next What it stands before.
 * @param {any} start
 * @param {boolean} editing Whether `start` is of a stored webhook; when it does not tell, there is no field.
 */
export function operationalField(next, start, editing) {
  const before = Boolean(start.operational);
  const input = h("input", { type: "checkbox", data: { part: "operational" } });
  input.checked = before;
  if (!editing || start.operational !== undefined) {
    next.before(h("fieldset", { class: "field", data: { field: "operational" } },
      h("legend", {}, "Alerts"),
      h("div", {}, h("label", { class: "check" }, input, "Send alerts instead of events")),
      h("p", { class: "hint" }, "It hears when a webhook fails, recovers or is disabled, or when deliveries are late, and nothing else.")));
  }
  return { read: () => (input.checked === before ? {} : { operational: input.checked }) };
}
