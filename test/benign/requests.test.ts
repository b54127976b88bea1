/** Our harmless requests: that they are many and always the same, and that none is flagged but where it is meant. */
import { describe, expect, test } from "vitest";
import { Engine } from "../../hosts/core/engine.ts";
import { readMessage } from "../conformance/message.ts";
import { look } from "../ledger/books.ts";
import { benignRequests } from "./requests.ts";
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
    const engine = Engine.load();
    const idle = new Map<string, string>();
    const flagged: string[] = [];
    const known: string[] = [];
    const needed = new Set<string>();
    for (const { id, raw, exception } of requests) {
      const { blocked, matches } = look(engine, raw);
      const template = id.replace(/-\d+-(\d+)-\d+$/, " $1");
      if (exception !== undefined) idle.set(template, exception);
      if (!blocked) continue;
      if (exception !== undefined) needed.add(template);
      else if (id in KNOWN) known.push(id);
      else flagged.push(`${id}: ${matches.map(({ stamp, point }) => `${stamp} in ${point}`).join(", ")}`);
    }
    expect(flagged).toEqual([]);
    expect(known).toEqual(Object.keys(KNOWN));
    // An exception that nothing needs hides what may come to be flagged one day.
    expect([...idle.keys()].filter((template) => !needed.has(template))).toEqual([]);
  });
});

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
    const used = JSON.stringify([readKinds(), [...texts.values()]]);
    const byMessage = /^(?:agent-|language|referer|authorization|cookies|domain)/;
    expect([...texts.keys()].filter((name) => !byMessage.test(name) && !used.includes(`⟦${name}⟧`))).toEqual([]);
  });
});
