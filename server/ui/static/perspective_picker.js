/** The picker for perspectives. */

import { byId, h } from "./dom.js";
import { openPerspectiveForm } from "./lazy.js";
import { choosePerspective, onChange, state } from "./state.js";

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
    void openPerspectiveForm();
  });
}
