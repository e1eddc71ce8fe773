/** A table of what changes: field, before → after. */

import { h } from "./dom.js";
import { perspective } from "./state.js";
import { fieldLabel, valueText } from "./words.js";

// What every webhook has, and nobody asks about when one appears or goes.
const ORDINARY = ["description", "enabled", "profile", "retry", "timeout_ms", "auto_disable_hours", "circuit_breaker", "operational"];

/** Whether the object itself goes. @param {{field: string, after: any}} change */
export function isRemoval({ field, after }) {
  return ["webhook", "trigger", "assistant"].includes(field) && after === null;
}

/** @param {string} field @param {any} value */
const text = (field, value) => (field === "perspective_id" && perspective(value)?.name) || valueText(field, value);

/** A webhook that appears or goes as a whole has one side only. @param {{field: string, before: any, after: any}[]} changes */
function oneSide(changes) {
  const url = changes.find(({ field }) => field === "url");
  if (url?.before === null) return "after";
  return url?.after === null ? "before" : null;
}

/** @param {{field: string, before: any, after: any}} change */
function bothSides({ field, before, after }) {
  const gone = h("del", {}, text(field, before));
  return isRemoval({ field, after }) ? [gone] : [gone, h("span", { class: "arrow", role: "img", "aria-label": "becomes" }, "→"), h("ins", {}, text(field, after))];
}

/** @param {{field: string, before: any, after: any}[]} changes */
export function diffTable(changes) {
  const side = oneSide(changes);
  // Of an API call the description matters: an assistant goes by it.
  const ordinary = changes.some(({ field }) => field === "method") ? [] : ORDINARY;
  const shown = side ? changes.filter((each) => !ordinary.includes(each.field) && text(each.field, each[side]) !== "none") : changes;
  const rows = shown.map((each) => h("tr", {},
    h("th", { scope: "row" }, fieldLabel(each.field)),
    h("td", {}, ...(side ? [h(side === "after" ? "ins" : "del", {}, text(each.field, each[side]))] : bothSides(each)))));
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
