/** The test button of a trigger: fill in its arguments, look at the request, send it. */

import { copyTemplate, h, icon, whileBusy } from "./dom.js";
import { errorText, part, requestPart, responsePart, warningsPart } from "./call_detail.js";
import { confirmFirst, showDialog } from "./dialogs.js";
import { postExact, valueText } from "./exact_json.js";
import { clearErrors, showErrors } from "./form_errors.js";
import { revealed, shortText, textBlock } from "./outside_text.js";
import { readJson, schemaForm } from "./schema_form.js";
import { method, template, writes } from "./trigger_text.js";
import { ago } from "./words.js";

/** @param {any} trigger @param {any[]} sessions */
export function tryIt(trigger, sessions) {
  const { root, parts } = copyTemplate("t-try");
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  const { integration } = trigger;
  const schema = schemaForm(trigger.parameters ?? {});
  parts.title.replaceChildren("Try ", ...revealed(trigger.name));
  parts.target.append(method(integration.method), " ", h("code", {}, ...template(integration.url)));
  parts.arguments.append(...(schema.fields.length ? schema.fields : [h("p", { class: "hint" }, "This trigger takes no arguments.")]));
  parts.note.textContent = writes(integration.method) ? "Preview sends nothing. Send makes a real call." : "Preview sends nothing.";
  parts.session.append(...sessions.map((each) => h("option", { value: each.id }, `${each.id.slice(0, 8)} · ${ago(each.updated_at ?? each.created_at)}`)));

  const run = (/** @type {HTMLButtonElement} */ button, /** @type {boolean} */ dryRun) => whileBusy(button, async () => {
    clearErrors(form, parts.problem);
    try {
      const body = { arguments: schema.read(), ...context(parts), dry_run: dryRun };
      if (!dryRun && writes(integration.method) && !(await agreed(trigger))) return;
      await show(parts, trigger, body, dryRun);
    } catch (error) {
      parts.report.hidden = true;
      showErrors(form, parts.problem, error);
    }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); void run(parts.preview, true); });
  parts.send.addEventListener("click", () => run(parts.send, false));
  parts.close.addEventListener("click", () => root.close());
  showDialog(root);
  (form.querySelector(".fields input, .fields select, .fields textarea") ?? parts.preview).focus();
}

/** @param {any} trigger */
const agreed = (trigger) => confirmFirst({
  title: `Send a real ${trigger.integration.method}?`,
  text: `${trigger.integration.method} changes things at ${trigger.host ?? "the other side"}. This is the real API, not a rehearsal.`,
  action: `Send ${trigger.integration.method}`,
});

/** Stand-ins for a session, or one that there is. @param {Record<string, any>} parts */
function context(parts) {
  const data = readJson(parts.data.value, "client_data");
  const images = parts.images.value.split(/\s+/).filter(Boolean);
  return { session_id: parts.session.value || undefined, client_data: data, images: images.length ? images : undefined };
}

/** @param {Record<string, any>} parts @param {any} trigger @param {any} body @param {boolean} dryRun */
async function show(parts, trigger, body, dryRun) {
  parts.report.hidden = false;
  parts.report.replaceChildren(h("p", { class: "hint" }, dryRun ? "Rendering…" : "Sending…"));
  const began = performance.now();
  const report = await postExact(`/v1/triggers/${encodeURIComponent(trigger.id)}/run`, body);
  const took = report.duration_ms ?? performance.now() - began;
  parts.report.replaceChildren(...(dryRun ? preview(report) : outcome(report, took, body.session_id)).filter(Boolean));
  parts.report.focus();
  parts.report.scrollIntoView({ block: "nearest" });
}

/** @param {any} report @returns {any[]} */
function preview(report) {
  return [
    h("p", { class: "verdict" }, icon("eye"), h("span", {}, "Nothing was sent. This is what would be; secrets are masked.")),
    requestPart(report.request),
    warningsPart(report.warnings),
  ];
}

/** @param {any} report @param {number} took @param {string|undefined} sessionId @returns {any[]} */
function outcome(report, took, sessionId) {
  const merged = Object.keys(report.client_data ?? {}).length;
  return [
    responsePart({ ...report.response, error: report.error ? errorText(report.error) : report.response ? null : "No response.", duration_ms: took, attempts: report.attempts }),
    warningsPart(report.warnings),
    report.responseDirective ? part("Directive to the assistant", h("p", {}, ...revealed(report.responseDirective))) : null,
    merged ? part("Client data after the call", textBlock(valueText(report.client_data), "Client data after the call")) : null,
    requestPart(report.request),
    report.log_id ? h("p", { class: "hint" }, "Logged as ", h("code", {}, shortText(report.log_id)), sessionId ? h("span", {}, " in ", h("a", { href: `/console/sessions/${encodeURIComponent(sessionId)}` }, "this session")) : null, ".") : null,
  ];
}
