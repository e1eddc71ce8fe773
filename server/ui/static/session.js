/** The page of one session: what is known of the customer, what was said, and every call that was made. */

import { byId, h, icon, setText } from "./dom.js";
import { get, sentence } from "./api.js";
import { CallLog } from "./call_log.js";
import { getExact, valueText } from "./exact_json.js";
import { revealed, textBlock } from "./outside_text.js";
import { failure, ready, startPage } from "./page.js";
import { poll } from "./polling.js";
import { talk } from "./session_talk.js";
import { VariableSources } from "./variable_sources.js";
import { showTime } from "./words.js";

const EVERY = 3000;
const id = decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
const path = `/session/${encodeURIComponent(id)}`;
const sources = new VariableSources();
let shown = "";

async function loadSession() {
  const session = await getExact(path);
  const key = JSON.stringify(session);
  if (key === shown) return;
  shown = key;
  showFacts(session);
  sources.clientData = session.client_data ?? {};
  showData(sources.clientData);
  showImages(session.images ?? []);
  const box = byId("talk");
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 40;
  box.replaceChildren(...talk(session));
  if (atEnd) box.scrollTop = box.scrollHeight;
}

/** @param {any} session */
function showFacts(session) {
  const time = h("time");
  showTime(time, session.created_at);
  byId("session-facts").replaceChildren("Opened ", time, ".");
}

/** @param {Record<string, any>} data */
function showData(data) {
  const rows = Object.entries(data);
  byId("client-data").replaceChildren(rows.length
    ? h("dl", { class: "facts data" }, ...rows.flatMap(([name, value]) => [h("dt", {}, h("code", {}, "$", ...revealed(name))), h("dd", {}, textBlock(typeof value === "string" ? value : valueText(value), `Value of ${name}`))]))
    : h("p", { class: "hint" }, "Nothing is known of this customer yet."));
}

/** Pictures are links: the console asks nobody but its own server for anything. @param {string[]} images */
function showImages(images) {
  byId("images-panel").hidden = !images.length;
  byId("images").replaceChildren(...images.map((url, index) => h("li", {}, h("code", {}, `$images[${index}]`), isWeb(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...revealed(url), icon("link")) : h("span", {}, ...revealed(url)))));
}

/** @param {string} url */
const isWeb = (url) => /^https?:\/\//i.test(url);

async function loadAssistant() {
  const { assistant_id: assistantId } = await get(path);
  const known = encodeURIComponent(assistantId);
  const [assistant, triggers] = await Promise.all([get(`/v1/assistants/${known}`), get(`/v1/assistants/${known}/triggers`, { limit: 200 })]);
  sources.learn(triggers.items);
  const link = byId("crumb-assistant");
  link.href = `/console/integrations#${assistantId}`;
  link.replaceChildren(...revealed(assistant.name));
  link.hidden = false;
}

async function start() {
  startPage();
  setText(byId("session-id"), id);
  const log = new CallLog(`${path}/logs`, sources);
  const load = async () => {
    try {
      await Promise.all([loadSession(), log.load()]);
      byId("trouble").hidden = true;
    } catch (error) {
      log.stopLoading();
      byId("trouble").replaceChildren(failure(error, load));
      byId("trouble").hidden = false;
    }
  };
  await load();
  loadAssistant().catch(() => {}); // A deleted assistant's sessions stay readable.
  ready();
  const live = byId("live");
  poll(async () => {
    await Promise.all([loadSession(), log.refresh()]);
    setText(live, "Live");
    live.dataset.ok = "true";
  }, { every: EVERY, failing: (error) => { setText(live, sentence(error)); live.dataset.ok = "false"; } });
}

void start();
