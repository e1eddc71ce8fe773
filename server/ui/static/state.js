/** What the page knows now, and who wants to hear when it changes. */

import { get } from "./api.js";

export const state = {
  /** @type {any} */ me: null,
  /** @type {any[]} */ perspectives: [],
  /** @type {string} */ perspectiveId: "",
  /** @type {any[]} */ webhooks: [],
  total: 0,
  /** What is open and needs attention, of all of the workspace. @type {{items: any[], total: number}} */ alerts: { items: [], total: 0 },
  loaded: false,
};

const PAGE = 200;
/** @type {Set<() => void>} */
const listeners = new Set();
let latest = 0;

/** @param {() => void} listener */
export function onChange(listener) {
  listeners.add(listener);
}

export function announce() {
  for (const listener of listeners) listener();
}

/** Read the webhooks again; an answer that a later question has overtaken is dropped. */
export async function refresh() {
  const turn = ++latest;
  const [page, alerts] = await Promise.all([get("/v1/webhooks", { perspective_id: state.perspectiveId, limit: PAGE }), get("/v1/alerts", { open: "true" })]);
  if (turn !== latest) return;
  state.alerts = alerts;
  state.webhooks = page.items;
  state.total = page.total;
  state.loaded = true;
  announce();
}

export async function loadPerspectives() {
  state.perspectives = (await get("/v1/perspectives", { limit: PAGE })).items;
  announce();
}

/** @param {string} id Empty for all webhooks. */
export async function choosePerspective(id) {
  state.perspectiveId = id;
  state.loaded = false;
  announce();
  await refresh();
}

/** @param {string|null|undefined} id */
export function perspective(id) {
  return state.perspectives.find((each) => each.id === id) ?? null;
}

/** @param {string|null|undefined} id */
export function webhook(id) {
  return state.webhooks.find((each) => each.id === id) ?? null;
}
