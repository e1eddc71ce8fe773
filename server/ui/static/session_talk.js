/** The conversation of a session as it was: texts as texts, calls of triggers as short lines. */

import { h, icon } from "./dom.js";
import { revealed, shortText, textBlock } from "./outside_text.js";

/** @param {{messages?: any[], interrupt?: any, answering?: boolean}} session */
export function talk({ messages = [], interrupt, answering }) {
  if (!messages.length) return [h("p", { class: "hint" }, "Nothing has been said yet. Your application sends what the customer says: POST /session/{id}/messages.")];
  const now = interrupt ? line("alert", `Waits for an answer: ${interrupt.title ?? "a question"}`) : answering ? line("retrying", "The assistant is answering…") : null;
  return [...messages.flatMap(entry), now].filter(Boolean);
}

/** @param {any} message @returns {(Node|null)[]} */
function entry(message) {
  const text = message.text ?? message.content ?? "";
  if (message.role === "user") return [said("you", "Customer", text), ...(message.images ?? []).map((/** @type {string} */ url) => h("p", { class: "talk-line" }, icon("link"), h("span", {}, "Image: ", ...revealed(url))))];
  if (message.role === "assistant") return [text ? said("reply", "Assistant", text) : null, ...(message.tool_calls ?? []).map(called)];
  if (message.role === "answer") return [line("key", `${message.title ?? "Question"}: ${message.value?.approved ? "approved" : message.value?.dismissed ? "not answered" : "declined"}`)];
  if (message.role === "note") return [said("note", "Note", text)];
  return [];
}

/** @param {string} kind @param {string} who @param {string} text */
function said(kind, who, text) {
  return h("div", { class: `said ${kind}` }, h("span", { class: "who" }, who), textBlock(text, `${who} said`));
}

/** @param {any} call */
function called(call) {
  const result = parsed(call.result);
  const failed = result?.ok === false || (typeof result?.status === "number" && result.status >= 400);
  const outcome = result?.status ? `HTTP ${result.status}` : result?.class ?? "";
  const known = Object.keys(call.arguments ?? {}).length ? shortText(JSON.stringify(call.arguments), 160) : null;
  return line(call.result === null ? "idle" : failed ? "failed" : "delivered", [call.name, outcome].filter(Boolean).join(" · "), known);
}

/** @param {string} symbol @param {string} text @param {Node|null} [more] */
const line = (symbol, text, more = null) => h("p", { class: "talk-line", data: { outcome: symbol } }, icon(symbol), h("span", {}, ...revealed(text), more ? " " : null, more ? h("code", {}, more) : null));

/** @param {any} result */
function parsed(result) {
  if (typeof result !== "string") return result;
  try {
    return JSON.parse(result);
  } catch {
    return null;
  }
}
