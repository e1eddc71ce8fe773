/** The picker for perspectives, and the small form that makes one. */

import { byId, copyTemplate, h, whileBusy } from "./dom.js";
import { post } from "./api.js";
import { showDialog } from "./dialogs.js";
import { clearErrors, showErrors } from "./form_errors.js";
import { choosePerspective, loadPerspectives, onChange, state } from "./state.js";

const NEW = "new";

export function startPicker() {
  const select = byId("perspective");
  let shown = "";
  onChange(() => {
    const key = JSON.stringify(state.perspectives.map((each) => [each.id, each.name]));
    if (key !== shown) {
      shown = key;
      const options = state.perspectives.map((each) => h("option", { value: each.id }, each.name));
      select.replaceChildren(h("option", { value: "" }, "All webhooks"), ...options, h("hr"), h("option", { value: NEW }, "New perspective…"));
    }
    select.value = state.perspectiveId;
  });
  select.addEventListener("change", () => {
    if (select.value !== NEW) return void choosePerspective(select.value);
    select.value = state.perspectiveId;
    openPerspectiveForm();
  });
}

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
