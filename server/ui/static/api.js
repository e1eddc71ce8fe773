/** Calls to our own REST API. */

/** A refusal: RFC 9457 problem details. */
export class Problem extends Error {
  /** @param {number} status @param {{title?: string, detail?: string, errors?: {field: string, message: string}[]}} body */
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.errors = body.errors ?? [];
  }
}

/** @type {() => void} */
let signedOut = () => {};

/** Say what to do when the session has ended. @param {() => void} handler */
export function onSignedOut(handler) {
  signedOut = handler;
}

/**
 * Send one request; the response is returned unread.
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, accept?: string, signal?: AbortSignal}} [options]
 */
export async function send(method, path, { body, accept = "application/json", signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: accept };
  if (method !== "GET") headers["X-Hookwright-Csrf"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { title: "The server cannot be reached. Check that it is running, then try again." });
  }
  if (response.status === 401) signedOut();
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response;
}

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
async function json(method, path, body) {
  const response = await send(method, path, { body });
  return response.status === 204 ? null : response.json();
}

/** @param {string} path @param {Record<string, string|number|null|undefined>} [query] */
export function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return json("GET", search ? `${path}?${search}` : path);
}

/** @param {string} path @param {unknown} [body] */
export const post = (path, body = {}) => json("POST", path, body);

/** @param {string} path @param {unknown} body */
export const patch = (path, body) => json("PATCH", path, body);

/** @param {string} path */
export const remove = (path) => json("DELETE", path);

/** A sentence for anything that was thrown. @param {unknown} error */
export function sentence(error) {
  if (error instanceof Problem && error.errors.length) return error.errors.map((each) => each.message).join(" ");
  return error instanceof Error ? error.message : String(error);
}
