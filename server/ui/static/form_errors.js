/** Errors of the API, shown next to the field they name. */

import { h, icon } from "./dom.js";
import { Problem, sentence } from "./api.js";

let serial = 0;

/** @param {HTMLElement} form @param {HTMLElement} summary */
export function clearErrors(form, summary) {
  summary.hidden = true;
  for (const note of form.querySelectorAll(".field-error")) note.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

/**
 * Show what was refused and put the focus on the first refused field.
 * @param {HTMLElement} form Holds elements with `data-field`.
 * @param {HTMLElement} summary Shows what belongs to no field.
 * @param {unknown} error
 */
export function showErrors(form, summary, error) {
  const errors = error instanceof Problem ? error.errors : [];
  const homeless = errors.filter(({ field, message }) => !showAt(form, field, message)).map(({ field, message }) => `${field}: ${message}`);
  if (!errors.length) homeless.push(sentence(error));
  summary.textContent = homeless.join(" ");
  summary.hidden = !homeless.length;
  const first = /** @type {HTMLElement|null} */ (form.querySelector("[aria-invalid='true']"));
  (first ?? summary).scrollIntoView({ block: "nearest" });
  first?.focus();
}

/** @param {HTMLElement} form @param {string} field @param {string} message */
function showAt(form, field, message) {
  const home = homeOf(form, field);
  if (!home) return false;
  home.closest("details")?.setAttribute("open", "");
  const id = `error-${++serial}`;
  home.append(h("p", { class: "field-error", id }, icon("alert"), h("span", {}, message)));
  const control = home.querySelector("input:not([type='radio'], [type='checkbox']), select, textarea") ?? home.querySelector("input[data-part]");
  control?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-describedby", id);
  return true;
}

/** The visible element for `retry.max_retries`, else for `retry`. @param {HTMLElement} form @param {string} field */
function homeOf(form, field) {
  const path = field.split(".");
  for (let length = path.length; length > 0; length--) {
    const home = /** @type {HTMLElement|null} */ (form.querySelector(`[data-field="${CSS.escape(path.slice(0, length).join("."))}"]`));
    if (home && !home.closest("[hidden]")) return home;
  }
  return null;
}
