/** Parts of the page that are loaded when they are first wanted. */

/** @typedef {{webhook_id: string}|null} Saved */

/** @param {any} webhook @param {"deliveries"|"test"|"changes"|"settings"} first */
export const openWebhook = async (webhook, first) => (await import("./webhook_drawer.js")).openWebhook(webhook, first);

/** @param {any} options @returns {Promise<Saved>} */
export const openWebhookForm = async (options) => (await import("./webhook_form.js")).openWebhookForm(options);

/** @param {any} options @returns {Promise<{secret_name: string}|null>} */
export const openSecretForm = async (options) => (await import("./secret_form.js")).openSecretForm(options);

/** @param {{fix: (webhook: any) => void}} assistant */
export const showBanner = async (assistant) => (await import("./banner.js")).showBanner(assistant);

/** @param {{fix: (webhook: any) => void}} assistant */
export const followLink = async (assistant) => (await import("./fix_link.js")).followLink(assistant);

export const openPerspectiveForm = async () => (await import("./perspective_form.js")).openPerspectiveForm();

export const openChanges = async () => (await import("./changes.js")).openChanges();

/** @param {string|null} current @param {(id: string, title: string) => void} open */
export const listConversations = async (current, open) => (await import("./conversations.js")).listConversations(current, open);

/** @param {any[]} messages */
export const replayed = async (messages) => (await import("./conversations.js")).replayed(messages);
