// Keeps a link to Fix it while somebody signs in, be it in another tab; fix_link.js follows it then.
try {
  const id = /^#fix=(wh_[0-9a-z]{1,64})$/.exec(location.hash)?.[1];
  if (id) localStorage.setItem("hookwright.fix", `${Date.now()} ${id}`);
} catch {
  // Storage can be switched off; the link then has to be opened again.
}
