/** A table of what changes: field, before → after. */

import { h } from "./dom.js";
import { fieldLabel, valueText } from "./words.js";

/** Whether the object itself goes. @param {{field: string, after: any}} change */
export function isRemoval({ field, after }) {
  return field === "webhook" && after === null;
}

/** @param {string} field @param {any} after */
function becomes(field, after) {
  return [h("span", { class: "arrow", role: "img", "aria-label": "becomes" }, "→"), h("ins", {}, valueText(field, after))];
}

/** @param {{field: string, before: any, after: any}[]} changes */
export function diffTable(changes) {
  const rows = changes.map(({ field, before, after }) => h("tr", {},
    h("th", { scope: "row" }, fieldLabel(field)),
    h("td", {}, h("del", {}, valueText(field, before)), ...(isRemoval({ field, after }) ? [] : becomes(field, after)))));
  return h("table", { class: "diff" }, h("tbody", {}, ...rows));
}

/**
 * Changed fields of two states of an object, either of which may be missing.
 * @param {Record<string, any>|null} before
 * @param {Record<string, any>|null} after
 */
export function changesBetween(before, after) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
    .map((field) => ({ field, before: before?.[field] ?? null, after: after?.[field] ?? null }));
}
