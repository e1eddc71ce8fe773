/** The form's numbers: retries, time limits, limits of requests, and what happens to an endpoint that fails. */

/** Part of the form, setting, key in it if it is an object, and how many of the form's units are one of the setting's. */
const NUMBERS = /** @type {[string, string, string?, number?][]} */ ([
  ["retries", "retry", "max_retries"],
  ["timeout", "timeout_ms"],
  ["rate", "rate_limit_per_second"],
  ["in-flight", "max_in_flight"],
  ["disable", "auto_disable_hours"],
  ["failures", "circuit_breaker", "consecutive_failures"],
  ["share", "circuit_breaker", "failure_share", 100],
  ["cool-down", "circuit_breaker", "cool_down_seconds"],
]);
const NEVER = new Set(["rate_limit_per_second", "max_in_flight", "auto_disable_hours"]);

/** What can be set of deliveries, for drafts that somebody else has begun. */
export const LIMITS = [...new Set(NUMBERS.map(([, setting]) => setting))];

/**
 * Fill the numbers in and tell how to read those that were changed.
 * @param {Record<string, any>} parts
 * @param {any} start
 * @param {boolean} editing Whether the API lays what was changed over what is stored, or `start` is all there is.
 */
export function limitFields(parts, start, editing) {
  for (const [part, setting, key, units = 1] of NUMBERS) {
    const value = key ? start[setting]?.[key] : start[setting];
    parts[part].value = value === null || value === undefined ? "" : String(+(value * units).toPrecision(6));
  }
  const before = Object.fromEntries(NUMBERS.map(([part]) => [part, parts[part].value]));
  return { read: () => changed(parts, before, editing ? {} : start) };
}

/** @param {Record<string, any>} parts @param {Record<string, string>} before @param {any} base What objects begin with. */
function changed(parts, before, base) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const [part, setting, key, units = 1] of NUMBERS) {
    const text = parts[part].value;
    if (text === before[part]) continue;
    const value = text === "" ? null : Number(text) / units;
    if (key) body[setting] = value === null ? (body[setting] ?? null) : { ...(body[setting] ?? base[setting]), [key]: value };
    else body[setting] = value === 0 && NEVER.has(setting) ? null : value;
  }
  return body;
}
