/** A panel from the right with tabs. */

import { copyTemplate, h } from "./dom.js";
import { showDialog } from "./dialogs.js";

/**
 * @param {{title: string, subtitle?: string, tabs: {id: string, label: string, show: (body: HTMLElement) => void}[], first?: string, onClose?: () => void}} options
 * @returns {HTMLDialogElement}
 */
export function openDrawer({ title, subtitle = "", tabs, first, onClose }) {
  const { root, parts } = copyTemplate("t-drawer");
  parts.title.textContent = title;
  parts.subtitle.textContent = subtitle;
  parts.close.addEventListener("click", () => root.close());
  const buttons = tabs.map(({ id, label }) => h("button", { type: "button", role: "tab", id: `tab-${id}`, on: { click: () => choose(id) } }, label));
  if (tabs.length > 1) parts.tabs.append(...buttons);
  else {
    parts.tabs.removeAttribute("role");
    parts.body.removeAttribute("role");
  }
  const choose = (/** @type {string} */ id) => {
    const index = Math.max(0, tabs.findIndex((tab) => tab.id === id));
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === index));
      button.tabIndex = at === index ? 0 : -1;
    });
    if (tabs.length > 1) parts.body.setAttribute("aria-labelledby", `tab-${tabs[index].id}`);
    parts.body.scrollTop = 0;
    parts.body.replaceChildren();
    tabs[index].show(parts.body);
  };
  parts.tabs.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    if (!step || at < 0) return;
    const next = (at + step + tabs.length) % tabs.length;
    choose(tabs[next].id);
    buttons[next].focus();
  });
  showDialog(root, { lightDismiss: true, onClose });
  choose(first ?? tabs[0].id);
  return root;
}
