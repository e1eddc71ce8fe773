/** The assistant's panel: sends messages, shows the stream, asks what a turn waits for. */

import { byId, h, icon, setText } from "./dom.js";
import { get, sentence } from "./api.js";
import { eventsOf } from "./events.js";
import { listConversations, replayed } from "./lazy.js";
import { question } from "./question.js";
import { perspective, refresh, state } from "./state.js";
import { Turn, yours } from "./turn.js";

const NEAR_END = 80;
const REOPEN = 1500;
const WELCOME = ["Set up a webhook on this perspective", "Which webhooks are failing?", "Which tags are available for this perspective?"];
const WELCOME_ALL = ["Set up a webhook", "Which webhooks are failing?", "Which events can I receive?"];

export class Chat {
  /** @param {{reveal: () => void}} options `reveal` brings the panel into view on small screens. */
  constructor({ reveal }) {
    this.reveal = reveal;
    this.transcript = byId("transcript");
    this.message = byId("message");
    this.sendButton = byId("send");
    /** @type {string|null} */
    this.conversation = null;
    /** @type {AbortController|null} */
    this.running = null;
    /** @type {{dismiss: () => void, settle: (declined: boolean) => void, turn: Turn}|null} */
    this.pending = null;
    /** A question that was closed by typing: the message may turn out to be its answer. @type {typeof this.pending} */
    this.closed = null;
    byId("composer").addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.#submit(); });
    this.message.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); }
    });
    byId("chat-new").addEventListener("click", () => this.reset());
    byId("chat-history").addEventListener("click", () => this.#history());
    this.showWelcome();
  }

  /** Send a message. @param {string} text */
  ask(text) {
    if (this.running) return;
    this.reveal();
    this.#showList(false);
    this.pending?.dismiss();
    this.closed = this.pending;
    this.pending = null;
    if (!this.conversation) setText(byId("chat-title"), text);
    this.#append(yours(text));
    const body = { message: text, ...(this.conversation ? { conversation_id: this.conversation } : {}), ...(state.perspectiveId ? { perspective_id: state.perspectiveId } : {}) };
    void this.#run("/v1/chat", body, this.#newTurn());
  }

  /** Open a new conversation that already holds a diagnosis. @param {any} webhook */
  fix(webhook) {
    if (this.running) return;
    this.reset();
    this.reveal();
    setText(byId("chat-title"), `Fix ${webhook.name}`);
    this.#append(yours(`Fix it: what is wrong with “${webhook.name}”?`));
    void this.#run(`/v1/webhooks/${encodeURIComponent(webhook.id)}/fix`, {}, this.#newTurn());
    this.message.focus();
  }

  /** @param {string} id @param {string} title */
  async open(id, title) {
    this.reset();
    try {
      const stored = await get(`/v1/chat/${encodeURIComponent(id)}`);
      const { nodes, suggestions, last } = await replayed(stored.messages ?? []);
      this.conversation = id;
      setText(byId("chat-title"), stored.title || title);
      this.transcript.replaceChildren(...nodes);
      this.#suggest(stored.suggestions ?? suggestions);
      // Another tab, or a stream that broke, may have left the answer under way: look again soon.
      if (stored.answering) setTimeout(() => { if (this.conversation === id && !this.running) void this.open(id, title); }, REOPEN);
      if (stored.interrupt) this.#ask(stored.interrupt, last ?? this.#newTurn(), { open: false });
      requestAnimationFrame(() => this.#scroll(true));
    } catch (error) {
      this.#append(h("p", { class: "trouble" }, sentence(error)));
    }
    this.message.focus();
  }

  reset() {
    this.running?.abort();
    this.#showList(false);
    this.conversation = null;
    this.pending = this.closed = null;
    this.transcript.replaceChildren();
    setText(byId("chat-title"), "Assistant");
    this.showWelcome();
    this.message.focus();
  }

  /** Greet as long as nothing has been said; the greeting follows the chosen perspective. */
  showWelcome() {
    if (this.conversation || this.running || this.transcript.querySelector(".you, .turn")) return;
    const name = perspective(state.perspectiveId)?.name ?? "";
    if (this.transcript.dataset.welcome === name && this.transcript.childElementCount) return;
    this.transcript.dataset.welcome = name;
    this.transcript.replaceChildren(h("div", { class: "welcome" },
      h("h3", {}, "What should your webhooks do?"),
      h("p", {}, `I can set webhooks up${name ? ` on ${name}` : ""}, choose what they send, test them, and find out why one fails.`),
      h("p", {}, "Paste a curl command, and an assistant of yours can make that call."),
      h("p", { class: "hint" }, "Every change shows what it was before, and can be undone. Secrets go into a form, never into this chat.")));
    this.#suggest(name ? WELCOME : WELCOME_ALL);
  }

  #submit() {
    if (this.running) return this.running.abort();
    const text = this.message.value.trim();
    if (!text) return;
    this.message.value = "";
    this.ask(text);
  }

  #history() {
    const visible = byId("chat-list").hidden;
    this.#showList(visible);
    if (visible) void listConversations(this.conversation, (id, title) => this.open(id, title));
  }

  /** Show the earlier conversations in place of the transcript. @param {boolean} visible */
  #showList(visible) {
    byId("chat-list").hidden = !visible;
    byId("transcript").hidden = visible;
    byId("chat-history").setAttribute("aria-expanded", String(visible));
  }

  #newTurn() {
    const turn = new Turn();
    this.#append(turn.element);
    return turn;
  }

  /** @param {string} path @param {unknown} body @param {Turn} turn */
  async #run(path, body, turn) {
    const controller = new AbortController();
    this.running = controller;
    this.#busy(true);
    this.#suggest([]);
    try {
      for await (const event of eventsOf(path, body, controller.signal)) {
        if (controller.signal.aborted) break;
        this.#take(event, turn);
      }
    } catch (error) {
      if (!controller.signal.aborted) turn.fail(sentence(error));
    }
    turn.end();
    if (this.running === controller) {
      this.running = null;
      this.#busy(false);
    }
    this.#scroll();
    void refresh().catch(() => {});
  }

  /** @param {any} event @param {Turn} turn */
  #take(event, turn) {
    const follow = this.#atEnd();
    if (event.type === "RUN_STARTED") this.conversation = event.threadId ?? this.conversation;
    else if (event.type === "CUSTOM" && event.name === "hookwright.suggestions") this.#suggest(event.value);
    else if (event.type === "CUSTOM" && event.name === "hookwright.interrupt") this.#ask(event.value, turn);
    else if (!this.#settle(event)) turn.take(event);
    if (event.type === "CUSTOM" && event.name === "hookwright.changes") void refresh().catch(() => {});
    if (follow) requestAnimationFrame(() => this.#scroll(true));
  }

  /** Show the result of a call that waited where it was asked for. @param {any} event @returns {boolean} */
  #settle(event) {
    const chip = event.type === "TOOL_CALL_RESULT" ? this.closed?.turn.chips.get(event.toolCallId) : null;
    if (!chip) return false;
    this.closed?.turn.take(event);
    this.closed?.settle(chip.element.dataset.status === "waiting");
    return true;
  }

  /** @param {any} interrupt @param {Turn} turn @param {{open?: boolean}} [options] */
  #ask(interrupt, turn, options) {
    const conversation = this.conversation;
    const asked = question(interrupt, (value) => {
      this.pending = null;
      if (this.conversation !== conversation || !conversation) return;
      void this.#resume(`/v1/chat/${encodeURIComponent(conversation)}/resume`, { interrupt_id: interrupt.id, value }, turn);
    }, options);
    this.pending = { ...asked, turn };
    turn.ask(asked.element);
    this.#scroll(true);
  }

  /** A turn may still be ending when its question is answered. @param {string} path @param {unknown} body @param {Turn} turn */
  async #resume(path, body, turn) {
    while (this.running) await new Promise((resolve) => setTimeout(resolve, 20));
    turn.begin();
    await this.#run(path, body, turn);
  }

  /** @param {string[]} texts */
  #suggest(texts) {
    byId("suggestions").replaceChildren(...texts.map((text) => h("button", { class: "suggestion", type: "button", on: { click: () => { this.ask(text); this.message.focus(); } } }, text)));
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.transcript.setAttribute("aria-busy", String(busy));
    this.sendButton.setAttribute("aria-label", busy ? "Stop" : "Send");
    this.sendButton.replaceChildren(icon(busy ? "stop" : "send"));
  }

  /** @param {Node} node */
  #append(node) {
    this.transcript.querySelector(".welcome")?.remove();
    this.transcript.append(node);
    this.#scroll(true);
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.transcript;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  /** @param {boolean} [always] */
  #scroll(always = false) {
    if (always || this.#atEnd()) this.transcript.scrollTop = this.transcript.scrollHeight;
  }
}
