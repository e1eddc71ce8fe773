/** Text from outside: always text nodes, in capped pieces, and what hides or reorders other text is shown for what it is. */

import { h } from "./dom.js";

// Controls, zero-width and direction marks, tags. Not the joiners, which scripts and emoji need.
const HIDDEN = /([\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}])\1*/gu;
const FIRST = 8192;
const MORE = 65536;

/** Text with its hidden marks as visible ones. @param {string} text @returns {(Node|string)[]} */
export function revealed(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(HIDDEN)) {
    nodes.push(text.slice(at, match.index), mark(match[0]));
    at = match.index + match[0].length;
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== "");
}

/** @param {string} run One character, once or more. */
function mark(run) {
  const count = [...run].length;
  const code = `U+${(run.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  return h("span", { class: "hidden-mark", title: "Invisible, or changes the order of what follows" }, count > 1 ? `${code} ×${count}` : code);
}

/** A block of text that may be long: a piece at first, the rest on demand. @param {string} text @param {string} label */
export function textBlock(text, label) {
  const block = h("pre", { class: "outside", dir: "ltr", tabindex: "0", role: "group", "aria-label": label });
  const box = h("div", { class: "outside-box" }, block);
  let shown = 0;
  const more = h("button", { class: "link", type: "button" });
  const show = (/** @type {number} */ size) => {
    const end = boundary(text, shown + size);
    block.append(...revealed(text.slice(shown, end)));
    shown = end;
    more.hidden = shown >= text.length;
    more.textContent = `Show more: ${(text.length - shown).toLocaleString("en")} characters left`;
  };
  more.addEventListener("click", () => {
    show(MORE);
    if (more.hidden) block.focus();
  });
  show(FIRST);
  if (!more.hidden) box.append(more);
  return box;
}

/** Never cut a character in two. @param {string} text @param {number} at */
function boundary(text, at) {
  if (at >= text.length) return text.length;
  const unit = text.charCodeAt(at - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? at + 1 : at;
}

/** One short text of outside, cut when it is not. @param {string} text @param {number} [most] */
export function shortText(text, most = 300) {
  const cut = text.length > most ? text.slice(0, boundary(text, most)) : text;
  return h("bdi", { title: null }, ...revealed(cut.replaceAll("\n", " ")), cut === text ? "" : "…");
}
