/**
 * S2 in the views beside attacks and records, which record-view.test.ts holds: every text that the API may answer with
 * is hostile, and stays text. Nothing runs, nothing is refused by the content policy, nothing is loaded from elsewhere,
 * and no element is there that the console does not make.
 */
import { afterAll, expect, test } from "vitest";
import { SHAPES } from "../../hosts/postanalytics/api/routes.ts";
import { visible } from "../../hosts/web/record/bytes.ts";
import { HOSTILE } from "../hosts/demo/page/hostile.ts";
import { hostileAnswer } from "../hosts/web/hostile-answers.ts";
import { expectInert } from "../hosts/web/hostile-record.ts";
import { openStandIn } from "../hosts/web/stage.ts";
import type { StandIn } from "../hosts/web/stand-in.ts";
import { closeBrowser } from "../tools/browser.ts";

afterAll(closeBrowser);

const NOW = Date.now();
const TOKEN = { id: "t1", createdAt: NOW, createdBy: "a", expiresAt: null, lastUsedAt: NOW };
const DRAFT = {
  match: { host: "a", method: "GET", path: "/a", point: "query.a" },
  ignore: { stamps: ["a"], types: ["a"] },
  ...{ reason: "a", expiresAt: "2098-01-01" },
};
const EXCEPTION = {
  ...{ name: "a", draft: DRAFT, ignoresAll: false, expired: false, hits: 3, lastHit: NOW, createdBy: "a" },
  ...{ managedBy: "console" as const, createdAt: NOW, yaml: "a: b" },
};
const ENTRY = { list: "deny", source: "a", expiresAt: NOW, expired: false, reason: "a", hits: 1 } as const;
const STATE = { id: "a", generation: 1, active: false, problem: "a", at: NOW };

/** Puts hostile answers into the place of all. */
function poison({ handlers }: StandIn, text: string): void {
  handlers.exceptions = () => ANSWERS.exceptions(text);
  handlers.ipLists = () => ANSWERS.ipLists(text);
  handlers.policy = () => ANSWERS.policy(text);
  handlers.policyState = () => ANSWERS.policyState(text);
  handlers.explainPolicy = () => ANSWERS.explainPolicy(text);
  handlers.nodes = () => ANSWERS.nodes(text);
  handlers.nodeTokens = () => ANSWERS.nodeTokens(text);
  handlers.exports = () => ANSWERS.exports(text);
  handlers.users = () => ANSWERS.users(text);
  handlers.tokens = () => ANSWERS.tokens(text);
  handlers.audit = () => ANSWERS.audit(text);
  handlers.applications = () => ANSWERS.applications(text);
}

const ANSWERS = {
  exceptions: (text: string) =>
    hostileAnswer(
      SHAPES.exceptions.answer,
      { items: [EXCEPTION, { ...EXCEPTION, managedBy: "file" as const, expired: true }], countedSince: NOW },
      text,
    ),
  ipLists: (text: string) =>
    hostileAnswer(
      SHAPES.ipLists.answer,
      {
        items: [
          { ...ENTRY, managedBy: "console" },
          { ...ENTRY, managedBy: "file", expired: true },
        ],
      },
      text,
    ),
  policy: (text: string) =>
    hostileAnswer(
      SHAPES.policy.answer,
      { name: "a", generation: 1, sha256: "a", mode: "block", source: "service", since: NOW, yaml: "a: b" },
      text,
    ),
  policyState: (text: string) =>
    hostileAnswer(
      SHAPES.policyState.answer,
      { generation: 1, sha256: "a", since: NOW, active: 1, total: 2, tookMs: null, nodes: [STATE] },
      text,
    ),
  explainPolicy: (text: string) =>
    hostileAnswer(
      SHAPES.explainPolicy.answer,
      { mode: "block", steps: [{ from: "a", says: "a" }], exceptions: ["a"], application: "a" },
      text,
    ),
  nodes: (text: string) => {
    const traffic = { requests: 9, inspected: 8, blocked: 1, skipped: { a: 1 }, addedMicrosP50: 1, addedMicrosP99: 2 };
    const node = { id: "a", kind: "sidecar", version: "a", lastSeen: NOW } as const;
    const other = { ...node, kind: "wasm", traffic: null } as const;
    return hostileAnswer(SHAPES.nodes.answer, { items: [{ ...node, traffic }, other] }, text);
  },
  nodeTokens: (text: string) => hostileAnswer(SHAPES.nodeTokens.answer, { items: [{ ...TOKEN, node: "a" }] }, text),
  exports: (text: string) => {
    const sink = { id: "a", kind: "a", target: "a", where: "a", delivered: 1, failed: 1, lagSeconds: 1 };
    return hostileAnswer(SHAPES.exports.answer, { items: [{ ...sink, lastError: "a" }] }, text);
  },
  users: (text: string) => {
    const user = { name: "a", role: "admin", by: "oidc", locked: false, createdAt: NOW } as const;
    return hostileAnswer(SHAPES.users.answer, { items: [{ ...user, tenants: ["a"], lastLoginAt: NOW }] }, text);
  },
  tokens: (text: string) => {
    const token = { ...TOKEN, name: "a", user: "a", role: "admin" } as const;
    return hostileAnswer(SHAPES.tokens.answer, { items: [{ ...token, tenants: ["a"] }] }, text);
  },
  audit: (text: string) => {
    const entry = { id: "1", at: NOW, who: "a", from: "a", action: "a", object: "a", outcome: "done" } as const;
    const changes = [{ field: "a", before: "a", after: "a" }];
    return hostileAnswer(SHAPES.audit.answer, { items: [{ ...entry, changes }], next: null }, text);
  },
  applications: (text: string) =>
    hostileAnswer(SHAPES.applications.answer, { items: [{ name: "a", records: 1 }] }, text),
};

/** Views, by how often their text must be there at least: a view that shows nothing is no proof. */
const VIEWS: readonly (readonly [hash: string, least: number])[] = [
  ["#/exceptions", 2],
  ["#/ip-lists", 2],
  ["#/policy?method=GET&host=shop.example&path=/a", 3],
  ["#/nodes", 1],
  ["#/exports", 1],
  ["#/users", 1],
  ["#/audit", 3],
];

test.for(HOSTILE.map((text, index) => [index, text] as const))(
  "S2: text %i stays text in every view: %s",
  { timeout: 240_000 },
  async ([, text], context) => {
    const stage = await openStandIn(context, {
      prepare: (api) => {
        poison(api, text);
        const { session } = api;
        const refused = { ...session, policyWrite: { allowed: false, reason: "a" } };
        api.session = hostileAnswer(SHAPES.session.answer, refused, text);
      },
    });
    const { page, origin } = stage;
    const shown = visible(text).replace(/\s+/g, " ").trim().slice(0, 12);
    for (const [hash, least] of VIEWS) {
      await page.goto(`${origin}/${hash}`);
      const countShown = async (): Promise<number> => {
        const content = (await page.locator("main").allTextContents()).join(" ").replace(/\s+/g, " ");
        return content.split(shown).length - 1;
      };
      await expect.poll(countShown, { timeout: 30_000 }).toBeGreaterThanOrEqual(least);
      await expectInert(stage);
    }
  },
);
