/** Sessions of an assistant, newest first, a page at a time. */

import { h, toast, whileBusy } from "./dom.js";
import { get, sentence } from "./api.js";
import { shortText } from "./outside_text.js";
import { showTime } from "./words.js";

const PAGE = 20;

/** @param {any} page The first page. @param {string} assistantId */
export function sessionList(page, assistantId) {
  const rows = h("ol", { class: "session-rows", "aria-labelledby": "sessions-title" }, ...page.items.map(row));
  const more = h("button", { class: "button small", type: "button" }, "Show older sessions");
  let count = page.items.length;
  more.hidden = count >= page.total;
  more.addEventListener("click", () => whileBusy(more, async () => {
    try {
      const next = await get("/sessions", { assistant_id: assistantId, limit: PAGE, offset: count });
      rows.append(...next.items.map(row));
      count += next.items.length;
      more.hidden = count >= next.total || !next.items.length;
    } catch (error) {
      toast(sentence(error));
    }
  }));
  return h("section", { "aria-labelledby": "sessions-title" },
    h("div", { class: "section-head" }, h("h2", { id: "sessions-title" }, "Sessions"), h("span", { class: "count" }, page.total.toLocaleString("en"))),
    page.items.length ? rows : h("p", { class: "hint" }, "No customer has talked to this assistant yet. ", h("code", {}, "POST /session"), " opens a session."),
    more);
}

/** @param {any} session */
function row(session) {
  const time = h("time", { class: "when" });
  showTime(time, session.updated_at ?? session.created_at);
  const known = Object.entries(session.client_data ?? {});
  return h("li", {}, h("a", { class: "session-row", href: `/console/sessions/${encodeURIComponent(session.id)}` },
    h("code", {}, session.id),
    h("span", { class: "known" }, known.length ? shortText(known.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · "), 160) : "no client data"),
    time));
}
