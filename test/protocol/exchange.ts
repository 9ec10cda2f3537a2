/** What a server sends back for raw bytes, when the connection itself is what is tested. */
import { readReplies, show } from "../harness/resp.ts";
import { within } from "../harness/wait.ts";
import { type Address, ByteSocket } from "../harness/wire.ts";

/** All replies the server sends for `request` until it closes, as `show` prints them. Throws when it does not close in time. */
export async function untilClosed(address: Address, request: Uint8Array | string): Promise<string[]> {
  const socket = await ByteSocket.open(address);
  socket.write(request);
  await within(10_000, `the server to close after ${JSON.stringify(String(request).slice(0, 60))}`, socket.closed);
  return readReplies(socket.received).map(show);
}

/** All replies to `request` sent as one piece, after which the client sends FIN. */
export async function afterFin(address: Address, request: Uint8Array | string): Promise<string[]> {
  const socket = await ByteSocket.open(address);
  socket.write(request);
  socket.endWriting();
  await within(20_000, "the server to answer and close after FIN", socket.closed);
  return readReplies(socket.received).map(show);
}
