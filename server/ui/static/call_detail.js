/** One call in full: request, response, variables, warnings. Secrets were masked before they were stored. */

import { h, icon } from "./dom.js";
import { valueText } from "./exact_json.js";
import { revealed, textBlock } from "./outside_text.js";
import { duration, plural } from "./words.js";

const REASONS = /** @type {Record<number, string>} */ ({ 200: "OK", 201: "Created", 202: "Accepted", 204: "No content", 301: "Moved permanently", 302: "Found", 304: "Not modified", 400: "Bad request", 401: "Unauthorized", 403: "Forbidden", 404: "Not found", 409: "Conflict", 410: "Gone", 422: "Unprocessable", 429: "Too many requests", 500: "Server error", 502: "Bad gateway", 503: "Unavailable", 504: "Gateway timeout" });

/** @param {number|null|undefined} status */
export const isGood = (status) => typeof status === "number" && status >= 200 && status < 300;

/** @param {number} status */
export const statusText = (status) => [`HTTP ${status}`, REASONS[status]].filter(Boolean).join(" ");

/**
 * The rendered request.
 * @param {{method: string, url: string, headers?: Record<string, string>|null, body?: any}} request
 */
export function requestPart(request) {
  return part("Request",
    h("p", { class: "request-line", dir: "ltr" }, h("b", { class: "method" }, request.method), " ", h("code", {}, ...revealed(request.url ?? ""))),
    headerList(request.headers),
    hasBody(request.body) ? textBlock(valueText(request.body), "Request body") : null);
}

/** @param {any} body */
const hasBody = (body) => body !== null && body !== undefined && body !== "";

/**
 * What came back, or why nothing did.
 * @param {{status?: number|null, headers?: Record<string, string>|null, body?: any, error?: any, duration_ms?: number|null, attempts?: number}} answer
 */
export function responsePart({ status, headers, body, error, duration_ms: took, attempts = 1 }) {
  const facts = [took === null || took === undefined ? null : duration(took), attempts > 1 ? plural(attempts, "attempt") : null].filter(Boolean).join(" · ");
  const verdict = status ? h("p", { class: "verdict", data: { ok: String(isGood(status)) } }, icon(isGood(status) ? "delivered" : "failed"), h("b", {}, statusText(status)), facts ? h("span", { class: "hint" }, facts) : null) : null;
  return part("Response",
    verdict,
    tellsMore(error, status) ? h("p", { class: "form-error" }, ...revealed(errorText(error)), verdict || !facts ? "" : ` (${facts})`) : null,
    status ? headerFold(headers) : null,
    status ? (hasBody(body) ? textBlock(valueText(body), "Response body") : h("p", { class: "hint" }, "The response has no body.")) : null);
}

/** Whether an error says more than the status does. @param {any} error @param {number|null|undefined} status */
export const tellsMore = (error, status) => Boolean(error) && errorText(error) !== `HTTP ${status}`;

/** @param {any} error */
export function errorText(error) {
  return typeof error === "string" ? error : error?.message ?? JSON.stringify(error);
}

/**
 * @param {Record<string, any>|null|undefined} variables Values by full name.
 * @param {(name: string, value: any) => string} sourceOf
 */
export function variablesPart(variables, sourceOf) {
  const rows = Object.entries(variables ?? {});
  if (!rows.length) return part("Variables used", h("p", { class: "hint" }, "None: the request is the same each time."));
  return part("Variables used", h("div", { class: "table-box" }, h("table", { class: "variables" },
    h("thead", {}, h("tr", {}, ...["Name", "Source", "Value"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rows.map(([name, value]) => h("tr", {},
      h("th", { scope: "row" }, h("code", {}, "$", ...revealed(name))),
      h("td", {}, sourceOf(name, value)),
      h("td", {}, textBlock(typeof value === "string" ? value : valueText(value), `Value of ${name}`))))))));
}

/** @param {string[]|null|undefined} warnings */
export function warningsPart(warnings) {
  if (!warnings?.length) return null;
  return part("Warnings", h("ul", { class: "warnings" }, ...warnings.map((each) => h("li", {}, icon("alert"), h("span", {}, ...revealed(each))))));
}

/** @param {string} title @param {...(Node|null)} children */
export function part(title, ...children) {
  return h("section", { class: "call-part", data: { part: title.toLowerCase() } }, h("h3", {}, title), ...children);
}

/** @param {Record<string, string>|null|undefined} headers */
function headerList(headers) {
  const entries = Object.entries(headers ?? {});
  if (!entries.length) return null;
  return h("dl", { class: "facts mono" }, ...entries.flatMap(([name, value]) => [h("dt", {}, ...revealed(name)), h("dd", {}, ...revealed(String(value)))]));
}

/** @param {Record<string, string>|null|undefined} headers */
function headerFold(headers) {
  const list = headerList(headers);
  if (!list) return null;
  return h("details", { class: "fold" }, h("summary", {}, icon("chevron"), plural(Object.keys(headers ?? {}).length, "response header")), list);
}
