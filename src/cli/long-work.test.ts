/** What a terminal shows while a server works at length, and that nothing of it is shown elsewhere. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TCPSocketListener } from "bun";
import { barOf, sizeOf } from "./progress.ts";

const PROGRAM = join(import.meta.dir, "zedis-cli.ts");
const LIMIT_MS = 60_000;

let listener: TCPSocketListener | undefined;
afterEach(() => listener?.stop(true));

/** A server whose answers follow from the words of a request. */
function fake(answer: (words: readonly string[]) => string): string {
  listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        // Each request of these tests comes in a piece.
        for (const request of chunk.toString().split(/(?=\*\d+\r\n)/)) {
          const words = request.split("\r\n").filter((_, index) => index > 0 && index % 2 === 0);
          if (words.length > 0) socket.write(answer(words));
        }
      },
    },
  });
  return String(listener.port);
}
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

async function onTerminal(...argv: string[]): Promise<string> {
  let screen = "";
  const child = Bun.spawn([process.execPath, PROGRAM, ...argv], {
    env: { ...process.env, TERM: "xterm" },
    terminal: {
      cols: 120,
      rows: 20,
      data: (_terminal, bytes) => {
        screen += Buffer.from(bytes).toString();
      },
    },
  });
  await child.exited;
  return screen;
}

function elsewhere(...argv: string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, PROGRAM, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  return Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]).then((both) =>
    both.join(""),
  );
}

/** Loads until it was asked nine times. */
function loading(): (words: readonly string[]) => string {
  let asked = 0;
  return ([name, ...rest]) => {
    if (name === "GET") return asked < 9 ? "-LOADING Redis is loading the dataset in memory\r\n" : bulk("value");
    asked += 1;
    const fields = {
      loading: asked < 9 ? 1 : 0,
      loading_total_bytes: 10_240,
      loading_loaded_bytes: asked * 1_024,
      loading_eta_seconds: 3,
    };
    expect(rest).toEqual(["persistence"]);
    return bulk(
      Object.entries(fields)
        .map(([field, value]) => `${field}:${value}\r\n`)
        .join(""),
    );
  };
}

test(
  "a command that a loading server refuses is sent again once it has loaded, with a bar meanwhile",
  async () => {
    const screen = await onTerminal("-p", fake(loading()), "GET", "k");
    expect(screen).toContain("(error) LOADING");
    expect(screen).toMatch(/loading \[=+>\s*\]\s+\d+ % .* KiB of 10\.0 KiB, 3 s left/);
    expect(screen).toEndWith('\r\x1b[K"value"\r\n');
  },
  LIMIT_MS,
);

test(
  "where nobody looks the refusal is the answer",
  async () => {
    expect(await elsewhere("-p", fake(loading()), "GET", "k")).toBe(
      "LOADING Redis is loading the dataset in memory\n\n",
    );
  },
  LIMIT_MS,
);

test(
  "BGSAVE is followed until it is through",
  async () => {
    let asked = 0;
    const screen = await onTerminal(
      "-p",
      fake(([name]) => {
        if (name === "BGSAVE") return "+Background saving started\r\n";
        asked += 1;
        return bulk(
          `rdb_bgsave_in_progress:${asked < 9 ? 1 : 0}\r\ncurrent_save_keys_processed:${asked}\r\ncurrent_save_keys_total:10\r\n`,
        );
      }),
      "BGSAVE",
    );
    expect(screen).toMatch(/saving \[=+>\s*\]\s+\d+ % \d of 10 keys/);
    expect(asked).toBe(9);
  },
  LIMIT_MS,
);

test(
  "a bulk load of a file is told in the numbers it always was where nobody looks",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "zedis-pipe-"));
    const file = join(folder, "load");
    writeFileSync(file, "*1\r\n$4\r\nPING\r\n");
    const port = fake((words) => (words[0] === "ECHO" ? bulk(words[1] ?? "") : "+PONG\r\n"));
    const child = Bun.spawn([process.execPath, PROGRAM, "-p", port, "--pipe", "--pipe-timeout", "1"], {
      stdin: Bun.file(file),
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await new Response(child.stderr).text()).not.toContain("sending");
    expect(await new Response(child.stdout).text()).toContain("All data transferred.");
    rmSync(folder, { recursive: true });
  },
  LIMIT_MS,
);

test("a bar has a width of its own, and never more than all", () => {
  expect(barOf(5, 10, 0)).toBe(`[${"=".repeat(15)}>${" ".repeat(14)}]  50 %`);
  expect(barOf(11, 10, 0)).toBe(`[${"=".repeat(30)}] 100 %`);
  expect(barOf(0, 0, 12.4)).toBe("12 s");
  expect([sizeOf(12), sizeOf(1_536), sizeOf(5 * 2 ** 30)]).toEqual(["12 B", "1.5 KiB", "5.0 GiB"]);
});
