/** Users at the start of the server, and ACL LOAD and SAVE: what of them touches files. */
import { readFileSync } from "node:fs";
import { systemError } from "../config/files.ts";
import { replaceFile } from "../config/replace-file.ts";
import type { Settings } from "../config/settings.ts";
import { declareUsers, disabledUsers } from "../config/users.ts";
import type { Native } from "./ffi.ts";
import type { Log } from "./log.ts";
import { type ControlCommand, ErrorReply, OK } from "./reply.ts";

const NO_FILE =
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER " +
  "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users " +
  "in the Redis configuration.";
const NOT_SAVED = "ERR There was an error trying to save the ACLs. Please check the server logs for more information";

/** Makes the users that the configuration declares or its `aclfile` holds. Null, or why the server cannot start. */
export function makeUsers(native: Native, settings: Settings, log: Log): string | null {
  const refused = declareUsers(settings, native.declareUser);
  if (refused !== null) return refused;
  for (const name of disabledUsers(settings.users)) {
    log.write("notice", `The user '${name}' cannot log in: nothing in its declaration says 'on'.`);
  }
  const path = settings.get("aclfile");
  if (path === "") return null;
  if (settings.get("requirepass") !== "") {
    log.write("warning", "'requirepass' has no effect beside 'aclfile': the default user is what that file says");
  }
  const error = loadUsers(native, path);
  return error === null ? null : `Aborting the start because of ACL errors: ${error}`;
}

/** ACL LOAD and ACL SAVE. `onSave` is called before the users are written. */
export function aclFileCommand(native: Native, settings: Settings, log: Log, onSave: () => void): ControlCommand {
  return (argv) => {
    const path = settings.get("aclfile");
    if (path === "") return new ErrorReply(NO_FILE);
    if (
      Buffer.from(argv[1] ?? "")
        .toString("latin1")
        .toLowerCase() === "load"
    ) {
      const error = loadUsers(native, path);
      return error === null ? OK : new ErrorReply(`ERR ${error}`);
    }
    onSave();
    const lines = native.users();
    const error = replaceFile(path, Buffer.concat([lines, Buffer.from("\n")]));
    if (error === null) return OK;
    log.write("warning", `ACL SAVE: writing '${path}' failed: ${error}`);
    return new ErrorReply(NOT_SAVED);
  };
}

/** The lines of all users for CONFIG REWRITE, as byte strings. */
export function usersForConfig(native: Native, settings: Settings): string[] {
  if (settings.get("aclfile") !== "") return [];
  return Buffer.from(native.users()).toString("latin1").split("\n");
}

function loadUsers(native: Native, path: string): string | null {
  let text: Uint8Array;
  try {
    text = readFileSync(path);
  } catch (error) {
    return `Error loading ACLs, opening file '${path}': ${systemError(error)}`;
  }
  return native.loadUsers(path, text);
}
