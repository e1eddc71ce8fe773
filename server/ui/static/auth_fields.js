/** The authorization header's fields: a stored value is never here, only whether one is set. */

/** @param {Record<string, any>} parts @param {{name: string, set?: boolean}|null|undefined} stored */
export function authFields(parts, stored) {
  const isSet = Boolean(stored?.name);
  const [keep] = radios(parts);
  parts["auth-choices"].hidden = !isSet;
  if (isSet) {
    parts["auth-keep"].textContent = `Keep ${stored?.name}`;
    parts["auth-hint"].textContent = "A value is set. It is never shown again; replace it or remove it.";
    parts["auth-name"].value = stored?.name;
    keep.checked = true;
  }
  const show = () => { parts["auth-pair"].hidden = isSet && choice(parts) !== "replace"; };
  parts["auth-choices"].addEventListener("change", () => {
    show();
    if (choice(parts) === "replace") parts["auth-value"].focus();
  });
  show();

  return {
    /** What to send: undefined leaves the header as it is, null removes it. */
    read() {
      if (isSet && choice(parts) === "keep") return undefined;
      if (isSet && choice(parts) === "remove") return null;
      const name = parts["auth-name"].value.trim();
      const value = parts["auth-value"].value;
      if (!isSet && !name && !value) return undefined;
      return { name, value };
    },
  };
}

/** @param {Record<string, any>} parts @returns {HTMLInputElement[]} */
function radios(parts) {
  return [...parts["auth-choices"].querySelectorAll("input")];
}

/** @param {Record<string, any>} parts */
function choice(parts) {
  return radios(parts).find((radio) => radio.checked)?.value ?? "keep";
}
