/** A form from a JSON Schema: texts, numbers, yes/no, choices; whatever else is asked for as JSON. */

import { h } from "./dom.js";
import { parseExact } from "./exact_json.js";
import { revealed } from "./outside_text.js";

const INPUTS = /** @type {Record<string, string>} */ ({ date: "date", time: "text", email: "email", uri: "url" });

/**
 * @param {any} schema The parameters of a trigger: an object schema.
 * @returns {{fields: HTMLElement[], read: () => Record<string, any>}} `read` throws an Error that names the field which is not readable.
 */
export function schemaForm(schema) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, own], index) => field(name, simple(own, schema), required.has(name), `arg-${index}`));
  return {
    fields: fields.map(({ element }) => element),
    read: () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== undefined)),
  };
}

/** A property's schema with a local reference followed and `null` among its types left out. @param {any} own @param {any} root */
function simple(own, root) {
  let schema = own === true ? {} : (own ?? {});
  const path = /^#\/((?:\$defs|definitions)\/[^/]+)$/.exec(schema.$ref ?? "")?.[1];
  if (path) {
    const [group, name] = path.split("/");
    schema = { ...root[group]?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], ...schema };
  }
  const choices = (schema.anyOf ?? schema.oneOf)?.filter((/** @type {any} */ each) => each?.type !== "null");
  if (choices?.length === 1) schema = { ...schema, ...choices[0] };
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((/** @type {string} */ each) => each !== "null");
    schema = { ...schema, type: types.length === 1 ? types[0] : undefined };
  }
  return schema;
}

/** @param {string} name @param {any} schema @param {boolean} required @param {string} id */
function field(name, schema, required, id) {
  const { control, read } = controlFor(schema, required);
  control.id = id;
  if (required) control.setAttribute("aria-required", "true");
  const hint = [schema.description, limits(schema)].filter(Boolean).join(" · ");
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  const element = h("div", { class: "field", data: { field: `arguments.${name}` } },
    h("label", { for: id }, h("code", {}, ...revealed(name)), " ", required ? null : h("span", { class: "optional" }, "optional")),
    control,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, ...revealed(hint)) : null);
  return { name, element, read: () => read(name) };
}

/** @param {any} schema */
function limits(schema) {
  const range = [schema.minimum, schema.maximum];
  if (range.some((each) => each !== undefined)) return `${range[0] ?? "…"} to ${range[1] ?? "…"}`;
  return schema.pattern ? `as ${schema.pattern}` : "";
}

/** @param {any} schema @param {boolean} required @returns {{control: any, read: (name: string) => any}} */
function controlFor(schema, required) {
  const start = schema.default ?? (schema.const === undefined ? undefined : schema.const);
  const values = schema.enum ?? (schema.const !== undefined ? [schema.const] : schema.type === "boolean" ? [true, false] : null);
  if (values) return choice(values, required, start);
  if (schema.type === "string") return text(schema, start);
  if (schema.type === "number" || schema.type === "integer") return number(schema, start);
  return json(start);
}

/** @param {any[]} values @param {boolean} required @param {any} start */
function choice(values, required, start) {
  const first = required && values.length === 1 ? [] : [h("option", { value: "" }, required ? "Choose…" : "Not given")];
  const control = h("select", {}, ...first, ...values.map((value, index) => h("option", { value: String(index) }, typeof value === "string" ? value : JSON.stringify(value))));
  const at = values.findIndex((value) => JSON.stringify(value) === JSON.stringify(start));
  if (at >= 0) control.value = String(at);
  return { control, read: () => (control.value === "" ? undefined : values[Number(control.value)]) };
}

/** @param {any} schema @param {any} start */
function text(schema, start) {
  const long = (schema.maxLength ?? 0) > 300;
  const control = long ? h("textarea", { rows: 3 }) : h("input", { type: INPUTS[schema.format] ?? "text", spellcheck: "false" });
  control.value = start ?? "";
  const example = schema.examples?.[0];
  if (typeof example === "string") control.placeholder = example;
  return { control, read: () => (control.value === "" ? undefined : control.value) };
}

/** @param {any} schema @param {any} start */
function number(schema, start) {
  const control = h("input", { type: "text", inputmode: schema.type === "integer" ? "numeric" : "decimal", spellcheck: "false" });
  control.value = start ?? "";
  // What is no number goes as it is: the API says what was expected, next to the field.
  return { control, read: (/** @type {string} */ name) => readNumber(control.value.trim(), name) };
}

/** @param {string} typed @param {string} name */
function readNumber(typed, name) {
  if (typed === "") return undefined;
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(typed)) return typed;
  const value = parseExact(typed.replace(/^(-?)0+(?=\d)/, "$1"));
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Error(`${name}: this browser cannot send a number of that size exactly. Use the API for it.`);
  return value;
}

/** @param {any} start */
function json(start) {
  const control = h("textarea", { class: "code-area", rows: 3, spellcheck: "false", placeholder: "JSON" });
  control.value = start === undefined ? "" : JSON.stringify(start, null, 2);
  return { control, read: (/** @type {string} */ name) => readJson(control.value, name) };
}

/** @param {string} typed @param {string} name */
export function readJson(typed, name) {
  if (typed.trim() === "") return undefined;
  try {
    return parseExact(typed);
  } catch {
    throw new Error(`${name}: this is not valid JSON.`);
  }
}
