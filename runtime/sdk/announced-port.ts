/** Reads a server's log up to where it is ready and gives the port it named; goes on reading, so that no pipe fills. */
export async function portOf(log: ReadableStream<Uint8Array>): Promise<number> {
  const reader = log.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server ended before it was ready; it said:\n${text}`);
    text += decoder.decode(value, { stream: true });
    const port = /listening on [\d.]+:(\d+)/.exec(text)?.[1];
    if (port === undefined || !text.includes("Ready to accept connections")) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return Number(port);
  }
}
