/** The log of calls: newest first, a page at a time. A call never changes, so a refresh only adds rows and closes none. */

import { byId, h } from "./dom.js";
import { callRow } from "./call_row.js";
import { getExact } from "./exact_json.js";
import { failure } from "./page.js";

const PAGE = 50;
const FASTEST_SCALE = 200;

export class CallLog {
  /** @param {string} path @param {import("./variable_sources.js").VariableSources} sources */
  constructor(path, sources) {
    this.path = path;
    this.sources = sources;
    this.offset = 0;
    this.latest = 0;
    /** @type {Map<string, {call: any, row: ReturnType<typeof callRow>}>} */
    this.rows = new Map();
    this.list = byId("calls");
    byId("newer").addEventListener("click", () => this.#turn(-PAGE));
    byId("older").addEventListener("click", () => this.#turn(PAGE));
  }

  /** Read the page that is looked at; an answer that a later question has overtaken is dropped. */
  async load() {
    const turn = ++this.latest;
    const page = await getExact(`${this.path}?limit=${PAGE}&offset=${this.offset}`);
    if (turn === this.latest) this.#show(page);
  }

  /** Read again what can have changed: only the first page grows. */
  async refresh() {
    if (this.offset === 0) await this.load();
  }

  stopLoading() {
    this.list.setAttribute("aria-busy", "false");
    if (!this.rows.size) byId("calls-empty").replaceChildren();
  }

  /** @param {number} step */
  async #turn(step) {
    this.offset = Math.max(0, this.offset + step);
    this.list.setAttribute("aria-busy", "true");
    try {
      await this.load();
      byId("calls-title").scrollIntoView({ block: "nearest" });
    } catch (error) {
      this.offset = Math.max(0, this.offset - step);
      byId("calls-empty").replaceChildren(failure(error, () => this.#turn(step)));
      byId("calls-empty").hidden = false;
      this.list.setAttribute("aria-busy", "false");
    }
  }

  /** @param {any} page */
  #show({ items, total, offset }) {
    const kept = new Map();
    for (const call of items) kept.set(call.id, this.rows.get(call.id) ?? { call, row: callRow(call, this.sources) });
    for (const [id, { row }] of this.rows) if (!kept.has(id)) row.element.remove();
    const slowest = Math.max(FASTEST_SCALE, ...items.map((/** @type {any} */ call) => call.duration_ms ?? 0));
    let at = this.list.firstElementChild;
    for (const { row } of kept.values()) {
      row.update(slowest);
      if (row.element === at) at = at.nextElementSibling;
      else this.list.insertBefore(row.element, at);
    }
    this.rows = kept;
    this.list.setAttribute("aria-busy", "false");
    showRange(items.length, total ?? items.length, offset ?? 0);
  }
}

/** @param {number} count @param {number} total @param {number} offset */
function showRange(count, total, offset) {
  byId("calls-count").textContent = total ? total.toLocaleString("en") : "";
  byId("pager").hidden = total <= PAGE;
  byId("range").textContent = count ? `${(offset + 1).toLocaleString("en")}–${(offset + count).toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
  byId("newer").disabled = offset === 0;
  byId("older").disabled = offset + count >= total;
  byId("calls-empty").hidden = count > 0;
  byId("calls-empty").replaceChildren(h("div", { class: "empty plain" }, h("h2", {}, "No calls yet"), h("p", {}, "As soon as the assistant calls one of its triggers in this session, the request, the response, the variables and the time it took show up here.")));
}
