/** What commands that serve have in common: their flags, and an end that still tells what happened meanwhile. */
import { expect, test } from "vitest";
import { type Command, type Input, parseInput } from "../../../../hosts/cli/command.ts";
import {
  certificateOf,
  openCore,
  SERVING_OPTIONS,
  serveUntilSignal,
  servingOf,
} from "../../../../hosts/cli/protection/serving.ts";
import type { MerlonError } from "../../../../hosts/core/error.ts";
import type { VerdictEvent } from "../../../../hosts/core/inspection.ts";
import { Collector } from "../stage.ts";

const TEXT = { type: "string", about: "" } as const;
const command: Command = {
  name: "serve",
  summary: "",
  usage: "",
  least: 0,
  most: 0,
  options: { ...SERVING_OPTIONS, mode: TEXT, "tls-cert": TEXT, "tls-key": TEXT },
  details: "",
  examples: [],
  run: () => Promise.resolve(0),
};

function input(...args: string[]): Input {
  return parseInput(command, args);
}

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as MerlonError).message;
  }
  return "accepted";
}

test("flags and what stands for those that are not given", () => {
  expect(servingOf(input())).toEqual({
    source: { path: undefined, mode: undefined },
    graceMs: 10_000,
    quiet: false,
  });
  expect(servingOf(input("--policy", "a.yaml", "--mode", "block", "--grace", "0", "-q"))).toEqual({
    source: { path: "a.yaml", mode: "block" },
    graceMs: 0,
    quiet: true,
  });
  expect(refusal(() => servingOf(input("--grace", "3601")))).toContain("--grace");
  expect(refusal(() => servingOf(input("--mode", "blok")))).toContain("block");
});

test("a certificate needs its key, and what builds on them needs both", () => {
  expect(certificateOf(input(), false)).toBeUndefined();
  expect(certificateOf(input("--tls-cert", "c", "--tls-key", "k"), true)).toEqual({ certFile: "c", keyFile: "k" });
  for (const [given, others] of [
    [input("--tls-cert", "c"), false],
    [input("--tls-key", "k"), false],
    [input(), true],
  ] as const) {
    expect(refusal(() => certificateOf(given, others))).toContain("--tls-cert <file> --tls-key <file>");
  }
});

test("the end finishes what is in progress, and verdicts of that time are told too", async () => {
  const stdout = new Collector();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const io = { stdin: process.stdin, stdout, stderr: stdout, interactive: false };
  const opened = await openCore({ path: undefined, mode: "block" }, io, say);
  const { engine, lines } = opened;
  const transaction = engine.begin("192.0.2.1", 1_800_000_000);
  const target = "/?a=../../../../etc/passwd";
  transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
  transaction.end();
  const verdict = transaction.verdict();
  transaction.free();
  const event: VerdictEvent = {
    id: "01JD3Z8K6Q4TXXXX0000000000",
    ref: "01JD3Z8K6Q4TXXXX",
    verdict,
    method: "GET",
    host: "a",
    path: "/late",
    startedAt: 0,
    addedMicros: 1,
    cut: false,
    peer: "192.0.2.1",
    scheme: "http",
    bodyBytes: 0,
    responseSeen: false,
    totalMs: 1,
    details: () => null,
    status: 403,
    watched: false,
  };
  const steps: string[] = [];
  const served = {
    close: (graceMs: number) => {
      steps.push(`close ${graceMs}`);
      for (let count = 0; count < 100; count++) lines.add(event);
      return Promise.resolve();
    },
    active: () => 1,
    verify: () => engine.verify(),
    greet: () => {
      steps.push("greet");
      process.emit("SIGTERM");
    },
  };
  await serveUntilSignal(opened, served, 250, say);
  expect(steps).toEqual(["greet", "close 250"]);
  expect(said).toEqual(["finishing the requests in progress …"]);
  expect(stdout.text).toContain("/late");
  expect(stdout.text).toMatch(/and \d+ more in that second\n$/);
});
