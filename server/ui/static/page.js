/** What every page beside the first one does: theme, signing out, going where one signs in when the session has ended. */

import { byId, h, toast } from "./dom.js";
import { onSignedOut, post, sentence } from "./api.js";
import { startTheme } from "./theme.js";

export function startPage() {
  let leaving = false;
  onSignedOut(() => {
    if (!leaving) location.reload();
    leaving = true;
  });
  startTheme();
  byId("sign-out").addEventListener("click", () => post("/logout").then(() => location.assign("/"), (error) => toast(sentence(error))));
}

/** Tell that the page is usable. */
export function ready() {
  document.documentElement.dataset.ready = "";
}

/** Something did not load: what, and a way to try again. @param {unknown} error @param {() => void} again */
export function failure(error, again) {
  return h("div", { class: "empty", role: "alert" },
    h("h2", {}, "This did not load"),
    h("p", {}, sentence(error)),
    h("button", { class: "button", type: "button", on: { click: again } }, "Try again"));
}
