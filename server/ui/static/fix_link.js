/** Links to Fix it, such as one in a mail. */

import { get, sentence } from "./api.js";
import { toast } from "./dom.js";

const LINK = /^#fix=(wh_[0-9a-z]{1,64})$/;
const KEPT = "hookwright.fix";
const KEPT_FOR = 3_600_000;

/** Open Fix it for the webhook that the address names, or did before signing in, once. @param {{fix: (webhook: any) => void}} assistant */
export async function followLink(assistant) {
  const kept = takeKept();
  const id = LINK.exec(location.hash)?.[1] ?? kept;
  if (!id) return;
  history.replaceState(null, "", location.pathname);
  try {
    assistant.fix(await get(`/v1/webhooks/${id}`));
  } catch (error) {
    toast(sentence(error));
  }
}

/** What the sign-in page has kept in the last hour; nobody expects an older one. @returns {string|undefined} */
function takeKept() {
  try {
    const [at, id] = (localStorage.getItem(KEPT) ?? "").split(" ");
    localStorage.removeItem(KEPT);
    return Date.now() - Number(at) < KEPT_FOR ? LINK.exec(`#fix=${id}`)?.[1] : undefined;
  } catch {
    return undefined;
  }
}
