/** What a small site answers about its policy, nodes, users and exports: the part of the stand-in without records. */
import type { Answer } from "../../../hosts/postanalytics/api/routes.ts";
import { type Handlers, Refusal } from "./stand-in.ts";

const HOUR = 3_600_000;

/** A token or a password that a test may look for. */
export const SHOWN_ONCE = "shown-once-5Xw2";

type Lists = Answer<"ipLists">["items"];

function nodes(now: number): Answer<"nodes"> {
  const traffic = {
    ...{ requests: 184_220, inspected: 183_907, blocked: 78, addedMicrosP50: 61, addedMicrosP99: 412 },
    skipped: { oversize: 201, policy: 112, overlimit: 0 },
  };
  return {
    items: [
      { id: "shop-node-1", kind: "sidecar", version: "0.1.0", lastSeen: now - 2000, traffic },
      { id: "edge-node-2", kind: "wasm", version: "0.1.0", lastSeen: now - HOUR, traffic: null },
    ],
  };
}

function users(now: number): Answer<"users">["items"] {
  const rest = { tenants: null, by: "password", locked: false, createdAt: now - 900 * HOUR } as const;
  return [
    { name: "ada", role: "admin", ...rest, lastLoginAt: now - 60_000 },
    { name: "grace", role: "analyst", ...rest, tenants: ["shop"], by: "oidc", lastLoginAt: now - 26 * HOUR },
    { name: "old-account", role: "viewer", ...rest, locked: true, lastLoginAt: null },
  ];
}

function audit(now: number): Answer<"audit"> {
  const line = { who: "ada", from: "10.0.0.5", outcome: "done" } as const;
  return {
    items: [
      {
        ...{ id: "3", at: now - 60_000, ...line, action: "setMode", object: "merlon.yaml" },
        changes: [{ field: "mode", before: "monitoring", after: "block" }],
      },
      {
        id: "2",
        at: now - HOUR,
        ...line,
        who: "grace",
        outcome: "refused",
        action: "addUser",
        object: "eve",
        changes: [],
      },
    ],
    next: null,
  };
}

function sinks(): Answer<"exports"> {
  const siem = { id: "siem-1", kind: "syslog", target: "syslog.example:6514 over TLS", where: "", delivered: 48_113 };
  const chat = { id: "chat", kind: "slack", target: "https://chat.example/…", where: "incident == true", delivered: 3 };
  return {
    items: [
      { ...siem, failed: 0, lagSeconds: 0.4, lastError: null },
      { ...chat, failed: 7, lagSeconds: 812, lastError: "the receiver answered 503" },
    ],
  };
}

function policy(now: number): Answer<"policy"> {
  const yaml = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nmetadata:\n  name: shop\nspec:\n  mode: block\n";
  const sha256 = "9f2c41d07c".padEnd(64, "0");
  return { name: "merlon.yaml", generation: 1, sha256, mode: "block", source: "file", since: now - 5 * HOUR, yaml };
}

const done = { done: true } as const;
const once = { id: "t1", token: SHOWN_ONCE, expiresAt: null };

function change(name: string) {
  return { name, generation: 1, at: Date.now() };
}

function listHandlers(now: number): Handlers {
  const file = { expired: false, expiresAt: null, hits: null, managedBy: "file" } as const;
  const console = { expired: false, hits: 412, managedBy: "console" } as const;
  let lists: Lists = [
    { ...console, list: "deny", source: "198.51.100.0/24", expiresAt: now + 3 * HOUR, reason: "INC-124" },
    { ...file, list: "allow", source: "10.0.0.0/8", reason: "health checks" },
  ];
  return {
    ipLists: () => ({ items: lists }),
    previewIpEntry: () => ({ records: 45, clients: 1, complete: true, lockOut: null }),
    addIpEntry: ({ body }) => {
      if (body === undefined) return new Refusal(400, "there is no body");
      const { list, source, reason, ttlSeconds } = body;
      const expiresAt = ttlSeconds === null ? null : Date.now() + ttlSeconds * 1000;
      lists = [...lists, { ...console, list, source, reason, expiresAt, hits: 0 }];
      return change(source);
    },
    removeIpEntry: ({ query }) => {
      lists = lists.filter(({ source }) => source !== query["source"]);
      return change(query["source"] ?? "");
    },
  };
}

function tokenHandlers(now: number): Handlers {
  const token = { id: "t1", createdAt: now, createdBy: "ada", expiresAt: null, lastUsedAt: null };
  let tokens: Answer<"tokens">["items"] = [];
  let nodeTokens: Answer<"nodeTokens">["items"] = [];
  return {
    nodeTokens: () => ({ items: nodeTokens }),
    addNodeToken: ({ body }) => {
      nodeTokens = [{ ...token, node: body?.node ?? "" }];
      return once;
    },
    removeNodeToken: () => {
      nodeTokens = [];
      return done;
    },
    tokens: () => ({ items: tokens }),
    addToken: ({ body }) => {
      tokens = [{ ...token, name: body?.name ?? "", user: "ada", role: body?.role ?? "viewer", tenants: null }];
      return once;
    },
    removeToken: () => {
      tokens = [];
      return done;
    },
  };
}

/** Handlers with a state of their own: what is added is there when it is asked for again. */
export function siteHandlers(now = Date.now()): Handlers {
  return {
    ...listHandlers(now),
    ...tokenHandlers(now),
    nodes: () => nodes(now),
    policy: () => policy(now),
    users: () => ({ items: users(now) }),
    resetPassword: ({ path }) => ({ name: path["name"] ?? "", password: SHOWN_ONCE }),
    audit: ({ query }) => {
      const { items } = audit(now);
      return { items: items.filter(({ who }) => (query["who"] ?? who) === who), next: null };
    },
    exports: () => sinks(),
    addExport: () => done,
    testExport: ({ path }) => {
      const isDelivered = path["id"] !== "chat";
      return { delivered: isDelivered, problem: isDelivered ? null : "the receiver answered 503" };
    },
    removeExport: () => done,
  };
}
