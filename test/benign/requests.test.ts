/** Our harmless requests: that they are many and always the same, and that none is flagged but where it is meant. */
import { describe, expect, test } from "vitest";
import { Engine } from "../../hosts/core/engine.ts";
import { readMessage } from "../conformance/message.ts";
import { look } from "../ledger/books.ts";
import { type BenignRequest, benignRequests, WIDER_BREADTH, WIDER_SAMPLE, widerRequests } from "./requests.ts";
import { fill, fillTree } from "./slots.ts";
import { readKinds, readTexts } from "./templates.ts";

const requests = [...benignRequests()];

/** What is flagged and should not be, each with the reason: what is cured must leave this list. */
const KNOWN: Readonly<Record<string, string>> = {
  "forum-14-2-32": "a name in marks of its own, a height in inches and `or` read as strings and a condition of SQL",
};

describe("the harmless requests", () => {
  test("are of many sites and kinds", () => {
    expect(requests.length).toBeGreaterThan(10_000);
    expect(new Set(requests.map(({ host }) => host)).size).toBeGreaterThan(250);
    expect(new Set(requests.map(({ kind }) => kind)).size).toBe(readKinds().length);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
  });

  test("are the same every time", () => {
    let at = 0;
    for (const { raw } of benignRequests()) if (!raw.equals(requests[at++]?.raw ?? Buffer.alloc(0))) break;
    expect(at).toBe(requests.length);
  });

  test("are messages that a strict reader takes", () => {
    const refused = requests.flatMap(({ id, raw }) => {
      const message = readMessage(raw);
      return typeof message === "string" ? [`${id} ${message}`] : [];
    });
    expect(refused).toEqual([]);
  });

  test("pass, but those that need an exception", () => {
    const { flagged, idle } = inspect(requests);
    expect(flagged.flatMap(({ id, finding }) => (id in KNOWN ? [] : [finding]))).toEqual([]);
    expect(flagged.flatMap(({ id }) => (id in KNOWN ? [id] : []))).toEqual(Object.keys(KNOWN));
    expect(idle).toEqual([]);
  });
});

/** `MERLON_BENIGN=whole` looks at every wider request, which takes a minute or two; else the first few are a sample. */
const whole = process.env["MERLON_BENIGN"] === "whole";

/** How many of the wider requests of a kind are flagged and should not be, with the reasons: a cure lowers them. */
const WIDER_KNOWN: Readonly<Record<string, { readonly sample: number; readonly whole: number; readonly why: string }>> =
  {
    checkout: { sample: 0, whole: 1, why: "scripts, quotations and drawings in characters" },
    "hook-receivers": { sample: 3, whole: 69, why: "commit messages that quote statements; scripts and patches" },
    "tag-collect": { sample: 0, whole: 2, why: "scripts, quotations and drawings in characters" },
    "session-errors": { sample: 0, whole: 20, why: "statements in quotes, as debuggers print them" },
    advertising: { sample: 0, whole: 3, why: "scripts, quotations and drawings in characters" },
    "consent-cookies": { sample: 0, whole: 6, why: "scripts, quotations and drawings in characters" },
    "query-languages": { sample: 0, whole: 2, why: "scripts, quotations and drawings in characters" },
    "code-hosting": { sample: 2, whole: 72, why: "commit messages that quote statements; short scripts" },
    collectors: { sample: 0, whole: 17, why: "scripts, quotations and drawings in characters" },
    "old-frameworks": { sample: 1, whole: 27, why: "code in BBCode, and scripts" },
    "mobile-devices": { sample: 0, whole: 9, why: "scripts, quotations and drawings in characters" },
    trade: { sample: 0, whole: 18, why: "scripts, quotations and drawings in characters" },
    "content-store": { sample: 3, whole: 20, why: "scripts, quotations and drawings in characters" },
    "search-engines": { sample: 0, whole: 3, why: "scripts, quotations and drawings in characters" },
    conversations: { sample: 0, whole: 13, why: "scripts, quotations and drawings in characters" },
    "news-sites": { sample: 0, whole: 5, why: "scripts, quotations and drawings in characters" },
    "mail-calendar": { sample: 0, whole: 9, why: "scripts, quotations and drawings in characters" },
  };

describe("the wider harmless requests", () => {
  const wider = [...widerRequests(whole ? WIDER_BREADTH : WIDER_SAMPLE)];

  test("are of many sites, and messages that a strict reader takes", () => {
    expect(new Set(wider.map(({ kind }) => kind)).size).toBe(readKinds("wider").length);
    expect(new Set(wider.map(({ id }) => id)).size).toBe(wider.length);
    expect(wider.length).toBeGreaterThan(whole ? 40_000 : 2000);
    expect(wider.filter(({ raw }) => typeof readMessage(raw) === "string").map(({ id }) => id)).toEqual([]);
  });

  test("pass, but for as many of each kind as are known", { timeout: 600_000 }, () => {
    const { flagged, idle } = inspect(wider);
    const counts: Record<string, number> = {};
    for (const { kind } of flagged) counts[kind] = (counts[kind] ?? 0) + 1;
    const known = Object.entries(WIDER_KNOWN).map(([kind, most]) => [kind, whole ? most.whole : most.sample] as const);
    const findings = flagged.map(({ finding }) => finding).join("\n");
    expect(counts, findings).toEqual(Object.fromEntries(known.filter(([, most]) => most > 0)));
    if (whole) expect(idle).toEqual([]);
  });
});

/** What is flagged without an exception, and the exceptions that nothing needs: they hide what may come one day. */
function inspect(all: readonly BenignRequest[]) {
  const engine = Engine.load();
  const excepted = new Set<string>();
  const needed = new Set<string>();
  const flagged: { id: string; kind: string; finding: string }[] = [];
  for (const { id, kind, raw, exception } of all) {
    const { blocked, matches } = look(engine, raw);
    const template = id.replace(/-\d+-(\d+)-\d+$/, " $1");
    if (exception !== undefined) excepted.add(template);
    if (!blocked) continue;
    if (exception !== undefined) needed.add(template);
    else {
      const stamps = matches.map(({ stamp, point }) => `${stamp} in ${point}`).join(", ");
      flagged.push({ id, kind, finding: `${id}: ${stamps}` });
    }
  }
  return { flagged, idle: [...excepted].filter((template) => !needed.has(template)) };
}

describe("slots", () => {
  const source = {
    random: () => 0,
    texts: new Map([
      ["a", ["x ⟦b⟧"]],
      ["b", ["y"]],
      ["loop", ["⟦loop⟧"]],
    ]),
    host: "h",
  };

  test("are filled with texts in texts", () => {
    expect(fill("⟦a⟧ at ⟦host⟧", source)).toBe("x y at h");
    expect(fillTree({ "⟦b⟧": ["#⟦digit⟧", "#⟦bool⟧", null, 5] }, source)).toEqual({ y: [0, true, null, 5] });
  });

  test("that nobody knows or that never end are mistakes", () => {
    expect(() => fill("⟦nothing⟧", source)).toThrow("nobody knows");
    expect(() => fill("⟦loop⟧", source)).toThrow("without end");
  });

  test("are used: no list of texts is idle", () => {
    const texts = readTexts();
    const used = JSON.stringify([readKinds("kinds"), readKinds("wider"), [...texts.values()]]);
    const byMessage = /^(?:agent-|language|referer|authorization|cookies|domain)/;
    const isUsed = (name: string) => used.includes(`⟦${name}⟧`) || used.includes(`:${name}⟧`);
    expect([...texts.keys()].filter((name) => !byMessage.test(name) && !isUsed(name))).toEqual([]);
  });
});
