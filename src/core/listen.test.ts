import { expect, test } from "bun:test";
import { startServer } from "../../test/harness/server.ts";
import { describeListeners, shownAddress } from "./listen.ts";

test("the log names an address as a client takes it, and all of them as what they are", () => {
  const shown = ["127.0.0.1", "0.0.0.0", "*", "::1", "-::*"].map((address) =>
    shownAddress({ address, port: 6379, tls: false }),
  );
  expect(shown).toEqual(["127.0.0.1:6379", "0.0.0.0:6379", "0.0.0.0:6379", "[::1]:6379", "[::]:6379"]);
});

test("INFO names the addresses as bind has them", () => {
  const ports = ["*", "-::*"].map((address) => ({ address, port: 6379, tls: false }));
  expect(describeListeners(ports, "/run/z")).toEqual(["name=tcp,bind=*,bind=-::*,port=6379", "name=unix,bind=/run/z"]);
});

test("a server that serves every address says so in its log", async () => {
  const server = await startServer({ kind: "zedis", options: { bind: "*", "protected-mode": "yes" } });
  try {
    expect(server.log).toContain(`listening on 0.0.0.0:${server.port}`);
  } finally {
    await server.stop();
  }
});
