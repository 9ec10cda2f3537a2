import { expect, test } from "bun:test";
import { parseClients } from "./client-list.ts";

test("each line of CLIENT LIST is a client", () => {
  const [first, second, ...more] = parseClients(
    "id=3 addr=1.2.3.4:5 name= cmd=client|list\nid=4 addr=[::1]:6 name=a=b\n\n",
  );
  expect(first).toEqual({ id: "3", addr: "1.2.3.4:5", name: "", cmd: "client|list" });
  expect(second?.name).toBe("a=b");
  expect(more).toEqual([]);
});
