/** One answer of the assistant, built up from the events of its run. */

import { h, icon } from "./dom.js";
import { render } from "./markdown.js";
import { ToolChip } from "./tool_chip.js";

export class Turn {
  constructor() {
    this.waiting = h("div", { class: "thinking", role: "img", "aria-label": "The assistant is working" }, h("i"), h("i"), h("i"));
    this.element = h("div", { class: "turn" });
    this.begin();
    /** @type {Map<string, {text: string, element: HTMLElement, due: boolean}>} */
    this.texts = new Map();
    /** @type {Map<string, ToolChip>} */
    this.chips = new Map();
  }

  /** @param {any} event */
  take(event) {
    switch (event.type) {
      case "TEXT_MESSAGE_CONTENT":
      case "TEXT_MESSAGE_CHUNK": return this.say(event.messageId, event.delta ?? "");
      case "TOOL_CALL_START": return this.call(event.toolCallId, event.toolCallName);
      case "TOOL_CALL_RESULT": return this.chips.get(event.toolCallId)?.finish(parsed(event.content));
      case "RUN_ERROR": return this.fail(event.message);
      case "CUSTOM": if (event.name === "hookwright.changes") this.record(event.value);
    }
  }

  /** @param {string} id @param {string} delta */
  say(id, delta) {
    let text = this.texts.get(id);
    if (!text) {
      text = { text: "", element: h("div", { class: "prose" }), due: false };
      this.texts.set(id, text);
      this.#add(text.element);
    }
    text.text += delta;
    if (text.due) return;
    text.due = true;
    requestAnimationFrame(() => this.#draw(id));
  }

  /** @param {string} id @param {string} name */
  call(id, name) {
    if (this.chips.has(id)) return;
    const chip = new ToolChip(name);
    this.chips.set(id, chip);
    const last = this.waiting.parentNode ? this.waiting.previousElementSibling : this.element.lastElementChild;
    // Calls that follow each other share a line as long as they are short.
    if (last?.classList.contains("tools")) last.append(chip.element);
    else this.#add(h("div", { class: "tools" }, chip.element));
  }

  /** Changes that no tool result has named yet get an Undo on the last tool. @param {any[]} changes */
  record(changes) {
    const chips = [...this.chips.values()];
    for (const change of [changes].flat()) {
      if (!change?.id || chips.some((chip) => chip.changeIds.includes(change.id))) continue;
      chips.at(-1)?.offerUndo(change.id, change.undoable !== false);
    }
  }

  /** @param {string} message */
  fail(message) {
    this.#add(h("p", { class: "trouble" }, message));
  }

  /** @param {Node} node */
  ask(node) {
    this.#add(node);
  }

  /** Show that more is coming. */
  begin() {
    this.element.append(this.waiting);
  }

  /** Show all that was said, also when the next frame is far off, as in a tab behind others. */
  end() {
    for (const id of this.texts.keys()) this.#draw(id);
    this.waiting.remove();
    for (const chip of this.chips.values()) chip.pause();
  }

  /** @param {string} id */
  #draw(id) {
    const text = this.texts.get(id);
    if (!text?.due) return;
    text.due = false;
    text.element.replaceChildren(...render(text.text));
  }

  /** @param {Node} node */
  #add(node) {
    if (this.waiting.parentNode) this.waiting.before(node);
    else this.element.append(node);
  }
}

/** @param {any} content */
function parsed(content) {
  if (typeof content !== "string") return content;
  try {
    return JSON.parse(content);
  } catch {
    return {};
  }
}

/** A message of the person. @param {string} text */
export function yours(text) {
  return h("div", { class: "you" }, h("span", { class: "visually-hidden" }, "You: "), text);
}

/** A question that has been answered. @param {string} title @param {string} outcome */
export function answered(title, outcome) {
  return h("div", { class: "ask" }, h("h3", {}, icon("idle"), title), h("p", { class: "outcome" }, outcome));
}
