/** Where a logged variable's value came from, as far as it can be told afterwards: the log keeps names and values. */

const SYSTEM = ["session.id", "company.id", "assistant.id", "images"];
const MASK = "••••••";

export class VariableSources {
  constructor() {
    /** @type {Record<string, any>} */
    this.clientData = {};
    /** Names of arguments, by trigger. @type {Map<string, Set<string>>} */
    this.parameters = new Map();
  }

  /** @param {any[]} triggers */
  learn(triggers) {
    for (const { id, parameters } of triggers) this.parameters.set(id, new Set(Object.keys(parameters?.properties ?? {})));
  }

  /** @param {string} triggerId @param {string} name @param {any} value */
  of(triggerId, name, value) {
    if (SYSTEM.some((each) => isRoot(each, name))) return "System";
    if (value === MASK) return "Secret";
    const known = Object.keys(this.clientData).some((each) => isRoot(each, name));
    const declared = this.parameters.has(triggerId) ? [...(this.parameters.get(triggerId) ?? [])].some((each) => isRoot(each, name)) : !known;
    if (known && declared) return "Argument, or client data";
    return declared ? "Argument" : "Client data";
  }
}

/** Whether a full name is this one, or a step into it. @param {string} root @param {string} name */
const isRoot = (root, name) => name === root || (name.startsWith(root) && ".[".includes(name[root.length]));
