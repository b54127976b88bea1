/**
 * Finds out what a new connection speaks, from its first bytes, and gives those bytes back so that the server that gets
 * the connection sees all of it.
 */
import type { Socket } from "node:net";
import { PROXY_HEADER_BYTES_MAX, readProxyHeader } from "./proxy-protocol.ts";

/** What a connection speaks. `none`: nothing that is known here, or not what its peer has to say. */
export type Protocol = "tls" | "http1" | "http2" | "none";

const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** The record type of a TLS handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;

/**
 * Watches a connection until its protocol is known.
 * @param awaitsProxy a PROXY header must come first; without this one must not come
 * @param done called once, with the client that the PROXY header names, if any. Not called if the connection closes.
 */
export function sniff(socket: Socket, awaitsProxy: boolean, done: (protocol: Protocol, client: string | null) => void) {
  let seen: Buffer = Buffer.alloc(0);
  let client: string | null = null;
  let proxyDone = !awaitsProxy;

  const finish = (protocol: Protocol): void => {
    socket.off("readable", onReadable);
    if (seen.length > 0) socket.unshift(seen);
    done(protocol, client);
  };

  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      // The end came before anything could be recognised.
      if (socket.readableEnded || socket.readable === false) socket.destroy();
      return;
    }
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    if (!proxyDone) {
      const header = readProxyHeader(seen);
      if (header.kind === "partial" && seen.length < PROXY_HEADER_BYTES_MAX) return;
      if (header.kind !== "header") {
        finish("none");
        return;
      }
      proxyDone = true;
      client = header.client;
      seen = seen.subarray(header.size);
    }
    const protocol = recognise(seen);
    if (protocol !== null) finish(protocol);
  };

  socket.on("readable", onReadable);
  socket.once("end", () => {
    if (socket.listenerCount("readable") > 0) socket.destroy();
  });
}

/** The protocol that the bytes begin, null while they may still become another one. */
function recognise(bytes: Buffer): Protocol | null {
  if (bytes.length === 0) return null;
  if (bytes[0] === TLS_HANDSHAKE) return "tls";
  const size = Math.min(bytes.length, HTTP2_PREFACE.length);
  if (bytes.compare(HTTP2_PREFACE, 0, size, 0, size) === 0) return size === HTTP2_PREFACE.length ? "http2" : null;
  // An unexpected PROXY header is refused by name, although HTTP/1 would refuse it too.
  const header = readProxyHeader(bytes);
  if (header.kind === "partial") return null;
  return header.kind === "absent" ? "http1" : "none";
}
