/** Places: what a real server finds there, decoded as applications decode it, is the text that was sent. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSuite } from "../../../../hosts/cli/attack-suite.ts";
import type { Encoding } from "../../../../hosts/cli/probing/encoding.ts";
import {
  buildRequest,
  encodingsAt,
  PLACEMENTS,
  type Placement,
  targetOf,
} from "../../../../hosts/cli/probing/placement.ts";
import { Sender } from "../../../../hosts/cli/probing/sender.ts";

const NAME = "p0123456789";
const TEXTS = [...readSuite().map(({ text }) => text), "größe & 'x' \"y\" <z> %41+~`^|{}[]\\", "a;b,c=d/e?f#g"];

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

let server: Server;
let sender: Sender;
let received: Received | undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received = { request, body: Buffer.concat(chunks) };
      response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = new URL(`http://127.0.0.1:${address.port}/app`);
  sender = new Sender({ url, blockStatus: 403, insecure: false, concurrency: 1, timeoutMs: 5000 });
});

afterAll(() => {
  sender.close();
  server.close();
});

const utf8 = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" };

function fromXml(body: string): string {
  const [, content = ""] = new RegExp(`<${NAME}>(?:<value>)?(.*?)(?:</value>)?</${NAME}>`, "s").exec(body) ?? [];
  return content.replace(/&(?:#x([0-9a-f]+)|(\w+));/g, (_, hex: string | undefined, name: string) =>
    hex === undefined ? (entities[name] ?? "") : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

/** What an application reads at a place. */
async function valueAt(placement: Placement, { request, body }: Received): Promise<string> {
  const url = request.url ?? "";
  const headers = request.headers;
  const form = (): Promise<FormData> => {
    return new Response(new Uint8Array(body), {
      headers: { "content-type": headers["content-type"] ?? "" },
    }).formData();
  };
  switch (placement) {
    case "url-param":
      return decodeURIComponent(url.replace(`/app?${NAME}=`, ""));
    case "url-path":
      return decodeURIComponent(url.replace("/app/", ""));
    case "header":
      return utf8(String(headers[`x-${NAME}`]));
    case "user-agent":
      return utf8(headers["user-agent"] ?? "");
    case "cookie":
      return decodeURIComponent((headers.cookie ?? "").replace(`${NAME}=`, ""));
    case "raw-body":
    case "json-body":
      return body.toString("utf8");
    case "json-string":
      return JSON.parse(body.toString("utf8"))[NAME];
    case "html-form":
      return String((await form()).get(NAME));
    case "multipart-form":
      return String((await form()).get(NAME));
    case "multipart-filename": {
      // Node's own reader undoes more than the quote, which is all that browsers encode for sure.
      const [, file = ""] = /filename="([^"]*)"/.exec(body.toString("utf8")) ?? [];
      return file.replaceAll("%22", '"');
    }
    case "xml-body":
    case "soap-body":
      return fromXml(body.toString("utf8"));
  }
}

/** Places that undo percent encoding themselves. */
const DECODED_THERE: ReadonlySet<Placement> = new Set(["url-param", "url-path", "cookie", "html-form"]);

/** What an application still undoes of what it read. */
function undo(placement: Placement, encoding: Encoding, value: string): string {
  if (encoding.startsWith("base64")) return Buffer.from(value, "base64").toString("utf8");
  return encoding === "url" && !DECODED_THERE.has(placement) ? decodeURIComponent(value) : value;
}

describe.each(PLACEMENTS)("%s", (placement) => {
  test("brings every text in every encoding to the application", async () => {
    for (const text of TEXTS) {
      for (const encoding of encodingsAt(placement, text)) {
        received = undefined;
        expect(await sender.send(buildRequest(placement, encoding, text, NAME))).toBe("passed");
        if (received === undefined) throw new Error("nothing came");
        const found = undo(placement, encoding, await valueAt(placement, received));
        // Spaces around a header's value are no part of it (RFC 9110 §5.5).
        const isHeader = encoding === "plain" && (placement === "header" || placement === "user-agent");
        expect({ encoding, found }).toEqual({ encoding, found: isHeader ? text.trim() : text });
      }
    }
  });
});

test("a line break stays out of headers in plain form", () => {
  expect(encodingsAt("header", "a\r\nb")).toEqual(["url", "base64", "base64-flat"]);
  expect(encodingsAt("header", "ab")).toContain("plain");
});

test("targets hold only what a target may hold, whatever the text", () => {
  const text = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  for (const placement of ["url-param", "url-path"] as const) {
    for (const encoding of encodingsAt(placement, text)) {
      const target = targetOf("/base/", buildRequest(placement, encoding, text, NAME));
      expect(target).toMatch(/^\/base\/[!-~]*$/);
      expect(target).not.toContain("#");
      expect(target).not.toContain("//");
    }
  }
});
