/** Loaded before anything is drawn, so that a chosen theme does not flash the other one. */
const chosen = localStorage.getItem("zedis-theme");
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
