/** The prompt at a real (pseudo) terminal, driven key by key as a person would, against a live redis-server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Server, startServer } from "../../test/harness/server.ts";
import { until } from "../../test/harness/wait.ts";
import { Connection } from "./connection.ts";

const FOUND = Bun.which("redis-server") !== null;
if (!FOUND) console.warn("prompt.test.ts: no redis-server on this machine to talk to");

let server: Server | undefined;
let port = 0;
let folder = "";

beforeAll(async () => {
  if (!FOUND) return;
  server = await startServer({ kind: "redis" });
  ({ port, folder } = server);
});

afterAll(() => server?.stop());

interface Typed {
  readonly type: (keys: string) => void;
  /** Waits until the screen shows `text` behind what was seen before. */
  readonly see: (text: string) => Promise<void>;
  /** Waits until exactly that was written, control sequences included. */
  readonly shows: (bytes: string) => Promise<void>;
  readonly exitCode: Promise<number>;
}

/** Control sequences that move the cursor or colour the text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const CONTROL = /\x1b\[[0-9;?]*[A-Za-z]/g;

function openPrompt(history: string): Typed {
  let screen = "";
  let seen = 0;
  const decoder = new TextDecoder();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "zedis-cli.ts"), "-p", String(port)], {
    env: { ...process.env, NO_COLOR: "", TERM: "xterm", ZEDISCLI_HISTFILE: history },
    terminal: {
      cols: 200,
      rows: 50,
      data: (_terminal, bytes) => {
        screen += decoder.decode(bytes, { stream: true });
      },
    },
  });
  return {
    type: (keys) => child.terminal?.write(keys),
    see: async (text) => {
      await until(`${JSON.stringify(text)} on the screen`, () => {
        const at = screen.replace(CONTROL, "").indexOf(text, seen);
        if (at >= 0) seen = at + text.length;
        return at >= 0;
      });
    },
    shows: (bytes) => until(JSON.stringify(bytes), () => screen.includes(bytes)).then(() => undefined),
    exitCode: child.exited,
  };
}

describe.skipIf(!FOUND)("the prompt", () => {
  test("shows place, database, transaction and replies, and leaves at quit", async () => {
    const history = join(folder, "history-1");
    const { type, see, exitCode } = openPrompt(history);
    const place = `127.0.0.1:${port}`;
    await see(`${place}> `);
    type('set k "a b"\r');
    await see("OK");
    await see(`${place}> `);
    type("multi\r");
    await see("OK");
    await see(`${place}(TX)> `);
    type("get k\r");
    await see("QUEUED");
    type("exec\r");
    await see('1) "a b"');
    type("select 3\r");
    await see(`${place}[3]> `);
    type("2 incr n\r");
    await see("(integer) 1");
    await see("(integer) 2");
    type("nosuch\r");
    await see("(error) ERR unknown command 'nosuch'");
    type('get "open\r');
    await see("Invalid argument(s)");
    type("quit\r");
    expect(await exitCode).toBe(0);
  });

  test("keeps a history that only its owner can read, and no passwords in it", async () => {
    const history = join(folder, "history-2");
    const { type, see, exitCode } = openPrompt(history);
    await see("> ");
    type("echo first\r");
    await see('"first"\r\n');
    type("auth secret\r");
    await see("(error)");
    type("config set requirepass \x15");
    type("exit\r");
    expect(await exitCode).toBe(0);
    expect(existsSync(history)).toBe(true);
    expect(readFileSync(history, "utf8").split("\n")).toEqual(["echo first", "exit", ""]);
    expect(statSync(history).mode & 0o777).toBe(0o600);

    const next = openPrompt(history);
    await next.see("> ");
    next.type("\x1b[A\x1b[A\r");
    await next.see('"first"\r\n');
    next.type("\x04");
    expect(await next.exitCode).toBe(0);
  });

  test("prints messages as they come and ends the subscription at Ctrl-C", async () => {
    const { type, see, exitCode } = openPrompt("/dev/null");
    await see("> ");
    type("subscribe news\r");
    await see('1) "subscribe"');
    await see("(subscribed mode)> ");
    const publisher = await Connection.open({ host: "127.0.0.1", port });
    publisher.send(["PUBLISH", "news", "hello"]);
    await see('3) "hello"');
    publisher.close();
    type("\x03");
    await see("> ");
    type("ping\r");
    await see("PONG");
    type("\x03");
    expect(await exitCode).toBe(0);
  });

  test("gives a waiting command up at Ctrl-C and goes on", async () => {
    const { type, see, exitCode } = openPrompt("/dev/null");
    await see("> ");
    type("blpop nothing 0\r");
    await see("\r\n");
    const watcher = await Connection.open({ host: "127.0.0.1", port });
    for (;;) {
      watcher.send(["CLIENT", "LIST"]);
      const reply = await watcher.next();
      if ("bytes" in reply && reply.bytes.includes("cmd=blpop")) break;
    }
    watcher.close();
    type("\x03");
    await see("> ");
    type("ping\r");
    await see("PONG");
    type("exit\r");
    expect(await exitCode).toBe(0);
  });

  test("shows the arguments that are still to come, and takes them away again", async () => {
    const { type, see, shows, exitCode } = openPrompt("/dev/null");
    await see("> ");
    type("getrange");
    await shows("\x1b[90m key start end\x1b[0m");
    type(" nokey 0 ");
    await shows("\x1b[90mend\x1b[0m");
    type("1\r");
    await shows("\x1b[K1\r\r\n");
    await see('""');
    type("exit\r");
    expect(await exitCode).toBe(0);
  });

  test("completes commands and helps with what the server knows", async () => {
    const { type, see, exitCode } = openPrompt("/dev/null");
    await see("> ");
    type("getra\t");
    await see("GETRANGE");
    type("\x15help getrange\r");
    await see("GETRANGE key start end");
    await see("group: string");
    type("help\r");
    await see("To get help about commands type:");
    type("exit\r");
    expect(await exitCode).toBe(0);
  });
});
