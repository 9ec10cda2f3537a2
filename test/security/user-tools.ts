/** What tests about users have in common: connections as a user, and a clean server after each test. */
import { afterEach } from "bun:test";
import { ok } from "../harness/expected.ts";
import { itemsOf, textOf } from "../harness/resp.ts";
import { check, type Suite } from "../harness/suite.ts";
import type { Wire } from "../harness/wire.ts";

export interface UserTools {
  /** A connection that has logged in. */
  readonly as: (name: string, password?: string) => Promise<Wire>;
  /** Runs with a connection that may do everything. */
  readonly withAdmin: (run: (admin: Wire) => Promise<void>) => Promise<void>;
}

/** After each test the suite's server has the default user alone. */
export function userTools(users: Suite): UserTools {
  const withAdmin: UserTools["withAdmin"] = async (run) => {
    const admin = await users.server.connect();
    await run(admin);
    await admin.close();
  };
  afterEach(() =>
    withAdmin(async (admin) => {
      const names = itemsOf(await admin.call("ACL USERS")).map(textOf);
      for (const name of names.filter((known) => known !== "default")) await admin.call(["ACL", "DELUSER", name]);
      await admin.call("ACL SETUSER default reset on nopass ~* &* +@all");
      await admin.call("ACL LOG RESET");
    }),
  );
  return {
    withAdmin,
    async as(name, password = "x") {
      const wire = await users.server.connect();
      await check(wire, [[["AUTH", name, password], ok]]);
      return wire;
    },
  };
}
