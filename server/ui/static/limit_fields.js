/** The form's numbers: retries, time limits, limits of requests, and what happens to an endpoint that fails. */

import { h } from "./dom.js";

/** `key` is the one in a setting that is an object; `units`, how many of the form's units are one of the setting's. */
const NUMBERS = /** @type {{label: string, setting: string, key?: string, units?: number, empty?: string, hint?: string}[]} */ ([
  { label: "Retries", setting: "retry", key: "max_retries" },
  { label: "Timeout (ms)", setting: "timeout_ms" },
  { label: "Requests per second", setting: "rate_limit_per_second", empty: "No limit" },
  { label: "Requests at a time", setting: "max_in_flight", empty: "No limit" },
  { label: "Pause after failures in a row", setting: "circuit_breaker", key: "consecutive_failures", empty: "10" },
  { label: "First pause (s)", setting: "circuit_breaker", key: "cool_down_seconds", empty: "30" },
  { label: "Pause from % failing", setting: "circuit_breaker", key: "failure_share", units: 100, empty: "75" },
  { label: "Attempts before % counts", setting: "circuit_breaker", key: "minimum_attempts", empty: "20", hint: "With fewer recent attempts, no percentage pauses it." },
  { label: "Disable after failing (h)", setting: "auto_disable_hours", empty: "0 for never" },
]);
const NEVER = new Set(["rate_limit_per_second", "max_in_flight", "auto_disable_hours"]);

/** What can be set of deliveries, for drafts that somebody else has begun. */
export const LIMITS = [...new Set(NUMBERS.map(({ setting }) => setting))];

/**
 * Add the numbers to the form, filled in, and tell how to read those that were changed.
 * @param {HTMLElement} home Where they go, two in a row.
 * @param {any} start
 * @param {boolean} editing Whether the API lays what was changed over what is stored, or `start` is all there is.
 */
export function limitFields(home, start, editing) {
  const inputs = NUMBERS.map((number) => numberInput(number, start));
  const before = inputs.map((input) => input.value);
  const fields = NUMBERS.map(({ label, setting, key, hint }, index) =>
    h("div", { class: "field", data: { field: key ? `${setting}.${key}` : setting } }, h("label", { for: inputs[index].id }, label), inputs[index], hint && h("p", { class: "hint" }, hint)));
  for (let index = 0; index < fields.length; index += 2) home.append(h("div", { class: "pair numbers" }, ...fields.slice(index, index + 2)));
  return { read: () => changed(inputs.map((input) => input.value), before, editing ? {} : start) };
}

/** @param {(typeof NUMBERS)[number]} number @param {any} start @returns {HTMLInputElement} */
function numberInput({ setting, key, units = 1, empty = "Default" }, start) {
  const value = key ? start[setting]?.[key] : start[setting];
  const input = h("input", { id: `f-${key ?? setting}`, type: "number", inputmode: "decimal", step: "any", placeholder: empty });
  input.value = value === null || value === undefined ? "" : String(+(value * units).toPrecision(6));
  return input;
}

/** @param {string[]} texts @param {string[]} before @param {any} base What objects begin with. */
function changed(texts, before, base) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const [index, { setting, key, units = 1 }] of NUMBERS.entries()) {
    const text = texts[index];
    if (text === before[index]) continue;
    const value = text === "" ? null : Number(text) / units;
    if (key) body[setting] = value === null ? (body[setting] ?? null) : { ...(body[setting] ?? base[setting]), [key]: value };
    else body[setting] = value === 0 && NEVER.has(setting) ? null : value;
  }
  return body;
}
