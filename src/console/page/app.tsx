/** The frame around the views: where one can go, which server this is, and what is said about all of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { span } from "../model/figures.ts";
import { number } from "../model/info.ts";
import { database, isReached, isSignedIn, selectDatabase, signIn, signOut } from "./api.ts";
import { Brand } from "./brand.tsx";
import { Confirmation } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { current, refusal } from "./live.ts";
import { Notices } from "./notices.tsx";
import { openPalette, Palette } from "./palette.tsx";
import { href, route } from "./route.ts";
import { SignIn } from "./sign-in.tsx";
import { setTheme, type Theme, theme } from "./theme.ts";
import { VIEWS } from "./views.tsx";

export function App() {
  if (signIn.value !== null) return <SignIn refusal={signIn.value} />;
  return <Shell />;
}

function Shell() {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const view = VIEWS.find(({ name }) => name === route.value.view) ?? VIEWS[0];
  const first = useRef(true);
  useEffect(() => {
    document.title = `${view.title} · Zedis`;
    setMenuOpen(false);
    // Screen readers are told that another view is there; the first one is where they are anyway.
    const titles = [...(main.current?.querySelectorAll("h1") ?? [])];
    if (!first.current) titles.find((title) => title.checkVisibility())?.focus({ preventScroll: true });
    if (!first.current) window.scrollTo(0, 0);
    first.current = false;
  }, [view.name]);
  const View = view.component;
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <aside class={`side ${isMenuOpen ? "open" : ""}`} id="menu" aria-label="Menu">
        <Brand />
        <nav class="nav" aria-label="Views">
          {VIEWS.map(({ name, title, icon }) => (
            <a
              key={name}
              href={href(name)}
              aria-current={name === view.name ? "page" : undefined}
              onClick={() => setMenuOpen(false)}
            >
              <Icon name={icon} />
              {title}
            </a>
          ))}
        </nav>
        <ServerState />
      </aside>
      <header class="bar">
        <button
          type="button"
          class="quiet icon-only menu-button"
          aria-label="Menu"
          aria-expanded={isMenuOpen}
          aria-controls="menu"
          onClick={() => setMenuOpen(!isMenuOpen)}
        >
          <Icon name="menu" />
        </button>
        <Brand />
        <span class="spread" />
        <button type="button" class="palette-button" aria-label="Go to … Ctrl K" onClick={openPalette}>
          <Icon name="search" />
          <span>Go to …</span>
          <kbd>Ctrl K</kbd>
        </button>
        <DatabaseSelect />
        <ThemeButton />
        {isSignedIn() && (
          <button type="button" class="quiet icon-only" aria-label="Sign out" title="Sign out" onClick={signOut}>
            <Icon name="leave" />
          </button>
        )}
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <div role="alert">
          {!isReached.value && (
            <div class="failure">
              <Icon name="alert" />
              <span>The server does not answer. What is shown may be old; it is tried again every second.</span>
            </div>
          )}
        </div>
        <View key={`${view.name} ${database.value}`} />
      </main>
      <Notices />
      <Palette />
      <Confirmation />
    </div>
  );
}

function ServerState() {
  const info = current.value;
  if (info === null && refusal.value !== null && isReached.value) {
    return (
      <div class="side-foot">
        <strong>
          <span class="state" />
          Connected
        </strong>
        This user may not read INFO.
      </div>
    );
  }
  if (info === null) return <div class="side-foot">Connecting …</div>;
  return (
    <div class="side-foot">
      <strong>
        <span class={`state ${isReached.value ? "" : "lost"}`} />
        {isReached.value ? `Port ${info.fields.get("tcp_port")}` : "Not reached"}
      </strong>
      Zedis {info.fields.get("zedis_version")}, up {span(number(info, "uptime_in_seconds"))}
    </div>
  );
}

/** The sixteen of a usual configuration; another one that holds keys, too. */
function DatabaseSelect() {
  const info = current.value;
  const shown = new Set(Array.from({ length: 16 }, (_, index) => index));
  for (const name of info?.fields.keys() ?? []) {
    const index = /^db(\d+)$/.exec(name)?.[1];
    if (index !== undefined) shown.add(Number(index));
  }
  shown.add(database.value);
  return (
    <select
      aria-label="Database"
      value={String(database.value)}
      onChange={(event) => selectDatabase(Number(event.currentTarget.value))}
    >
      {[...shown]
        .sort((left, right) => left - right)
        .map((index) => (
          <option key={index} value={String(index)}>
            db {index}
          </option>
        ))}
    </select>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const THEME_ICON = { system: "screen", light: "sun", dark: "moon" } as const;

function ThemeButton() {
  const now = theme.value;
  const label = `Theme: ${now === "system" ? "as the system" : now}. Change to ${NEXT[now]}`;
  return (
    <button type="button" class="quiet icon-only" aria-label={label} title={label} onClick={() => setTheme(NEXT[now])}>
      <Icon name={THEME_ICON[now]} />
    </button>
  );
}
