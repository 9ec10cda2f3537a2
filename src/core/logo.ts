/** What a person sees first, on a terminal or where `always-show-logo` asks for it. Redis's test suite reads the PID here. */

export interface Shown {
  readonly version: string;
  readonly port: number;
  readonly pid: number;
}

/** Lines of the logo, without their ends. */
export function logo({ version, port, pid }: Shown): readonly string[] {
  return [
    "",
    "    __________",
    `   /_______  /   Zedis ${version}`,
    "       ___/ /    Running in standalone mode",
    `    __/ /___     Port: ${port}`,
    `   / /_____/___  PID: ${pid}`,
    "  /___________/",
    "",
  ];
}
