/** Dark or light: as the system has it, or as chosen here. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "zedis-theme";
const stored = localStorage.getItem(KEY);
const dark = matchMedia("(prefers-color-scheme: dark)");

export const theme = signal<Theme>(stored === "dark" || stored === "light" ? stored : "system");
/** Goes up when what is drawn by script (charts) has to be drawn in other colours. */
export const themeTurn = signal(0);

dark.addEventListener("change", () => {
  themeTurn.value++;
});

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next === "system") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(KEY);
  } else {
    document.documentElement.dataset.theme = next;
    localStorage.setItem(KEY, next);
  }
  themeTurn.value++;
}

export function isDark(): boolean {
  return theme.value === "system" ? dark.matches : theme.value === "dark";
}

/** A colour of the style sheet as the theme has it now, for what is drawn by script. The property itself holds both. */
export function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
