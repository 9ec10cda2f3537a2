/**
 * A program: sends the words after the first as one request to the port in the first, prints how many bytes came back until the
 * server closed, and leaves. A process of its own, so that receiving a large reply does not disturb what another measures.
 */
import { encodeRequest } from "./resp.ts";
import { ByteSocket } from "./wire.ts";

if (import.meta.main) {
  const [port, ...words] = process.argv.slice(2);
  const socket = await ByteSocket.open({ hostname: "127.0.0.1", port: Number(port) });
  let count = 0;
  socket.onBytes = () => {
    count += socket.received.length;
    socket.discard(socket.received.length);
  };
  socket.write(encodeRequest(words));
  socket.endWriting();
  await socket.closed;
  console.log(count);
}
