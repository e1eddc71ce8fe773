/** Links to Fix it, such as one in a mail. */

import { get, sentence } from "./api.js";
import { toast } from "./dom.js";

/** Open Fix it for the webhook that the address names, once. @param {{fix: (webhook: any) => void}} assistant */
export async function followLink(assistant) {
  const id = /^#fix=(\w+)$/.exec(location.hash)?.[1];
  if (!id) return;
  history.replaceState(null, "", location.pathname);
  try {
    assistant.fix(await get(`/v1/webhooks/${id}`));
  } catch (error) {
    toast(sentence(error));
  }
}
