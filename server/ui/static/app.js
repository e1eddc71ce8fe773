/** Start the page. */

import { byId, h, setText, toast } from "./dom.js";
import { get, onSignedOut, post, sentence } from "./api.js";
import { Chat } from "./chat.js";
import { followLink, openChanges, showBanner } from "./lazy.js";
import { startPicker } from "./perspective_picker.js";
import { loadPerspectives, onChange, refresh, state } from "./state.js";
import { startTheme } from "./theme.js";
import { startList } from "./webhook_list.js";

const POLL = 2500;
const SLOW_POLL = 15000;

/** @param {"webhooks"|"assistant"} view */
function showView(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll("[data-view-button]")) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.viewButton === view));
}

/** Ask again every few seconds while someone looks; more slowly while the server does not answer. */
function poll() {
  let failures = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const again = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(tick, failures ? SLOW_POLL : POLL);
  };
  const tick = async () => {
    try {
      await refresh();
      if (failures > 1) toast("Connected again.");
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 2) toast(sentence(error));
    }
    again();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : tick()));
  again();
}

async function loadMe() {
  state.me = await get("/v1/me");
  setText(byId("workspace"), state.me.workspace?.name ?? "");
  byId("guided").hidden = !state.me.guided;
}

/** What the sign-in page has kept of a link. */
function keptLink() {
  try {
    return localStorage.getItem("hookwright.fix");
  } catch {
    return null;
  }
}

async function start() {
  let leaving = false;
  onSignedOut(() => {
    if (!leaving) location.reload();
    leaving = true;
  });
  startTheme();
  const chat = new Chat({ reveal: () => showView("assistant") });
  startPicker();
  startList(chat);
  onChange(() => { if (state.alerts.total || state.webhooks.some((each) => each.state === "failing") || !byId("banner").hidden) void showBanner(chat); });
  for (const button of document.querySelectorAll("[data-view-button]")) button.addEventListener("click", () => showView(/** @type {any} */ (button).dataset.viewButton));
  byId("open-changes").addEventListener("click", openChanges);
  byId("sign-out").addEventListener("click", () => post("/logout").then(() => location.reload(), (error) => toast(sentence(error))));
  byId("open-changes").setAttribute("aria-label", "Recent changes");
  onChange(() => chat.showWelcome());
  const results = await Promise.allSettled([loadMe(), loadPerspectives(), refresh()]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) {
    byId("cards").setAttribute("aria-busy", "false");
    byId("list-empty").hidden = false;
    byId("list-empty").replaceChildren(h("div", { class: "empty" }, h("h2", {}, "This did not load"), h("p", {}, sentence(failed.reason)), h("button", { class: "button", type: "button", on: { click: () => location.reload() } }, "Try again")));
  }
  performance.mark("hookwright-interactive");
  document.documentElement.dataset.ready = "";
  poll();
  const follow = () => { if (location.hash || keptLink()) void followLink(chat); };
  addEventListener("hashchange", follow);
  follow();
}

void start();
