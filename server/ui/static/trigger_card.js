/** One trigger: what it calls, what it needs, and whether it can. */

import { h, icon } from "./dom.js";
import { revealed } from "./outside_text.js";
import { method, template } from "./trigger_text.js";
import { tryIt } from "./try_it.js";

const NAME = /^[A-Za-z_]\w{0,63}$/;
const SOURCES = /** @type {Record<string, string>} */ ({ argument: "Argument that the model extracts", system: "System variable", client_data: "From the session's client data", secret: "Secret of the vault" });

/** @param {any} trigger With `variables` and `host`. @param {any[]} sessions @param {() => void} reload */
export function triggerCard(trigger, sessions, reload) {
  const { integration } = trigger;
  return h("li", { class: "card trigger", data: { id: trigger.id } },
    h("div", { class: "card-head" },
      h("h3", { class: "trigger-name" }, trigger.name),
      trigger.confirm ? mark("Asks first", "The turn pauses until the person approves the call.") : null,
      trigger.interpret_response ? null : mark("Silent", "The assistant only learns that the call was accepted."),
      h("span", { class: "grow" }),
      h("button", { class: "button small", type: "button", "aria-label": `Try ${trigger.name}`, on: { click: () => tryIt(trigger, sessions) } }, icon("test"), "Try it")),
    h("p", { class: "trigger-target", dir: "ltr" }, method(integration.method), h("code", {}, ...template(integration.url))),
    h("p", { class: "trigger-words" }, ...revealed(trigger.description)),
    variables(trigger),
    problems(trigger, reload));
}

/** @param {string} label @param {string} meaning */
const mark = (label, meaning) => h("span", { class: "pill", title: meaning }, label);

/** @param {any} trigger */
function variables(trigger) {
  if (!trigger.variables?.length) return null;
  return h("ul", { class: "chips", "aria-label": "Variables" }, ...trigger.variables.map((/** @type {any} */ each) => h("li", { class: "chip", data: { source: each.source, state: each.state }, title: SOURCES[each.source] ?? null },
    each.source === "secret" ? icon(each.state === "ok" ? "key" : "alert") : null,
    h("code", {}, "$", ...revealed(each.name)),
    each.source === "secret" && each.state !== "ok" ? h("span", {}, each.state === "missing" ? " not set" : " not for this host") : null)));
}

/** @param {any} trigger @param {() => void} reload */
function problems(trigger, reload) {
  const lacking = (trigger.variables ?? []).filter((/** @type {any} */ each) => each.source === "secret" && each.state !== "ok");
  if (!lacking.length && !trigger.problem) return null;
  return h("ul", { class: "problems" },
    trigger.problem ? h("li", {}, icon("alert"), h("span", {}, ...revealed(trigger.problem))) : null,
    ...lacking.map((/** @type {any} */ each) => h("li", {}, icon("alert"), h("span", {}, ...revealed(problem(each, trigger.host))), remedy(each, trigger.host, reload))));
}

/** @param {any} variable @param {string} host */
function problem({ name, state, hosts }, host) {
  if (state === "missing") return `$${name} is not in the vault: calls to ${host} go out without it, unless client data has one.`;
  return `The secret $${name} may be sent to ${hosts.length ? hosts.join(", ") : "no host"} only, not to ${host}: this call is refused.`;
}

/** A way to put it right here: the value goes from the form to the vault and nowhere else. @param {any} variable @param {string} host @param {() => void} reload */
function remedy({ name, state, hosts }, host, reload) {
  if (!NAME.test(name)) return null;
  const set = state !== "missing";
  const open = async () => {
    const { openSecretForm } = await import("./secret_form.js");
    if (await openSecretForm({ title: set ? `Replace $${name}` : `Store $${name}`, prefill: { name, hosts: [...hosts, host], set } })) reload();
  };
  return h("button", { class: "button small", type: "button", "aria-label": `${set ? "Add the host to" : "Store"} $${name}`, on: { click: open } }, icon("key"), set ? "Add host" : "Store it");
}
