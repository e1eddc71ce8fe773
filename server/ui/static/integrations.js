/** The page of integrations: assistants, the calls each may make, and its sessions. */

import { byId, h, icon } from "./dom.js";
import { get } from "./api.js";
import { revealed } from "./outside_text.js";
import { failure, ready, startPage } from "./page.js";
import { sessionList } from "./session_list.js";
import { triggerCard } from "./trigger_card.js";

const PAGE = 200;
/** @type {any[]} */
let assistants = [];
let latest = 0;

/** The assistant that the address names, else the first. */
const chosen = () => assistants.find((each) => each.id === location.hash.slice(1)) ?? assistants[0];

function showPicks() {
  const nav = byId("assistants");
  nav.hidden = assistants.length < 2;
  nav.replaceChildren(...assistants.map((each) => h("a", { class: "assistant-pick", href: `#${each.id}`, "aria-current": each === chosen() ? "true" : null }, ...revealed(each.name))));
}

async function showAssistant() {
  const turn = ++latest;
  const box = byId("assistant");
  const assistant = chosen();
  showPicks();
  if (!assistant) return box.replaceChildren(nothing());
  box.setAttribute("aria-busy", "true");
  const path = `/console/assistants/${encodeURIComponent(assistant.id)}/triggers`;
  const [triggers, sessions] = await Promise.all([get(path, { limit: PAGE }), get("/sessions", { assistant_id: assistant.id, limit: 20 })]);
  if (turn !== latest) return;
  box.replaceChildren(
    h("section", { class: "assistant", "aria-labelledby": "assistant-name" },
      h("div", { class: "assistant-head" }, h("h2", { id: "assistant-name" }, ...revealed(assistant.name)), h("code", { class: "hint" }, assistant.id)),
      assistant.instructions ? h("details", { class: "fold" }, h("summary", {}, icon("chevron"), "Instructions"), h("p", { class: "instructions" }, ...revealed(assistant.instructions))) : null),
    h("section", { "aria-labelledby": "triggers-title" },
      h("div", { class: "section-head" }, h("h2", { id: "triggers-title" }, "Triggers"), h("span", { class: "count" }, String(triggers.total))),
      triggers.items.length ? h("ul", { class: "cards" }, ...triggers.items.map((/** @type {any} */ each) => triggerCard(each, sessions.items, load))) : noTriggers(),
      triggers.total > triggers.items.length ? h("p", { class: "hint" }, `The first ${triggers.items.length} are shown.`) : null),
    sessionList(sessions, assistant.id));
  box.setAttribute("aria-busy", "false");
}

function nothing() {
  byId("assistant").setAttribute("aria-busy", "false");
  return h("div", { class: "empty" },
    h("h2", {}, "No assistants yet"),
    h("p", {}, "An assistant of yours answers your customers, and calls your HTTP APIs while it does. Each call is a trigger: a request with $variables in it."),
    h("ol", { class: "steps" },
      h("li", {}, h("span", {}, "In the console, paste a curl line into the chat: ", h("code", {}, "add this: curl …"))),
      h("li", {}, h("span", {}, "Store its credentials in the vault, each bound to the hosts it may go to.")),
      h("li", {}, "Try the trigger here, before any customer does.")),
    h("div", { class: "actions" }, h("a", { class: "button primary", href: "/" }, "Ask the assistant"), h("a", { class: "button", href: "/docs#api-calls-inside-a-conversation" }, "API reference")));
}

function noTriggers() {
  return h("div", { class: "empty" },
    h("h2", {}, "No triggers yet"),
    h("p", {}, "This assistant can only talk. Give it an API to call: paste a curl line into the console's chat, or import an OpenAPI document."),
    h("div", { class: "actions" }, h("a", { class: "button", href: "/" }, "Ask the assistant"), h("a", { class: "button quiet", href: "/docs#api-calls-inside-a-conversation" }, "API reference")));
}

async function load() {
  const box = byId("assistant");
  try {
    assistants = (await get("/v1/assistants", { limit: PAGE })).items;
    await showAssistant();
  } catch (error) {
    box.setAttribute("aria-busy", "false");
    box.replaceChildren(failure(error, load));
  }
}

async function start() {
  startPage();
  addEventListener("hashchange", load);
  await load();
  ready();
}

void start();
