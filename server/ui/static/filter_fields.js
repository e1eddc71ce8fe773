/** The four filters as form fields: events, tags, trust score, conditions. */

import { copyTemplate, h } from "./dom.js";
import { get } from "./api.js";
import { perspective } from "./state.js";

/** @param {HTMLElement} root @param {string} name */
const radio = (root, name) => /** @type {HTMLInputElement} */ (root.querySelector(`input[name="${name}"]:checked`));

/** @param {string} name @param {string} title @param {boolean} checked */
function pick(name, title, checked) {
  const input = h("input", { type: "checkbox", value: name });
  input.checked = checked;
  return h("label", { class: "pick", title: title || null }, input, h("span", {}, name));
}

/** @param {HTMLElement} box @returns {string[]} */
const picked = (box) => [.../** @type {NodeListOf<HTMLInputElement>} */ (box.querySelectorAll("input:checked"))].map((input) => input.value);

/** @param {any} text A typed value: a number, true, false or null when it is one in JSON, else text. */
function literal(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * @param {HTMLElement} root
 * @param {Record<string, any>} parts
 * @param {any} start Filters to begin with.
 */
export function filterFields(root, parts, start) {
  const events = start.event_filter ?? { mode: "include", events: [] };
  /** @type {HTMLInputElement} */ (root.querySelector(`input[name="event-mode"][value="${events.mode === "exclude" ? "exclude" : "include"}"]`)).checked = true;
  if (start.tag_filter?.match === "all") /** @type {HTMLInputElement} */ (root.querySelector('input[name="tag-match"][value="all"]')).checked = true;
  parts["trust-min"].value = start.trust_score?.min ?? "";
  parts["trust-max"].value = start.trust_score?.max ?? "";
  for (const condition of start.conditions ?? []) addCondition(parts.conditions, condition);
  parts["condition-add"].addEventListener("click", () => addCondition(parts.conditions, {}).focus());
  const explain = () => { parts["event-hint"].textContent = eventHint(root, parts, Boolean(start.event_filter)); };
  const operational = /** @type {HTMLInputElement|null} */ (root.querySelector('[data-part="operational"]'));
  /** @type {{name: string, description?: string}[]} */
  let types = [];
  // A webhook hears of events or of alerts, so what was chosen of the ones says nothing about the others.
  const offerEvents = () => {
    const alerts = parts.events.dataset.alerts.split(" ").map((/** @type {string} */ name) => ({ name }));
    showPicks(parts.events, operational?.checked ? alerts : types, Boolean(operational?.checked) === Boolean(start.operational) ? events.events : []);
    explain();
  };
  operational?.addEventListener("change", offerEvents);
  const addCustom = () => {
    const name = parts["event-custom"].value.trim();
    if (name && !picked(parts.events).includes(name)) parts.events.append(pick(name, "", true));
    parts["event-custom"].value = "";
    explain();
  };
  parts["event-add"].addEventListener("click", addCustom);
  parts["event-custom"].addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") { event.preventDefault(); addCustom(); }
  });
  root.addEventListener("change", explain);

  return {
    /** Offer what the perspective has. @param {string|null} perspectiveId */
    async offer(perspectiveId) {
      const kind = perspective(perspectiveId)?.kind ?? "event_stream";
      const [known, tags] = await Promise.all([
        get("/v1/event-types", { kind }),
        perspectiveId ? get(`/v1/perspectives/${encodeURIComponent(perspectiveId)}/tags`) : { tags: [] },
      ]);
      types = known.items;
      showPicks(parts.tags, tags.tags, start.tag_filter?.tags ?? []);
      parts["tag-field"].hidden = !parts.tags.childElementCount;
      offerEvents();
    },
    read() {
      return {
        event_filter: { mode: radio(root, "event-mode").value, events: picked(parts.events) },
        tag_filter: picked(parts.tags).length ? { match: radio(root, "tag-match").value, tags: picked(parts.tags) } : null,
        trust_score: range(parts["trust-min"].value, parts["trust-max"].value),
        conditions: [...parts.conditions.children].map(readCondition),
      };
    },
  };
}

/** @param {HTMLElement} root @param {Record<string, any>} parts @param {boolean} stored */
function eventHint(root, parts, stored) {
  const mode = radio(root, "event-mode").value;
  if (picked(parts.events).length) return "";
  if (mode === "exclude") return "Nothing chosen: with “All but these”, an empty list delivers nothing.";
  if (/** @type {HTMLInputElement|null} */ (root.querySelector('[data-part="operational"]'))?.checked) return "Nothing chosen: every alert is delivered.";
  return stored ? "Nothing chosen: every event is delivered." : "Nothing chosen: the usual events of this kind are delivered.";
}

/** @param {HTMLElement} box @param {{name: string, description?: string}[]} offered @param {string[]} chosen */
function showPicks(box, offered, chosen) {
  const names = offered.map((each) => each.name);
  const others = chosen.filter((name) => !names.includes(name)).map((name) => ({ name, description: "" }));
  box.replaceChildren(...[...offered, ...others].map((each) => pick(each.name, each.description ?? "", chosen.includes(each.name))));
}

/** @param {HTMLElement} box @param {any} condition @returns {HTMLElement} The field to type in first. */
function addCondition(box, condition) {
  const { root, parts } = copyTemplate("t-condition");
  parts.field.value = condition.field ?? "";
  parts.operator.value = condition.operator ?? "eq";
  parts.value.value = condition.value === undefined || condition.value === null ? "" : typeof condition.value === "string" && literal(condition.value) === condition.value ? condition.value : JSON.stringify(condition.value);
  const show = () => { parts.value.disabled = parts.operator.value === "exists"; };
  parts.operator.addEventListener("change", show);
  parts.remove.addEventListener("click", () => root.remove());
  show();
  box.append(root);
  return parts.field;
}

/** @param {Element} row */
function readCondition(row) {
  const value = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (row.querySelector(`[data-part="${name}"]`)).value;
  const condition = { field: value("field").trim(), operator: value("operator") };
  return condition.operator === "exists" ? condition : { ...condition, value: literal(value("value")) };
}

/** @param {string} min @param {string} max */
function range(min, max) {
  if (min === "" && max === "") return null;
  return { ...(min === "" ? {} : { min: Number(min) }), ...(max === "" ? {} : { max: Number(max) }) };
}
