/**
 * Hosts as the core reads them (assembly/detect/ssrf/) against two readers that requests really meet: the URL Standard
 * in Node, and inet_aton(3) of the C library through Python. Whatever one of them takes for an address, the core reads
 * as the same address; what neither takes, the core may take only where it says so.
 */
import { execFileSync } from "node:child_process";
import { isIPv4 } from "node:net";
import { expect, test } from "vitest";
import { Core } from "../../assembly/core.ts";
import { dropAll, put } from "../../assembly/scratch.ts";
import { createRandom } from "../../bench/random.ts";
import { type Component, requireOrSkip } from "../../tools/component.ts";
import { foldedForm, ipv4Form, ipv6Form, type Random } from "./forms.ts";

const SEED = 918;
const FORMS = 6000;
const core = new Core("test");

function forms(make: (random: Random) => string): string[] {
  const random = createRandom(SEED);
  return Array.from({ length: FORMS }, () => make(random));
}

function readInCore(call: "readV4" | "readV6" | "readHost", text: string): number {
  const bytes = Buffer.from(text, "utf8");
  const at = put(core, bytes);
  const form = core.call(call)(at, at + bytes.length);
  dropAll(core);
  return form;
}

/** The IPv4 address that the core reads, or null. */
function readV4(text: string): number | null {
  return readInCore("readV4", text) === 0 ? null : core.number("value4");
}

function toNumber(dotted: string): number {
  return Buffer.from(dotted.split(".").map(Number)).readUInt32BE();
}

/** The IPv4 address that Node's URL reads, or null for a name and for no URL at all. */
function readInNode(host: string): number | null {
  const url = URL.parse(`http://${host}/`);
  return url !== null && isIPv4(url.hostname) ? toNumber(url.hostname) : null;
}

const SCRIPT = `
import socket, sys
for line in sys.stdin.read().split("\\n"):
    try: print(int.from_bytes(socket.inet_aton(line), "big"))
    except OSError: print("none")
`;

/** What inet_aton makes of each line. */
function readInLibrary(texts: readonly string[]): Component<(number | null)[]> {
  try {
    const out = execFileSync("python3", ["-c", SCRIPT], { input: texts.join("\n"), encoding: "utf8" });
    return { found: out.split("\n").map((line) => (line === "none" || line === "" ? null : Number(line))) };
  } catch {
    return { missing: "python3 is not there to ask the C library" };
  }
}

/** A part that only readers without octal numbers take; the core follows them. */
function hasDecimalWithZero(text: string): boolean {
  return text.split(".").some((part) => /^0[0-9]*[89][0-9]*$/.test(part));
}

test("IPv4 as the URL Standard reads it", () => {
  let read = 0;
  for (const text of forms(ipv4Form)) {
    const expected = readInNode(text);
    if (expected !== null) read++;
    if (expected !== null || !hasDecimalWithZero(text)) expect(readV4(text), text).toBe(expected);
  }
  expect(read).toBeGreaterThan(FORMS / 3);
});

test("IPv4 as the C library reads it", (context) => {
  const texts = forms(ipv4Form);
  const expected = requireOrSkip(context, readInLibrary(texts));
  let read = 0;
  for (const [index, text] of texts.entries()) {
    const address = expected[index] ?? null;
    if (address === null) continue;
    read++;
    expect(readV4(text), text).toBe(address);
  }
  expect(read).toBeGreaterThan(FORMS / 3);
});

test("digits, letters and dots that fold to ASCII", () => {
  let folded = 0;
  for (const text of forms(foldedForm)) {
    const expected = readInNode(text);
    if (expected === null) continue;
    folded++;
    readInCore("readHost", text);
    expect(core.number("value4"), text).toBe(expected);
    expect(core.number("hostForm"), text).toBeGreaterThan(0);
  }
  expect(folded).toBeGreaterThan(FORMS / 2);
});

test("IPv4 inside IPv6", () => {
  const random = createRandom(SEED);
  for (let index = 0; index < FORMS; index++) {
    const { text, inner } = ipv6Form(random);
    expect(URL.canParse(`http://${text}/`), text).toBe(true);
    expect(readInCore("readV6", text), text).toBeGreaterThan(0);
    expect(core.number("value4"), text).toBe(inner);
  }
});
