/** The head: which fields are looked at as what, and what the body's parser learns from it. */
import { describe, expect, test } from "vitest";
import { Core, type Pair } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

const FIELDS: readonly (readonly [name: string, points: readonly string[]])[] = [
  ["x-anything", ["header.X-ANYTHING"]],
  ["Accept", ["header.ACCEPT"]],
  ["user-agent", ["header.USER-AGENT"]],
  ["content-type", ["header.CONTENT-TYPE"]],
  ["host", []],
  ["connection", []],
  ["keep-alive", []],
  ["proxy-connection", []],
  ["te", []],
  ["upgrade", []],
  ["expect", []],
  ["transfer-encoding", []],
  ["content-length", []],
  // Hosts set or remove these; what a client wrote into them reaches the application all the same.
  ["x-forwarded-proto", ["header.X-FORWARDED-PROTO"]],
  ["x-envoy-original-path", ["header.X-ENVOY-ORIGINAL-PATH"]],
  ["x-merlon-line", ["header.X-MERLON-LINE"]],
  ["", []],
];

test.each(FIELDS)("an attack in the field %j is found at %j", (name, points) => {
  expect(ask(core, { fields: [[name, ATTACK]] }).points).toEqual(points);
  expect(ask(core, { fields: [[name.toUpperCase(), ATTACK]] }).points).toEqual(points);
});

test("pseudo fields among the fields are none", () => {
  const { points } = ask(core, { fields: [[":unknown", ATTACK]] });
  expect(points).toEqual([]);
});

describe("the target", () => {
  const TARGETS: readonly (readonly [target: string, points: readonly string[]])[] = [
    [`/?a=${ATTACK}`, ["query.a"]],
    [`http://shop.example/?a=${ATTACK}`, ["query.a"]],
    [`HTTPS://shop.example?a=${ATTACK}`, ["query.a"]],
    [`/${ATTACK}`, ["path"]],
    ["*", []],
    ["", []],
  ];

  test.each(TARGETS)("%j", (target, points) => {
    expect(ask(core, { target }).points).toEqual(points);
  });
});

describe("trailers", () => {
  test("are values under their names, and joined as fields are", () => {
    const trailers: Pair[] = [
      ["X-A", "x union/*"],
      ["x-a", "*/select password from users"],
      ["x-b", ATTACK],
    ];
    expect(ask(core, { method: "POST", trailers }).points).toEqual(["trailer.X-A", "trailer.X-B"]);
  });

  test("that are malformed are said to be", () => {
    const handle = core.begin();
    core.pairs("tx_head", handle, []);
    expect(core.call("tx_trailers")(handle, core.give(Buffer.from("nonsense")))).toBe(18);
    core.free(handle);
  });
});

test("a head that cannot be read is odd, and its body is looked at as text", () => {
  const handle = core.begin();
  expect(core.call("tx_head")(handle, core.give(Buffer.from("nonsense")))).toBe(18);
  core.piece("tx_body", handle, Buffer.from(`so ${ATTACK}`));
  core.end(handle);
  expect(core.line(handle)).toContain("@post ");
  expect(core.names(core.record(handle), "RESULT_ANOMALIES")).toEqual(["head"]);
  core.free(handle);
});
