/** A server with the HTTP API, one browser for the file, and a fresh page for each test. */
import { afterAll, afterEach, beforeAll, describe } from "bun:test";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { type Server, type StartOptions, startServer } from "../harness/server.ts";

/** For a test that drives pages on a slow machine. */
export const SLOW_MS = 120_000;

const path =
  process.env.ZEDIS_CHROMIUM ?? Bun.which("chromium") ?? Bun.which("chromium-browser") ?? Bun.which("google-chrome");

export interface PageOptions {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

export interface BrowserSuite {
  readonly server: Server;
  /** A page of a browser that knows nothing yet, at a view: `keys?key=ta`. What goes wrong in its scripts fails the test. */
  open(view: string, options?: PageOptions): Promise<Page>;
  /** The reply of a command as JSON. */
  command(...words: readonly unknown[]): Promise<unknown>;
}

/** `body` declares the tests; they are skipped, with the reason in their title, where there is no browser. */
export function describeInBrowser(title: string, start: StartOptions, body: (suite: BrowserSuite) => void): void {
  const isRequired = process.env.ZEDIS_BROWSER === "required";
  const isSkipped = path === null && !isRequired;
  describe.skipIf(isSkipped)(isSkipped ? `${title} (skipped: no chromium on this machine)` : title, () => {
    let server: Server | undefined;
    let browser: Browser | undefined;
    let contexts: BrowserContext[] = [];
    let faults: string[] = [];
    beforeAll(async () => {
      if (path === null) throw new Error("ZEDIS_BROWSER=required, and there is no chromium on this machine");
      [server, browser] = await Promise.all([
        startServer({ ...start, admin: true, kind: "zedis" }),
        chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] }),
      ]);
    }, SLOW_MS);
    afterEach(async () => {
      await Promise.all(contexts.map((context) => context.close()));
      contexts = [];
      const found = faults;
      faults = [];
      if (found.length > 0) throw new Error(`the page's scripts failed:\n${found.join("\n")}`);
    });
    afterAll(async () => {
      await Promise.all([browser?.close(), server?.stop()]);
    }, SLOW_MS);
    const running = (): Server => {
      if (server === undefined) throw new Error("the suite's server is not running");
      return server;
    };
    body({
      get server() {
        return running();
      },
      async open(view, { theme = "light", width = 1280, height = 800 } = {}) {
        if (browser === undefined) throw new Error("the suite's browser is not running");
        const context = await browser.newContext({
          viewport: { width, height },
          colorScheme: theme,
          reducedMotion: "reduce",
        });
        contexts.push(context);
        const page = await context.newPage();
        page.setDefaultTimeout(40_000);
        page.on("pageerror", (error) => faults.push(error.message));
        page.on("console", (message) => {
          // Refused requests are what some tests are about.
          const isRequest = message.text().startsWith("Failed to load resource");
          if (message.type() === "error" && !isRequest) faults.push(message.text());
        });
        await page.goto(`${running().http}/#/${view}`);
        return page;
      },
      async command(...words) {
        const response = await fetch(`${running().http}/v1/command`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ command: words }),
        });
        const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
        if (answer.error !== undefined) throw new Error(answer.error.message);
        return answer.result;
      },
    });
  });
}
