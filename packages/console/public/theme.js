// Runs before the first paint, so that a chosen theme does not flash the other one. The choice itself is made in shell/preferences.ts.
try {
  const theme = localStorage.getItem('tidewheel.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme stands.
}
