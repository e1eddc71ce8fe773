/** Earlier conversations: the list, and a transcript turned back into turns. */

import { byId, h } from "./dom.js";
import { get, sentence } from "./api.js";
import { Turn, answered, yours } from "./turn.js";
import { showTime } from "./words.js";

const PAGE = 50;

/**
 * Fill the list.
 * @param {string|null} current
 * @param {(id: string, title: string) => void} open
 */
export async function listConversations(current, open) {
  const list = byId("chat-list");
  try {
    const { items } = await get("/v1/chat", { limit: PAGE });
    list.replaceChildren(...items.map((/** @type {any} */ each) => item(each, current, open)));
    if (!items.length) list.replaceChildren(h("p", { class: "hint empty plain" }, "Conversations with the assistant are kept here."));
    list.querySelector("button")?.focus();
  } catch (error) {
    list.replaceChildren(h("p", { class: "trouble" }, sentence(error)));
  }
}

/** @param {any} conversation @param {string|null} current @param {(id: string, title: string) => void} open */
function item(conversation, current, open) {
  const time = h("time");
  showTime(time, conversation.updated_at ?? conversation.created_at);
  const title = conversation.title || "Conversation";
  return h("button", { class: "chat-item", type: "button", "aria-current": conversation.id === current ? "true" : null, on: { click: () => open(conversation.id, title) } }, h("span", {}, title), time);
}

/**
 * Build a stored transcript.
 * @param {any[]} messages
 * @returns {{nodes: HTMLElement[], suggestions: string[], last: Turn|null}}
 */
export function replayed(messages) {
  /** @type {HTMLElement[]} */
  const nodes = [];
  /** @type {Turn|null} */
  let turn = null;
  /** @type {string[]} */
  let suggestions = [];
  const current = () => {
    if (!turn) {
      turn = new Turn();
      nodes.push(turn.element);
    }
    return turn;
  };
  messages.forEach((message, index) => {
    const body = message.body ?? message;
    const text = body.text ?? body.content ?? "";
    if (message.role === "user") {
      turn?.end();
      turn = null;
      suggestions = [];
      nodes.push(yours(text));
    } else if (message.role === "assistant") {
      if (text) current().say(`m${index}`, text);
      for (const call of body.tool_calls ?? []) {
        const id = call.id ?? call.call_id;
        current().call(id, call.name);
        if (call.result) current().take({ type: "TOOL_CALL_RESULT", toolCallId: id, content: call.result });
      }
      suggestions = body.suggestions ?? [];
    } else if (message.role === "tool") {
      current().take({ type: "TOOL_CALL_RESULT", toolCallId: body.call_id ?? body.tool_call_id, content: body.result ?? text });
    } else if (message.role === "answer") current().ask(answered(body.title, outcome(body.value ?? {})));
  });
  /** @type {Turn|null} */ (turn)?.end();
  return { nodes, suggestions, last: turn };
}

/** @param {any} value */
function outcome(value) {
  if (value.dismissed) return "Not answered.";
  if (value.cancelled) return "Closed without saving.";
  if (value.webhook_id) return "Saved.";
  return value.approved ? "You approved this." : "You declined this.";
}
