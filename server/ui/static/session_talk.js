/** The conversation of a session as it was: texts as texts, calls of triggers as short lines. */

import { h, icon } from "./dom.js";
import { textBlock } from "./outside_text.js";

/** @param {any[]} messages */
export function talk(messages) {
  if (!messages.length) return [h("p", { class: "hint" }, "Nothing has been said yet.")];
  return messages.flatMap(entry).filter(Boolean);
}

/** @param {any} message @returns {(Node|null)[]} */
function entry(message) {
  const text = message.text ?? message.content ?? "";
  if (message.role === "user") return [said("you", "Customer", text), ...(message.images ?? []).map((/** @type {string} */ url) => h("p", { class: "talk-line" }, icon("link"), h("span", {}, "Image: ", url)))];
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
  return line(call.result === null ? "idle" : failed ? "failed" : "delivered", [call.name, outcome].filter(Boolean).join(" · "));
}

/** @param {string} symbol @param {string} text */
const line = (symbol, text) => h("p", { class: "talk-line", data: { outcome: symbol } }, icon(symbol), h("span", {}, text));

/** @param {any} result */
function parsed(result) {
  if (typeof result !== "string") return result;
  try {
    return JSON.parse(result);
  } catch {
    return null;
  }
}
