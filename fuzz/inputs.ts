/**
 * Input number `index` of a seed: a request from the grammar, often damaged, handed over in one of the ways that hosts
 * have. Each input has a random source of its own, so that one can be made again without those before it.
 */
import { encodePairs } from "../test/assembly/core.ts";
import { chance, createRandom, pick, type Random } from "../test/bench/random.ts";
import { randomCuts } from "../test/conformance/delivery.ts";
import { makeRequest, makeValue, toCalls, toPairs, toWire } from "./grammar.ts";
import { CALLS, type Operation } from "./operations.ts";

const END: Operation = { call: "tx_end", bytes: Buffer.alloc(0) };
const INPUT_BYTES_MAX = 262_144;
const INTERESTING = [
  "\r\n",
  "\n",
  "\0",
  "%",
  "&",
  "=",
  '"',
  "\\",
  "{",
  "[",
  "]",
  "}",
  "--",
  "\xff",
  "\xc0",
  "+",
  "<",
  "'",
];

/** @returns the calls of the input of that number */
export function makeInput(seed: number, index: number): readonly Operation[] {
  const random = createRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index, 0xc2b2ae35));
  random(2);
  if (chance(random, 0.01)) return makeNonsense(random);
  const operations = chance(random, 0.5) ? makeRaw(random) : makeParts(random);
  return chance(random, 0.05) ? [...operations, ...makeResponse(random)] : operations;
}

function makeRaw(random: Random): Operation[] {
  const wire = damage(random, toWire(random, makeRequest(random)));
  return [...toCalls("tx_raw", wire, makeCuts(random, wire.length)), END];
}

function makeParts(random: Random): Operation[] {
  const request = makeRequest(random);
  const pairs = toPairs(request);
  const head: Operation = { call: "tx_head", bytes: chance(random, 0.1) ? damage(random, pairs) : pairs };
  const body = damage(random, Buffer.from(request.body, "latin1"));
  const calls = [head, ...toCalls("tx_body", body, makeCuts(random, body.length))];
  if (request.trailers.length > 0) calls.push({ call: "tx_trailers", bytes: encodePairs(request.trailers) });
  return [...calls, END];
}

function makeResponse(random: Random): Operation[] {
  const pairs = encodePairs([
    [":status", pick(random, ["200", "404", "", "20x"])],
    ["content-type", makeValue(random)],
  ]);
  const body = Buffer.from(`${makeValue(random)}\nroot:x:0:0:root:/root:/bin/sh\n${makeValue(random)}`, "latin1");
  return [
    { call: "tx_response_head", bytes: pairs },
    ...toCalls("tx_response_body", body, makeCuts(random, body.length)),
    { call: "tx_response_end", bytes: Buffer.alloc(0) },
  ];
}

/** Calls in any order. */
function makeNonsense(random: Random): Operation[] {
  const operations: Operation[] = [];
  for (let count = random(10); count >= 0; count--) {
    const call = pick(random, CALLS);
    const bytes = chance(random, 0.5) ? Buffer.from(makeValue(random), "latin1") : toPairs(makeRequest(random));
    operations.push({ call, bytes: call.endsWith("_end") ? Buffer.alloc(0) : bytes });
  }
  return operations;
}

function makeCuts(random: Random, size: number): number[] {
  if (size < 2 || chance(random, 0.5)) return [];
  if (size < 400 && chance(random, 0.05)) return Array.from({ length: size - 1 }, (_, index) => index + 1);
  return randomCuts(random, size);
}

/** Leaves most inputs whole; the others get some wounds that a parser could stumble over. */
function damage(random: Random, whole: Buffer): Buffer {
  let bytes = whole;
  if (chance(random, 0.6)) return bytes.subarray(0, INPUT_BYTES_MAX);
  for (let wounds = random(4); wounds >= 0; wounds--) {
    const at = random(bytes.length + 1);
    const reach = at + random(1 + Math.min(60, bytes.length - at));
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, reach), bytes.subarray(reach)];
    switch (random(6)) {
      case 0:
        bytes = Buffer.concat([before, after]);
        break;
      case 1:
        bytes = Buffer.concat([before, middle, middle, after]);
        break;
      case 2:
        bytes = Buffer.concat([before, Buffer.from(pick(random, INTERESTING), "latin1"), middle, after]);
        break;
      case 3:
        bytes = Buffer.from(before);
        break;
      case 4:
        bytes = Buffer.concat([before, Buffer.from(makeValue(random), "latin1"), after]);
        break;
      default:
        bytes = Buffer.from(bytes);
        if (bytes.length > 0) bytes[Math.min(at, bytes.length - 1)] = random(256);
    }
  }
  return bytes.subarray(0, INPUT_BYTES_MAX);
}
