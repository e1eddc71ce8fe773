/** Ask again while someone looks: gently, and slower while the server does not answer. */

/**
 * @param {() => Promise<void>} ask
 * @param {{every: number, failing: (error: unknown) => void}} options `every` in milliseconds; `failing` hears of the second failure in
 *   a row, when it is no hiccup any more.
 */
export function poll(ask, { every, failing }) {
  let failures = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const again = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(tick, every * Math.min(2 ** failures, 16));
  };
  const tick = async () => {
    try {
      await ask();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 2) failing(error);
    }
    again();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : tick()));
  again();
}
