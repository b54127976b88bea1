/**
 * The console's application: the API's routes from the table, the pages, and what is true of every answer: whom it may
 * be sent to, and that browsers run nothing of it but our own scripts.
 */
import { type Context, Hono } from "hono";
import { isOwnName } from "../access/host-names.ts";
import type { ApiParts } from "./context.ts";
import { exceptionHandlers } from "./handlers/exceptions.ts";
import { exportHandlers } from "./handlers/exports.ts";
import { inventoryHandlers } from "./handlers/inventory.ts";
import { ipListHandlers } from "./handlers/ip-lists.ts";
import { nodeHandlers } from "./handlers/nodes.ts";
import { policyHandlers } from "./handlers/policy.ts";
import { recordHandlers } from "./handlers/records.ts";
import { rolloutHandlers } from "./handlers/rollout.ts";
import { sessionHandlers } from "./handlers/session.ts";
import { userHandlers } from "./handlers/users.ts";
import { Mounted } from "./mount.ts";
import { openApiDocument, operationNames } from "./openapi.ts";
import { OPERATIONS, type Operation } from "./operations.ts";
import { Problem } from "./problem.ts";

/** A file of the pages. */
export interface PageFile {
  readonly type: string;
  readonly content: Uint8Array;
}

/** How the application is reached, and what it serves beside the API. */
export interface AppOptions {
  /** Names under which it may be reached, in lower case, beside addresses and localhost. */
  readonly names: ReadonlySet<string>;
  /** Whether browsers speak TLS with it, or with a proxy in front. */
  readonly secure: boolean;
  /** The pages, by path: `/index.html`. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** Answers what belongs to nodes and not to people, by its own rules; null for what is not its. */
  readonly intake?: (request: Request, from: string) => Promise<Response | null>;
  /** Whether the store answers. */
  readonly isReady: () => Promise<boolean>;
}

/** What the server says of a connection. */
export interface AppEnvironment {
  Bindings: { readonly peer: string };
}

const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};
const TRANSPORT = "max-age=31536000";

/** @returns the application */
export function createApp(parts: ApiParts, options: AppOptions): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>();
  app.use("*", async (context, next) => {
    if (!isOwnName(context.req.header("host"), options.names)) {
      const detail =
        "this console answers to its own names only — open it by its address, or name it with --public-url";
      context.res = new Problem("FOREIGN_NAME", detail).toResponse();
    } else await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
    if (options.secure) context.res.headers.set("strict-transport-security", TRANSPORT);
  });
  mountOperations(app, parts, options);
  const document = openApiDocument(parts.version);
  app.get("/api/openapi.json", (context) => context.json(document));
  app.get("/livez", (context) => context.text("ok\n"));
  app.get("/readyz", async (context) => {
    const ready = await options.isReady();
    return context.text(ready ? "ok\n" : "the store does not answer\n", ready ? 200 : 503);
  });
  app.all("/api/*", (context) => noSuchCall(context.req.path, context.req.method).toResponse());
  app.all("*", async (context) => {
    const taken = await options.intake?.(context.req.raw, context.env.peer);
    return taken ?? filePage(options.files, context);
  });
  app.onError((error) => {
    parts.say(`a request failed: ${error.name}`);
    return new Problem("INTERNAL", "this should not have happened — see the console's own log").toResponse();
  });
  return app;
}

function mountOperations(app: Hono<AppEnvironment>, parts: ApiParts, { secure }: AppOptions): void {
  const mounted = new Mounted(parts, {
    ...sessionHandlers(parts),
    ...recordHandlers(parts),
    ...inventoryHandlers(parts),
    ...rolloutHandlers(parts),
    ...exceptionHandlers(parts),
    ...ipListHandlers(parts),
    ...policyHandlers(parts),
    ...nodeHandlers(parts),
    ...exportHandlers(parts),
    ...userHandlers(parts),
  });
  for (const name of operationNames()) {
    const { method, path }: Operation = OPERATIONS[name];
    app.on(method, path.replace(/\{(\w+)\}/g, ":$1"), (context) => {
      const named: Record<string, string> = context.req.param();
      return mounted.answer(name, { request: context.req.raw, path: named, from: context.env.peer, secure });
    });
  }
}

function noSuchCall(path: string, method: string): Problem {
  const methods = operationNames().flatMap((name) => {
    const pattern = OPERATIONS[name].path.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+");
    return new RegExp(`^${pattern}$`).test(path) ? [OPERATIONS[name].method] : [];
  });
  if (methods.length === 0) return new Problem("NOT_FOUND", "there is no such call — see /api/openapi.json");
  return new Problem("METHOD", `${method.slice(0, 16)} is not taken here — it takes ${methods.join(", ")}`);
}

function filePage(files: AppOptions["files"], context: Context<AppEnvironment>): Response {
  const { path, method } = context.req;
  const file = files.get(path === "/" ? "/index.html" : path);
  if (file === undefined) return new Problem("NOT_FOUND", "there is no such page — begin at /").toResponse();
  if (method !== "GET" && method !== "HEAD") return new Problem("METHOD", "pages are only read").toResponse();
  return new Response(method === "HEAD" ? null : new Uint8Array(file.content), {
    headers: { "content-type": file.type, "cache-control": "no-cache" },
  });
}
