/**
 * What a blocked client is shown by the filter in a real Envoy: to the byte what the Node hosts show for the same page
 * of the policy, the same Accept and the same media type.
 */
import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildAnswer } from "../../../../hosts/core/block-page.ts";
import type { BlockPage } from "../../../../hosts/core/host-policy.ts";
import { type Component, requireOrSkip } from "../../../tools/component.ts";
import { findEnvoy, imageText, LONG_MS, merlon, type Reply, type Stage, send, startEnvoy } from "./stage.ts";

const ATTACK = "?id=1'%20UNION%20SELECT%20login,password%20FROM%20users--%20";
const HTML = "<h1>Stop</h1> {{reference}} at {{time}} {{title}} {{Time}}";
const PAGES: Record<string, Omit<Partial<BlockPage>, "types"> & { statusCode: number }> = {
  "/plain": { statusCode: 403 },
  "/teapot": { statusCode: 418 },
  "/own": { statusCode: 451, html: HTML },
  "/own-for-all": { statusCode: 451, html: HTML, json: false },
  "/away": { statusCode: 429, redirect: "https://status.example/?a=b" },
};
const POLICY = imageText(
  { mode: "block" },
  { scopes: Object.entries(PAGES).map(([path, blockPage]) => ({ match: { path }, blockPage })) },
);
const ACCEPTS = [
  "",
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "application/json",
  "text/html;q=0.5, application/json;q=0.9",
  "text/html; q=0.9 ,application/problem+json;q=0.9",
  "TEXT/HTML;level=1;Q=0.3",
  "text/html;q=0",
  "text/html;q=2, application/json;q=0.1",
  "text/html;q=0.1234",
  "*/*",
  "application/xhtml+xml;q=.9",
];

let binary: Component<string>;
let stage: Stage | undefined;

beforeAll(async () => {
  binary = await findEnvoy();
  if (!("found" in binary)) return;
  const listeners = [[merlon({ policy: POLICY })]];
  stage = await startEnvoy(binary.found, { listeners, upstream: (_, response) => response.end("application") });
}, LONG_MS);
afterAll(() => stage?.stop());

/** What Node's hosts answer, with the reference and the time of what came. */
function answerInNode(reply: Reply, path: string, accept: string, mediaType = ""): Reply {
  const ref = String(reply.headers["x-merlon-ref"]);
  const time = /"time":"([^"]+)"|<dt>Time<\/dt><dd>([^<]+)<| at (\S+Z)/.exec(reply.body);
  const nowMs = Date.parse(time?.[1] ?? time?.[2] ?? time?.[3] ?? "") || 0;
  const page: BlockPage = { json: true, types: ["attack"], ...PAGES[path], statusCode: PAGES[path]?.statusCode ?? 403 };
  const { status, headers, body } = buildAnswer("blocked", { ref, nowMs, accept, mediaType, detail: "" }, page);
  const pairs = headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : []));
  return { status, headers: Object.fromEntries(pairs), body };
}

/** Without the fields that Envoy adds to every answer. */
function comparable({ status, headers, body }: Reply): Reply {
  const { date, server, connection, "transfer-encoding": framing, ...rest } = headers;
  return { status, headers: rest, body };
}

const cases = Object.keys(PAGES).flatMap((path) => ACCEPTS.map((accept) => ({ path, accept })));

describe("the block page", () => {
  test.each(cases)("at $path for Accept: $accept", async ({ path, accept }) => {
    if (stage === undefined) return;
    const reply = await send(stage.ports[0] ?? 0, `${path}${ATTACK}`, { headers: accept === "" ? {} : { accept } });
    expect(reply.headers["x-merlon-ref"]).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{15}$/);
    expect(comparable(reply)).toEqual(comparable(answerInNode(reply, path, accept)));
  });

  test("tells the time of the request, and each request has a reference of its own", async (context) => {
    requireOrSkip(context, binary);
    const before = Date.now();
    const replies = await Promise.all(
      Array.from({ length: 50 }, async () => await send(stage?.ports[0] ?? 0, `/${ATTACK}`)),
    );
    const after = Date.now();
    expect(new Set(replies.map(({ headers }) => headers["x-merlon-ref"])).size).toBe(50);
    for (const { body } of replies) {
      const time = Date.parse(JSON.parse(body).time);
      expect(time).toBeGreaterThanOrEqual(before - 1);
      expect(time).toBeLessThanOrEqual(after + 1);
    }
  });

  test("is a status for gRPC and gRPC-Web", async () => {
    if (stage === undefined) return;
    const web = await send(stage.ports[0] ?? 0, `/plain${ATTACK}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
    });
    // Envoy takes the type off an answer without a body.
    const expected = comparable(answerInNode(web, "/plain", "", "application/grpc-web+proto"));
    const { "content-type": type, ...fields } = expected.headers;
    expect(comparable(web)).toEqual({ ...expected, headers: { ...fields, "content-length": "0" } });
    const session = connect(`http://127.0.0.1:${stage.ports[0]}`);
    try {
      const stream = session.request({
        ":method": "POST",
        ":path": `/plain${ATTACK}`,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
      stream.close();
      expect(headers).toMatchObject({ ":status": 200, "content-type": "application/grpc", "grpc-status": "7" });
      expect(headers["grpc-message"]).toBe("Request blocked");
      expect(headers["merlon-ref"]).toBe(headers["x-merlon-ref"]);
    } finally {
      session.destroy();
    }
  });
});
