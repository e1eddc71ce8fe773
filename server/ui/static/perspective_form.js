/** The small form that makes a perspective. */

import { copyTemplate, whileBusy } from "./dom.js";
import { post } from "./api.js";
import { showDialog } from "./dialogs.js";
import { clearErrors, showErrors } from "./form_errors.js";
import { choosePerspective, loadPerspectives } from "./state.js";

export function openPerspectiveForm() {
  const { root, parts } = copyTemplate("t-perspective-form");
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(parts.save, async () => {
      clearErrors(form, parts.problem);
      try {
        const made = await post("/v1/perspectives", { name: parts.name.value.trim(), kind: parts.kind.value });
        root.close();
        await loadPerspectives();
        await choosePerspective(made.id);
      } catch (error) {
        showErrors(form, parts.problem, error);
      }
    });
  });
  parts.cancel.addEventListener("click", () => root.close());
  showDialog(root);
  parts.name.focus();
}
