/** How values read to a person: times, states, filters, field names. */

// The first of these costs a browser 15 ms and more, so a page that shows no time makes none.
/** @type {Intl.RelativeTimeFormat|undefined} */
let relativeFormat;
/** @type {Intl.DateTimeFormat|undefined} */
let exactFormat;
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** @param {string} at RFC 3339 */
export function ago(at) {
  relativeFormat ??= new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relativeFormat.format(Math.trunc(seconds / length), unit);
  }
  return Math.abs(seconds) < 10 ? "just now" : relativeFormat.format(Math.trunc(seconds), "second");
}

/** @param {string} at RFC 3339 */
export function exactly(at) {
  exactFormat ??= new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });
  return exactFormat.format(new Date(at));
}

/** Fill a `<time>`. @param {HTMLTimeElement} element @param {string|null|undefined} at */
export function showTime(element, at) {
  const text = at ? ago(at) : "Never";
  if (element.textContent !== text) element.textContent = text;
  element.title = at ? exactly(at) : "";
  if (at) element.dateTime = at;
}

/** @param {number|null|undefined} ms */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return "< 1 ms";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}

/** @param {string} url */
export function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

/** The state of row B08: what became of the last delivery. @param {any} webhook */
export function lastOutcome(webhook) {
  if (webhook.enabled === false || webhook.state === "disabled") return "idle";
  return webhook.status_icon;
}

/** @param {any} webhook */
export function stateLabel(webhook) {
  if (webhook.enabled === false) return "Disabled";
  const labels = { delivered: "Healthy", failed: "Failing", retrying: "Retrying", idle: "No deliveries yet" };
  return labels[/** @type {keyof typeof labels} */ (lastOutcome(webhook))];
}

const OPERATORS = /** @type {Record<string, string>} */ ({ eq: "=", ne: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤", contains: "contains", exists: "exists" });
const FIELDS = /** @type {Record<string, string>} */ ({ url: "URL", auth_header: "Auth header", event_filter: "Events", tag_filter: "Tags", trust_score: "Trust score", timeout_ms: "Timeout", max_retries: "Retries", retry: "Retries", enabled: "Enabled", perspective_id: "Perspective", secret: "Signing secret", has_secret: "Signing secret" });

/** @param {string} field */
export function fieldLabel(field) {
  return FIELDS[field] ?? (field.charAt(0).toUpperCase() + field.slice(1)).replaceAll("_", " ").replaceAll(".", " · ");
}

/** @param {any} condition */
export const conditionText = (condition) => [condition.field, OPERATORS[condition.operator] ?? condition.operator, condition.operator === "exists" ? "" : plain(condition.value)].join(" ").trim();

/** @param {any} range */
function rangeText(range) {
  const { min = null, max = null } = range;
  if (min !== null && max !== null) return `${min} to ${max}`;
  return min === null ? `at most ${max}` : `at least ${min}`;
}

/** @param {any} filter */
function eventsText(filter) {
  if (filter.mode === "include") return filter.events.length ? filter.events.join(", ") : "all events";
  return filter.events.length ? `all but ${filter.events.join(", ")}` : "no events (empty exclude list)";
}

/** @param {any} value */
function plain(value) {
  if (value === null || value === undefined || value === "") return "none";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value !== "object") return String(value);
  if (value.length && value.every?.((/** @type {any} */ each) => typeof each === "string")) return value.join(" · ");
  return Object.keys(value).length ? JSON.stringify(value) : "none";
}

/** @param {any} retry */
function retryText({ max_retries: most, strategy, schedule, base_seconds: base }) {
  if (!most) return "none";
  const waits = strategy === "schedule" && schedule?.length ? schedule : Array.from({ length: most }, (_, index) => base ** (index + 1));
  const shown = waits.slice(0, Math.min(most, 6)).map((/** @type {number} */ each) => duration(each * 1000));
  return `${plural(most, "retry", "retries")}, after ${shown.join(", ")}${most > shown.length ? " …" : ""}`;
}

/** A field's value in words. @param {string} field @param {any} value */
export function valueText(field, value) {
  if (value === null || value === undefined) return "none";
  if (field === "event_filter" && value.events) return eventsText(value);
  if (field === "tag_filter" && value.tags) return `${value.match} of ${value.tags.join(", ")}`;
  if (field === "trust_score" && typeof value === "object") return rangeText(value);
  if (field === "conditions" && Array.isArray(value)) return value.length ? value.map(conditionText).join(" and ") : "none";
  if (field === "auth_header" && value.name) return `${value.name} (${value.set === false ? "not set" : "set"})`;
  if (field === "secret" && typeof value === "object") return value.set ? "set" : "none";
  if (field === "timeout_ms") return duration(value);
  if (field === "retry" && "max_retries" in value) return retryText(value);
  return plain(value);
}

/** What a webhook lets through, as short texts. @param {any} webhook @returns {string[]} */
export function filterTexts(webhook) {
  const texts = [];
  if (webhook.event_filter) {
    const events = eventsText(webhook.event_filter).replace(/\binterview\./g, "");
    texts.push(webhook.operational ? `Alerts: ${events.replace(/ events$/, "")}` : events.charAt(0).toUpperCase() + events.slice(1));
  }
  if (webhook.tag_filter?.tags?.length) texts.push(`Tags: ${valueText("tag_filter", webhook.tag_filter)}`);
  if (webhook.trust_score) texts.push(`Trust ${rangeText(webhook.trust_score)}`);
  return [...texts, ...(webhook.conditions ?? []).map(conditionText)];
}

/** @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
