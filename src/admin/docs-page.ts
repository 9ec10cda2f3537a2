/** /docs: the OpenAPI document as a page, with a form for each operation. One page and one script, nothing from elsewhere. */
import { fileResponse, type StaticFile, staticFile } from "../console/static-file.ts";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zedis HTTP API</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
code, pre, textarea, input { font: 13px/1.4 ui-monospace, monospace; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .4rem .7rem; }
summary { cursor: pointer; }
summary code { font-weight: 600; }
pre { background: var(--soft); border-radius: 6px; max-height: 24rem; overflow: auto; padding: .6rem; white-space: pre-wrap; }
label { display: block; margin: .3rem 0; }
input, textarea { box-sizing: border-box; width: 100%; }
textarea { min-height: 6rem; }
.method { display: inline-block; min-width: 4.5rem; }
</style>
<h1>Zedis HTTP API</h1>
<p>For programs: <a href="/openapi.json">/openapi.json</a>. Users, passwords and rules are those of RESP.</p>
<main id="operations" aria-live="polite">Loading…</main>
<script src="/docs.js"></script>
</html>
`;

const SCRIPT = `"use strict";
const make = (tag, text, into) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (into) into.append(node);
  return node;
};
const exampleOf = (schema = {}) => {
  if (schema.examples) return schema.examples[0];
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return exampleOf(schema.anyOf[0]);
  if (schema.type === "array") return [exampleOf(schema.items)];
  if (schema.type === "object") {
    const required = schema.required || [];
    return Object.fromEntries(Object.entries(schema.properties || {}).filter(([name]) => required.includes(name)).map(([name, one]) => [name, exampleOf(one)]));
  }
  return { string: "", number: 0, integer: schema.minimum || 0, boolean: false }[schema.type] ?? null;
};
const show = (path, method, operation, into) => {
  const box = make("details", undefined, into);
  const head = make("summary", undefined, box);
  make("code", method.toUpperCase(), head).className = "method";
  make("code", path, head);
  head.append(" " + operation.summary);
  const form = make("form", undefined, box);
  const fields = operation.parameters.map((parameter) => {
    const label = make("label", parameter.name + (parameter.required ? " (required)" : "") + (parameter.description ? ": " + parameter.description : ""), form);
    return [parameter, make("input", undefined, label)];
  });
  const schema = operation.requestBody?.content["application/json"].schema;
  let body;
  if (schema) {
    body = make("textarea", undefined, make("label", "Body", form));
    body.value = JSON.stringify(exampleOf(schema), null, 2);
    const more = make("details", undefined, form);
    make("summary", "Schema", more);
    make("pre", JSON.stringify(schema, null, 2), more);
  }
  make("button", "Send", form);
  const result = make("pre", "", box);
  result.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let url = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of fields) {
      if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
      else if (input.value !== "") query.set(parameter.name, input.value);
    }
    result.hidden = false;
    result.textContent = "…";
    try {
      const response = await fetch(url + (query.size > 0 ? "?" + query : ""), {
        method: method.toUpperCase(),
        ...(body ? { body: body.value, headers: { "content-type": "application/json" } } : {}),
      });
      if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
        response.body.cancel();
        result.textContent = response.status + ": a stream of events; open it with an EventSource";
        return;
      }
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON */ }
      result.textContent = response.status + "\\n" + shown;
    } catch (error) {
      result.textContent = String(error);
    }
  });
};
fetch("/openapi.json").then(async (response) => {
  const main = document.getElementById("operations");
  main.textContent = "";
  const found = await response.json();
  if (!response.ok) { main.textContent = found.error.message; return; }
  const groups = new Map();
  for (const [path, methods] of Object.entries(found.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "other";
      if (!groups.has(tag)) { make("h2", tag, main); groups.set(tag, make("section", undefined, main)); }
      show(path, method, operation, groups.get(tag));
    }
});
`;

const TEXTS: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/docs": ["text/html; charset=utf-8", PAGE],
  "/docs.js": ["text/javascript; charset=utf-8", SCRIPT],
};
/** Those that somebody has asked for. */
const files = new Map<string, StaticFile>();

const POLICY =
  "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The page's file at a path, or null. */
export function docsFile(request: Request, path: string): Response | null {
  const text = Object.hasOwn(TEXTS, path) ? TEXTS[path] : undefined;
  if (text === undefined) return null;
  const file = files.get(path) ?? staticFile(text[0], new TextEncoder().encode(text[1]));
  files.set(path, file);
  return fileResponse(request, file, "no-cache", { "content-security-policy": POLICY });
}
