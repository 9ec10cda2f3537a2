/** Keys that work in every view: `/` goes to the filter, Ctrl-K or Cmd-K opens the palette. */
import { openPalette } from "./palette.tsx";

export function startShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const filter = document.querySelector<HTMLInputElement>("[data-filter]");
    if (filter === null || document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    filter.focus();
    filter.select();
  });
}

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
