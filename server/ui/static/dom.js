/** Build and find elements. Text always becomes text nodes; there is no way in here to make markup from a string. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [props] `class`, `on` ({event: handler}), `data` ({key: value}), any other attribute;
 *   `true` sets an empty attribute, `false`, `null` and `undefined` leave it out.
 * @param {...(Node|string|number|null|undefined|false)} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [type, handler] of Object.entries(value)) element.addEventListener(type, handler);
    else if (key === "data") Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Record<string, string|number>} attributes
 * @param {...Node} children
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Draw an icon of the page's sprite. @param {string} name */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

/**
 * Copy a `<template>` and find its `data-part` elements.
 * @param {string} id
 * @returns {{root: any, parts: Record<string, any>}}
 */
export function copyTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const root = /** @type {HTMLElement} */ (document.importNode(template.content, true).firstElementChild);
  const parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [/** @type {HTMLElement} */ (part).dataset.part, part]));
  return { root, parts };
}

/** Find an element that the page always has. @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/** Set text only when it differs, so that a poll never disturbs a selection. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show a state as an icon and a word. @param {HTMLElement} element @param {string} state @param {string} [label] */
export function showState(element, state, label) {
  const text = label ?? { delivered: "Delivered", failed: "Failed", retrying: "Retrying", pending: "Pending", idle: "Idle" }[state] ?? state;
  if (element.dataset.state === state && element.textContent === text) return;
  element.dataset.state = state;
  element.replaceChildren(icon(state === "pending" ? "idle" : state), text);
}

/** A button that runs something once at a time. @param {HTMLButtonElement} button @param {() => Promise<void>} work */
export async function whileBusy(button, work) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
  }
}

/** Say something briefly at the bottom of the page. @param {string} text @param {{label: string, run: () => void}} [action] */
export function toast(text, action) {
  const element = h("div", { class: "toast" }, text);
  if (action) element.append(h("button", { class: "link", type: "button", on: { click: () => { element.remove(); action.run(); } } }, action.label));
  byId("toasts").append(element);
  setTimeout(() => element.remove(), action ? 9000 : 5000);
}
