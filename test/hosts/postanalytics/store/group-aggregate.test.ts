/** Grouping in one walk: sums, sessions, pages. That both databases agree with an array is in attack-list.test.ts. */
import { expect, test } from "vitest";
import {
  type Group,
  GroupCollector,
  type GroupPlan,
  type Tally,
  TallyCollector,
  tieOf,
} from "../../../../hosts/postanalytics/store/group-aggregate.ts";

const PLAN: GroupPlan = {
  findings: [
    [1, [0], 2],
    [2, [0, 1], 1],
  ],
  kinds: [
    [1, 0, 1, 0],
    [2, 0, 0, 1],
  ],
  findingNames: ["a", "b"],
  kindNames: ["k"],
  gapMs: 0,
  order: "last",
  limit: 10,
  after: null,
};

function groupsOf(plan: GroupPlan, rows: readonly (readonly [number, number, number, number])[]): readonly Group[] {
  const collector = new GroupCollector(plan);
  for (const [id, client, at, n] of rows) collector.step(id, Math.min(id, 2), client, 0, at, n);
  return JSON.parse(collector.result());
}

test("records are added up by what each stands for", () => {
  const groups = groupsOf(PLAN, [
    [1, 7, 100, 1],
    [2, 7, 200, 10],
    [2, 8, 300, 1],
    [99, 9, 400, 1],
  ]);
  const at = { kind: 0, sub: 0, last: 300, newest: [2, 2, 8], clients: 2, incidents: 11 };
  expect(groups).toEqual([
    { ...at, finding: 1, records: 11, hits: 11, blocked: 0, first: 200, seen: [[2, 2]] },
    {
      ...{ ...at, finding: 0, records: 12, hits: 13, blocked: 1, first: 100 },
      seen: [
        [1, 1],
        [2, 2],
      ],
    },
  ]);
});

test("silence ends a group, and nothing shorter does", () => {
  const rows = [0, 999, 1998, 2998, 5000].map((at) => [1, 1, at, 1] as const);
  const groups = groupsOf({ ...PLAN, gapMs: 1000 }, rows);
  expect(groups.map(({ first, last, records }) => [first, last, records])).toEqual([
    [5000, 5000, 1],
    [2998, 2998, 1],
    [0, 1998, 3],
  ]);
});

test("pages follow each other without gap or overlap, whatever is equal", () => {
  const findingNames = Array.from({ length: 25 }, (_, i) => `g${i}`);
  const findings = findingNames.map((_, i) => [i, [i], 1] as const);
  const kinds = [0, 1, 2].map((id) => [id, 0, 0, 0] as const);
  const rows = findingNames.map((_, i) => [i, 1, 1000 + (i % 3), 1] as const);
  const seen: number[] = [];
  let after: GroupPlan["after"] = null;
  for (let page = 0; page < 20; page++) {
    const groups: readonly Group[] = groupsOf({ ...PLAN, findingNames, findings, kinds, limit: 4, after }, rows);
    const shown = groups.slice(0, 4);
    seen.push(...shown.map(({ finding }) => finding));
    const last: Group | undefined = shown.at(-1);
    if (groups.length <= 4 || last === undefined) break;
    after = [last.last, tieOf({ ...PLAN, findingNames }, last)];
  }
  expect(seen).toHaveLength(25);
  expect(new Set(seen).size).toBe(25);
});

test("many clients are counted exactly", () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [1, (i * 7919) % 1777, i, 1] as const);
  expect(groupsOf(PLAN, rows)[0]?.clients).toBe(1777);
});

test("a tally counts buckets, kinds and the clients with most", () => {
  const collector = new TallyCollector({ from: 100, bucketMs: 10, buckets: 3, clients: 2 });
  for (const [kind, client, at, n] of [
    [1, 5, 100, 1],
    [2, 6, 119, 4],
    [1, 7, 129, 2],
    [1, 5, 130, 1],
  ] as const) {
    collector.step(kind + 10, kind, client, at, n, kind === 1 ? 1 : 0);
  }
  const tally: Tally = JSON.parse(collector.result());
  expect(tally).toEqual({
    series: [
      [1, 1],
      [4, 0],
      [2, 2],
    ],
    findings: [
      [11, 4],
      [12, 4],
    ],
    kinds: [
      [1, 4],
      [2, 4],
    ],
    clients: [
      [6, 4],
      [5, 2],
    ],
    clientCount: 3,
  });
});
