/** Lines of the list: groups and records in one shape. */
import { describe, expect, test } from "vitest";
import {
  type Attack,
  chiefHit,
  GROUPING_DEFAULT,
  lineOfAttack,
  lineOfRecord,
  outcomeOf,
  readGrouping,
  searchOfGroup,
  typesOf,
} from "../../../../hosts/web/attacks/line.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";

function attack(fields: Partial<Attack>): Attack {
  return {
    ...{ id: "a", key: { type: "sqli", path: "/a" }, types: ["sqli"], stamps: ["sqli-union"], records: 4, hits: 4 },
    ...{
      blocked: 0,
      incidents: 0,
      clients: 1,
      severity: 5,
      firstSeen: 1,
      lastSeen: 2,
      isNew: false,
      falsePositives: 0,
    },
    ...{ sample: sampleRecord(), ...fields },
  };
}

test("a record's types are named worst first, each once", () => {
  const hits = [sampleHit({ type: "scanner", severity: 2 }), sampleHit(), sampleHit({ point_s: "query.b" })];
  expect(typesOf(sampleRecord({ hits }))).toEqual(["sqli", "scanner"]);
});

test("the chief hit is one that counts, before one that is only severe", () => {
  const counted = sampleHit({ decision: "excepted", severity: 5, point_s: "a" });
  const blocking = sampleHit({ severity: 4, point_s: "b" });
  expect(chiefHit(sampleRecord({ hits: [counted, blocking] }))?.point_s).toBe("b");
  expect(chiefHit(sampleRecord({ hits: [] }))).toBeUndefined();
});

describe("the outcome", () => {
  test.each([
    [0, "watched"],
    [1, "partly"],
    [4, "blocked"],
  ] as const)("of a group with %i of 4 blocked is %s", (blocked, outcome) => {
    expect(outcomeOf(lineOfAttack(attack({ blocked })))).toBe(outcome);
  });

  test.each([
    ["blocked", "blocked"],
    ["monitored", "watched"],
    ["passed_fail_open", "failed"],
    ["partially_blocked", "partly"],
  ] as const)("of a record %s is %s", (action, outcome) => {
    expect(outcomeOf(lineOfRecord(sampleRecord({ action })))).toBe(outcome);
  });
});

test("a line stands for what sampling left out", () => {
  const sampled = { kept: true, group: "g", count_since_last: 37 };
  const line = lineOfRecord(sampleRecord({ sampled }));
  expect([line.records, line.blocked]).toEqual([37, 37]);
});

test("a group is settled when all of it is", () => {
  expect(lineOfAttack(attack({ falsePositives: 3 })).label).toBeNull();
  expect(lineOfAttack(attack({ falsePositives: 4 })).label).toBe("false_positive");
  const labels = { verdict: "true_attack", note: null } as const;
  expect(lineOfAttack(attack({ sample: sampleRecord({ labels }) })).label).toBe("true_attack");
});

test("the search of a group names what its records have in common", () => {
  expect(searchOfGroup(lineOfAttack(attack({})))).toBe('type == "sqli" && template == "/a"');
});

test.each([
  ["none", []],
  ["type", ["type"]],
  ["type,ip,type", ["type", "ip"]],
  ["type,ip,point,host,path", ["type", "ip", "point", "host"]],
  ["nonsense", GROUPING_DEFAULT.split(",")],
])("%s groups by %j", (text, fields) => expect(readGrouping(text)).toEqual(fields));
