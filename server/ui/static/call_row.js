/** One call of the log: a line that opens into everything that is known of it. */

import { h, icon, svg } from "./dom.js";
import { errorText, isGood, requestPart, responsePart, tellsMore, variablesPart, warningsPart } from "./call_detail.js";
import { revealed, shortText } from "./outside_text.js";
import { duration, plural, showTime } from "./words.js";

const WIDTH = 96;

/** @param {any} call @param {import("./variable_sources.js").VariableSources} sources */
export function callRow(call, sources) {
  const id = `call-${call.id}`;
  const bar = svg("rect", { class: call.error || !isGood(call.status) ? "bad" : "ok", x: 0, y: 0, width: 2, height: 6, rx: 3 });
  const time = h("time", { class: "when" });
  showTime(time, call.at);
  const warnings = call.warnings?.length ?? 0;
  const button = h("button", { class: "call-row", type: "button", "aria-expanded": "false", "aria-controls": id },
    status(call),
    h("span", { class: "call-what" }, h("b", {}, ...revealed(call.trigger)), h("span", { class: "call-url", dir: "ltr" }, h("span", { class: "method" }, call.request.method), " ", shortText(call.request.url.replace(/^https?:\/\//, "")))),
    h("span", { class: "took" }, svg("svg", { class: "bar", viewBox: `0 0 ${WIDTH} 6`, preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "track", x: 0, y: 0, width: WIDTH, height: 6, rx: 3 }), bar), h("span", { class: "ms" }, duration(call.duration_ms))),
    time, icon("chevron"),
    tellsMore(call.error, call.status) ? h("span", { class: "call-note bad" }, shortText(errorText(call.error))) : null,
    warnings ? h("span", { class: "call-note warn" }, icon("alert"), plural(warnings, "warning")) : null);
  const element = h("li", { data: { id: call.id } }, button);
  button.addEventListener("click", () => toggle(element, button, id, () => detail(call, id, sources)));
  return {
    element,
    /** Scale the bar, and say anew how long ago it was. @param {number} slowest */
    update(slowest) {
      bar.setAttribute("width", String(Math.max(3, Math.round((WIDTH * Math.min(call.duration_ms ?? 0, slowest)) / slowest))));
      showTime(time, call.at);
    },
  };
}

/** @param {any} call */
function status(call) {
  const ok = isGood(call.status) && !call.error;
  const text = call.status ? String(call.status) : "No answer";
  return h("span", { class: "state", data: { state: ok ? "delivered" : "failed" } }, icon(ok ? "delivered" : "failed"), text);
}

/** @param {HTMLElement} item @param {HTMLElement} button @param {string} id @param {() => HTMLElement} make */
function toggle(item, button, id, make) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) document.getElementById(id)?.remove();
  else item.append(make());
}

/** @param {any} call @param {string} id @param {import("./variable_sources.js").VariableSources} sources */
function detail(call, id, sources) {
  return h("div", { class: "call-detail", id },
    h("div", { class: "exchange" }, requestPart(call.request), responsePart({ ...call, headers: call.response_headers, body: call.response_body })),
    variablesPart(call.variables, (name, value) => sources.of(call.trigger_id, name, value)),
    warningsPart(call.warnings),
    h("p", { class: "hint" }, "Call ", h("code", {}, call.id), " · ", new Date(call.at).toISOString()));
}
