/** The page's own form for credentials: shown when the server asks for them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { command, reason, signIn, signInAs } from "./api.ts";
import { Brand } from "./brand.tsx";
import { Field } from "./parts.tsx";

export function SignIn({ refusal }: { readonly refusal: string }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(refusal);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Zedis";
    first.current?.focus();
  }, []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError("");
    signInAs(user, password);
    // While it is asked, the form stays.
    signIn.value = "";
    try {
      await command("PING");
      signIn.value = null;
    } catch (thrown) {
      setError(reason(thrown));
      setBusy(false);
      // Someone who may do little is a user all the same.
      if ((thrown as { code?: string }).code === "NOPERM") signIn.value = null;
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <Brand />
        <h1>Sign in</h1>
        <p class="note">As a user of this server (ACL). Kept until this tab is closed.</p>
        <br />
        <Field label="User">
          <input
            ref={first}
            autocomplete="username"
            placeholder="default"
            value={user}
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </Field>
        <Field label="Password">
          <input
            type="password"
            autocomplete="current-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </Field>
        <div role="alert">{error !== "" && <p class="error-text">{error}</p>}</div>
        <button type="submit" class="primary" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
