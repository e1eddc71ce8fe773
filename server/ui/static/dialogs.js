/** Native dialogs: opened on the page, removed from it (with whatever was typed) when they close. */

import { copyTemplate, toast } from "./dom.js";

/**
 * Show a dialog; it leaves the document when it closes, and focus goes back to where it was.
 * @param {HTMLDialogElement} root
 * @param {{onClose?: () => void, lightDismiss?: boolean}} [options]
 */
export function showDialog(root, { onClose, lightDismiss = false } = {}) {
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  root.addEventListener("close", () => {
    wipe(root);
    root.remove();
    onClose?.();
    // The browser has given the focus back by then, and it may have gone on from there.
    if (document.activeElement === document.body && before?.isConnected) before.focus();
  }, { once: true });
  if (lightDismiss) root.addEventListener("pointerdown", (event) => { if (event.target === root) root.close(); });
  document.body.append(root);
  root.showModal();
}

/** Forget everything typed, secrets first of all. @param {ParentNode} root */
export function wipe(root) {
  for (const field of root.querySelectorAll("input, textarea")) {
    /** @type {HTMLInputElement} */ (field).value = "";
    field.removeAttribute("value");
  }
}

/** Show a signing secret this one time. @param {string} name @param {string} secret @param {string} [note] */
export function showSecret(name, secret, note = "") {
  const { root, parts } = copyTemplate("t-secret");
  parts.title.textContent = `Signing secret for ${name}`;
  parts.explanation.textContent = `Every delivery is signed with it. Your endpoint uses it to verify that a request really comes from here. ${note}`.trim();
  parts.value.textContent = secret;
  parts.copy.addEventListener("click", () => copy(parts.value, parts["copy-label"]));
  parts.done.addEventListener("click", () => root.close());
  showDialog(root, { onClose: () => { parts.value.textContent = ""; } });
  parts.copy.focus();
}

/** @param {HTMLElement} source @param {HTMLElement} label */
async function copy(source, label) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    label.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(source);
    toast("Copying is not allowed here: the secret is selected, press Ctrl+C.");
  }
}

/**
 * Ask before something that cannot be taken back lightly.
 * @param {{title: string, text: string, action: string}} question
 * @returns {Promise<boolean>}
 */
export function confirmFirst({ title, text, action }) {
  const { root, parts } = copyTemplate("t-confirm");
  parts.title.textContent = title;
  parts.text.textContent = text;
  parts.yes.textContent = action;
  return new Promise((resolve) => {
    let answer = false;
    parts.yes.addEventListener("click", () => { answer = true; root.close(); });
    parts.no.addEventListener("click", () => root.close());
    showDialog(root, { onClose: () => resolve(answer) });
  });
}
