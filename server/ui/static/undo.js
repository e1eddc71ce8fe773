/** Take a recorded change back. */

import { post, sentence } from "./api.js";
import { toast } from "./dom.js";
import { refresh } from "./state.js";

/** @param {string} id @returns {Promise<boolean>} Whether it was undone. */
export async function undo(id) {
  try {
    await post(`/v1/changes/${encodeURIComponent(id)}/undo`);
    await refresh();
    toast("Undone.");
    return true;
  } catch (error) {
    toast(sentence(error));
    return false;
  }
}
