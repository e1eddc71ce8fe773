// Runs before the first paint so that a chosen theme never flashes the other one.
try {
  const chosen = localStorage.getItem("hookwright.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage can be switched off; the system's preference then decides.
}
