/** The API reference: search, links that open what they point to, copying. */

import { byId, setText, toast } from "./dom.js";
import { startTheme } from "./theme.js";

/** @type {HTMLDetailsElement[]} */
const operations = [...document.querySelectorAll("details.operation")].map((each) => /** @type {any} */ (each));
const texts = new Map(operations.map((each) => [each, each.textContent?.toLowerCase().replace(/\s+/g, " ") ?? ""]));

/** Show the operations that hold every word. @param {string} typed */
function search(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const each of operations) {
    const holds = words.every((word) => texts.get(each)?.includes(word));
    each.hidden = !holds;
    found += Number(holds);
  }
  for (const group of document.querySelectorAll(".group")) /** @type {HTMLElement} */ (group).hidden = !group.querySelector("details:not([hidden])");
  setText(byId("found"), words.length ? (found ? `${found} of ${operations.length} operations` : "Nothing matches. Try fewer words.") : "");
}

/** Open what the address points to. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(target instanceof HTMLDetailsElement)) return;
  target.open = true;
  target.scrollIntoView({ block: "start" });
}

/** @param {HTMLButtonElement} button */
function startCopying(button) {
  const code = button.closest(".operation-body")?.querySelector("pre");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code?.textContent ?? "");
      toast("Copied.");
    } catch {
      if (code) getSelection()?.selectAllChildren(code);
      toast("Copying is not allowed here: the example is selected, press Ctrl+C.");
    }
  });
}

startTheme();
setText(byId("export"), `export HOOKWRIGHT_URL=${location.origin} HOOKWRIGHT_KEY=hwk_…`);
const field = /** @type {HTMLInputElement} */ (byId("search"));
field.addEventListener("input", () => search(field.value));
document.addEventListener("keydown", (event) => {
  const typing = /** @type {HTMLElement} */ (event.target).closest("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
});
for (const button of document.querySelectorAll("[data-copy]")) startCopying(/** @type {HTMLButtonElement} */ (button));
addEventListener("hashchange", openTarget);
openTarget();
document.documentElement.dataset.ready = "";
