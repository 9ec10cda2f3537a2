/** Icons, drawn on 16 by 16 with the colour of the text beside them. They say nothing to screen readers: the text does. */
const PATHS = {
  overview: "M2 13.5h12M4 11V8M8 11V3.5M12 11V6",
  keys: "M5.5 10.5a3 3 0 1 1 2.6-4.5H14v2h-1.5v2h-2V8H8.4a3 3 0 0 1-2.9 2.5ZM5.2 7.5h.1",
  procedures: "M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4",
  terminal: "M2.5 4.5 6 8l-3.5 3.5M8 12h5.5",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3.2l2 1.3",
  clients:
    "M6 8a2.2 2.2 0 1 0 0-4.4A2.2 2.2 0 0 0 6 8ZM2 13c0-2 1.8-3.4 4-3.4s4 1.4 4 3.4M10.7 4a2 2 0 0 1 0 3.8M12 9.9c1.2.4 2 1.5 2 3.1",
  pubsub:
    "M8 9a1 1 0 1 0 0-2 1 1 0 0 0 0 2ZM5.2 10.8a4 4 0 0 1 0-5.6M10.8 5.2a4 4 0 0 1 0 5.6M3.2 12.8a6.8 6.8 0 0 1 0-9.6M12.8 3.2a6.8 6.8 0 0 1 0 9.6",
  configuration: "M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M9.5 6.2V2.8M6.5 13.2V9.8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5 6.5 12 13 4.5",
  alert: "M8 2.5 14.5 13.5h-13ZM8 6.5v3M8 11.6v.1",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13.2 2v2.8h-2.8",
  edit: "M3 13l.6-2.8L10.8 3a1.2 1.2 0 0 1 1.7 0l.5.5a1.2 1.2 0 0 1 0 1.7L5.8 12.4 3 13Z",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  back: "M9.5 3.5 5 8l4.5 4.5",
  sun: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  moon: "M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6Z",
  screen: "M2.5 3.5h11v7h-11ZM6 13h4M8 10.5V13",
  play: "M5 3.5 12.5 8 5 12.5Z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  leave: "M9 3H3.5v10H9M7 8h6.5M11 5.5 13.5 8 11 10.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
