/** JSON without loss: numbers beyond 2^53 stay as they were written, texts are indented without being read into values. */

import { send } from "./api.js";

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const CLOSING = new Set(["}", "]"]);
const LONGEST = 262144;
const DEEPEST = 40;

/** Keep how a number was written where the browser can. @param {string} _key @param {any} value @param {any} context */
function exactly(_key, value, context) {
  const rawJSON = /** @type {any} */ (JSON).rawJSON;
  if (typeof value === "number" && context?.source && rawJSON && String(value) !== context.source) return rawJSON(context.source);
  return value;
}

/** @param {string} text @returns {any} */
export const parseExact = (text) => JSON.parse(text, /** @type {any} */ (exactly));

/** @param {string} path @returns {Promise<any>} */
export async function getExact(path) {
  return parseExact(await (await send("GET", path)).text());
}

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export async function postExact(path, body) {
  return parseExact(await (await send("POST", path, { body })).text());
}

/** Indent a JSON text; null when it is none, or too long to be read by a person anyway. @param {string} text */
export function indented(text) {
  if (text.length > LONGEST || !/^\s*[{[]/.test(text)) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return layOut(text.match(TOKEN) ?? []);
}

/** @param {string[]} tokens */
function layOut(tokens) {
  const out = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  tokens.forEach((token, at) => {
    if (token === "{" || token === "[") {
      const empty = CLOSING.has(tokens[at + 1]);
      depth += 1;
      out.push(token, empty ? "" : line());
    } else if (CLOSING.has(token)) {
      const empty = tokens[at - 1] === "{" || tokens[at - 1] === "[";
      depth -= 1;
      out.push(empty ? "" : line(), token);
    } else out.push(token === "," ? `,${line()}` : token === ":" ? ": " : token);
  });
  return out.join("");
}

/** A value of the API as text for a person: texts as they are (JSON in them indented), all else as indented JSON. @param {any} value */
export function valueText(value) {
  if (typeof value === "string") return indented(value) ?? value;
  return JSON.stringify(value, null, 2) ?? "";
}
