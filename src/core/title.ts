/** The title of the process, made from `proc-title-template`: what `ps` shows instead of the command line. */
import type { Settings } from "../config/settings.ts";
import type { Native } from "./ffi.ts";

/** What stands for the name of the program. */
const PROGRAM = "zedis-server";

/** `port`: where it listens, which may be another than the one asked for. */
export function showTitle(settings: Settings, configFile: string | null, port: number, native: Native): void {
  if (settings.get("set-proc-title") === "no") return;
  const host = settings.get("bind").split(" ")[0] || "*";
  const socket = settings.get("unixsocket");
  native.setTitle(
    title(settings.get("proc-title-template"), {
      title: PROGRAM,
      "listen-addr": port === 0 ? `unixsocket:${socket}` : `${host}:${port}`,
      "server-mode": "",
      port: String(port),
      "tls-port": settings.get("tls-port"),
      unixsocket: socket,
      "config-file": configFile ?? "",
    }),
  );
}

/** The template with its variables filled in (`{{` is a brace), without blanks at its ends. The directive's check has seen it. */
export function title(template: string, variables: Readonly<Record<string, string>>): string {
  return template
    .replace(/\{(\{|[^}]*\})/g, (_whole, part: string) => (part === "{" ? "{" : (variables[part.slice(0, -1)] ?? "")))
    .trim();
}
