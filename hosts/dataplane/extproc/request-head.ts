/** What the server must know of a request's head before the core judges it: read once, from Envoy's own fields. */
import type { RequestHead, ResponseHead } from "../../core/verdict.ts";

/** A head with its few facts. */
export interface HeadFacts {
  readonly head: RequestHead;
  readonly accept: string;
  /** Media type in lower case without parameters. */
  readonly mediaType: string;
  /** Declared size of the body, -1 where none is. */
  readonly contentLength: number;
  /** What follows is no body: the bytes of a WebSocket or of another protocol that the request switches to. */
  readonly tunnel: boolean;
}

/** Reads the fields of `request_headers`; Envoy has checked them, names are in lower case. */
export function readHead(fields: readonly string[]): HeadFacts {
  const rawHeaders: string[] = [];
  const pseudo = { method: "", path: "", authority: "", scheme: "http" };
  let accept = "";
  let mediaType = "";
  let length = "";
  let framed = false;
  let upgrade = "";
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    if (name.charCodeAt(0) === 0x3a) {
      if (name === ":method") pseudo.method = value;
      else if (name === ":path") pseudo.path = value;
      else if (name === ":authority") pseudo.authority = value;
      else if (name === ":scheme") pseudo.scheme = value;
      continue;
    }
    rawHeaders.push(name, value);
    if (name === "accept") accept = accept === "" ? value : `${accept}, ${value}`;
    else if (name === "content-type") mediaType = (value.split(";", 1)[0] ?? "").trim().toLowerCase();
    else if (name === "content-length") length = value;
    else if (name === "transfer-encoding") framed = true;
    else if (name === "upgrade") upgrade = value;
  }
  const { method, path, authority, scheme } = pseudo;
  // A body that is framed as one is a body, whatever else the request says of itself.
  const switches = method === "CONNECT" || (method === "GET" && upgrade.toLowerCase() === "websocket");
  return {
    head: { method, target: path, authority, scheme: scheme === "https" ? "https" : "http", rawHeaders },
    accept,
    mediaType,
    contentLength: /^\d{1,15}$/.test(length) ? Number(length) : -1,
    tunnel: switches && !framed && (length === "" || length === "0"),
  };
}

/** Reads the fields of `response_headers`. */
export function readResponseHead(fields: readonly string[]): ResponseHead {
  const at = fields.indexOf(":status");
  const rawHeaders = fields.filter((_, index) => at < 0 || (index !== at && index !== at + 1));
  return { status: Number(at < 0 ? 0 : fields[at + 1]) || 0, rawHeaders };
}

/** The address of `192.0.2.1:4711` or `[2001:db8::1]:4711`; "" where it is none, as with Unix sockets. */
export function addressOf(endpoint: string): string {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/.exec(endpoint);
  return match?.[1] ?? match?.[2] ?? "";
}
