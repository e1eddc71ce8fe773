/** A trigger's method and its template, with the variables set off. */

import { h } from "./dom.js";
import { revealed } from "./outside_text.js";

const VARIABLE = /\$(?:\$|\{[^}]*\}|[\p{L}_][\p{L}\p{N}_]*(?:[.-][\p{L}\p{N}_]+|\[\d+\])*)/gu;

/** @param {string} name */
export const method = (name) => h("b", { class: "method", data: { writes: String(writes(name)) } }, name);

/** @param {string} name */
export const writes = (name) => name !== "GET";

/** A template with its variables set off. @param {string} text @returns {(Node|string)[]} */
export function template(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(VARIABLE)) {
    nodes.push(...revealed(text.slice(at, match.index)), match[0] === "$$" ? "$$" : h("span", { class: "var" }, ...revealed(match[0])));
    at = match.index + match[0].length;
  }
  return [...nodes, ...revealed(text.slice(at))];
}
