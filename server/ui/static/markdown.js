/** A small, safe part of Markdown: paragraphs, lists, headings, bold, code, fenced code, https links. Only DOM nodes. */

import { h } from "./dom.js";

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|\[([^\]]+)\]\((https:\/\/[^\s)]+)\)|(?<![\w*])[*_]([^*_\s](?:[^*_]*[^*_\s])?)[*_](?![\w*])/g;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d+[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*)$/;

/** @param {string} text @returns {(Node|string)[]} */
function inline(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, , code, bold, label, href, italic] = match;
    nodes.push(text.slice(at, match.index));
    if (code !== undefined) nodes.push(h("code", {}, code.trim()));
    else if (bold !== undefined) nodes.push(h("strong", {}, ...inline(bold)));
    else if (href !== undefined) nodes.push(h("a", { href, target: "_blank", rel: "noopener noreferrer" }, label));
    else nodes.push(h("em", {}, italic));
    at = match.index + whole.length;
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== "");
}

/** @param {string} text @returns {Node[]} */
export function render(text) {
  /** @type {Node[]} */
  const blocks = [];
  /** @type {string[]} */
  let paragraph = [];
  const lines = text.split("\n");
  const flush = () => {
    if (paragraph.length) blocks.push(h("p", {}, ...inline(paragraph.join("\n"))));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    if (/^\s*```/.test(line)) {
      flush();
      const end = lines.findIndex((each, index) => index > at && /^\s*```/.test(each));
      const stop = end < 0 ? lines.length : end;
      blocks.push(h("pre", {}, h("code", {}, lines.slice(at + 1, stop).join("\n"))));
      at = stop;
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      flush();
      const [pattern, tag] = BULLET.test(line) ? [BULLET, "ul"] : [NUMBER, "ol"];
      const list = h(tag);
      for (; at < lines.length && pattern.test(lines[at]); at++) list.append(h("li", {}, ...inline((/** @type {RegExpExecArray} */ (pattern.exec(lines[at])))[1])));
      at--;
      blocks.push(list);
    } else if (HEADING.test(line)) {
      flush();
      blocks.push(h("h4", {}, ...inline((/** @type {RegExpExecArray} */ (HEADING.exec(line)))[1])));
    } else if (line.trim() === "") flush();
    else paragraph.push(line);
  }
  flush();
  return blocks;
}
