/** Which view is shown, from the part of the address after `#`: `#/keys?key=tuser:1`. */
import { signal } from "@preact/signals";

export interface Route {
  readonly view: string;
  readonly query: URLSearchParams;
}

export const route = signal<Route>(read());

function read(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { view: path === "" ? "overview" : path, query: new URLSearchParams(query) };
}

window.addEventListener("hashchange", () => {
  route.value = read();
});

export function href(view: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${view}${text === "" ? "" : `?${text}`}`;
}

/** `replace`: the back button does not come back to where one was. */
export function go(view: string, query: Readonly<Record<string, string>> = {}, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(null, "", href(view, query));
    route.value = read();
  } else location.hash = href(view, query);
}
