/** Read an AG-UI event stream from a POST (EventSource can only GET). */

import { send } from "./api.js";

/**
 * Yield the events of one run in order.
 * @param {string} path
 * @param {unknown} body
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<any>}
 */
export async function* eventsOf(path, body, signal) {
  const response = await send("POST", path, { body, accept: "text/event-stream", signal });
  if (!(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
    yield* eventsOfReply(await response.json());
    return;
  }
  let pending = "";
  const reader = /** @type {any} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const blocks = (pending + value).split(/\r?\n\r?\n/);
    pending = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
  const last = parse(pending);
  if (last) yield last;
}

/** @param {string} block */
function parse(block) {
  const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
  return data ? JSON.parse(data) : null;
}

/** The same events for an answer that came whole. @param {any} reply */
function* eventsOfReply(reply) {
  yield { type: "RUN_STARTED", threadId: reply.conversation_id };
  for (const [index, call] of (reply.tool_calls ?? []).entries()) {
    const toolCallId = call.id ?? `call-${index}`;
    yield { type: "TOOL_CALL_START", toolCallId, toolCallName: call.name };
    if (call.result !== undefined && call.result !== null) yield { type: "TOOL_CALL_RESULT", toolCallId, content: JSON.stringify(call.result) };
  }
  if (reply.reply) {
    yield { type: "TEXT_MESSAGE_START", messageId: "reply", role: "assistant" };
    yield { type: "TEXT_MESSAGE_CONTENT", messageId: "reply", delta: reply.reply };
    yield { type: "TEXT_MESSAGE_END", messageId: "reply" };
  }
  if (reply.suggestions?.length) yield { type: "CUSTOM", name: "hookwright.suggestions", value: reply.suggestions };
  if (reply.interrupt) yield { type: "CUSTOM", name: "hookwright.interrupt", value: reply.interrupt };
  yield { type: "RUN_FINISHED", threadId: reply.conversation_id };
}
