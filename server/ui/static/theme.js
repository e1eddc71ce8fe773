/** The theme switch: the system's choice, light, or dark. */

import { byId, icon } from "./dom.js";

const KEY = "hookwright.theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };
const LABELS = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

/** @returns {"auto"|"light"|"dark"} */
function chosen() {
  return /** @type {any} */ (document.documentElement.dataset.theme) ?? "auto";
}

/** @param {"auto"|"light"|"dark"} theme */
function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function showSwitch() {
  const theme = chosen();
  const button = byId("theme");
  button.replaceChildren(icon(theme));
  button.title = LABELS[theme];
  button.setAttribute("aria-label", `${LABELS[theme]}. Switch to ${NEXT[theme] === "auto" ? "the system's" : NEXT[theme]}`);
}

export function startTheme() {
  byId("theme").addEventListener("click", () => {
    apply(/** @type {any} */ (NEXT[chosen()]));
    showSwitch();
  });
  showSwitch();
}
