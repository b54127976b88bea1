/**
 * The policy service's server: HTTP/1.1, with TLS where it has a certificate. Hosts ask for the policy with a question
 * that waits (RFC 7240 `Prefer: wait`), fetch parts by their hashes and report what they run; operators change objects,
 * show candidates and ask how far a policy has come.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { TLSSocket } from "node:tls";
import { z } from "zod";
import { listenError } from "../../core/listen-error.ts";
import { metricsText } from "../../core/metrics.ts";
import { METRICS_TYPE } from "../../core/status-server.ts";
import { readTlsMaterial, type TlsMaterial, type TlsNotice, watchTlsMaterial } from "../../core/tls-material.ts";
import { dateText } from "../date.ts";
import { entryText } from "../ip-list.ts";
import { matchText } from "../match.ts";
import { POLICY_FILE_BYTES_MAX } from "../policy-file.ts";
import { parsePolicy } from "../policy-text.ts";
import { INSTANCE_HEADER, nameSchema, PATHS, REPORT_BYTES_MAX, reportSchema, WAIT_SECONDS_MAX } from "../wire.ts";
import { answerEmpty, answerError, answerJson, PLAIN, Refusal, readJson } from "./answering.ts";
import type { AuditFile } from "./audit-file.ts";
import { parseCanaries } from "./canary.ts";
import { type Enrolment, enrolSchema, ownCertificate } from "./enrolment.ts";
import { fleetEditSchema } from "./fleet-mode.ts";
import type { NodeTokens, Role } from "./node-tokens.ts";
import type { Answer, PolicyService } from "./policy-service.ts";

const EDIT_BYTES_MAX = 1024 * 1024;
const ENROL_BYTES_MAX = 8192;
const OBJECTS_SHOWN_MAX = 5000;
const CANDIDATE_MINUTES_MAX = 24 * 60;
const STAGE_SECONDS_MAX = 24 * 3600;
const RELOAD_MS = 10_000;
const CONNECTIONS_MAX = 20_000;
const HEADERS_MAX = 64;
/** A node without a name of its own, where everyone may read. */
const ANYONE = "anyone";

/** Where to listen, and whom to serve. */
export interface ServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile?: string | undefined };
  /** Names and addresses of a certificate that the enrolment's authority signs, where there is no `tls`. */
  readonly ownNames?: readonly string[];
  /** Gives nodes certificates; they need TLS to be known by them. */
  readonly enrolment?: Enrolment | undefined;
  /** Everyone who can connect may read the policy and report; changes still need an operator. */
  readonly isOpen: boolean;
  /** Common names of client certificates that may change objects, as an operator's token may; none where absent. */
  readonly operators?: ReadonlySet<string>;
  readonly onNotice: (notice: TlsNotice | { readonly event: "request_failed"; readonly detail: string }) => void;
  /** Where it is taken down who changed what. */
  readonly audit?: AuditFile | undefined;
}

/** A running server. */
export interface ServiceServer {
  readonly address: string;
  readonly port: number;
  /** Answers who waits, and closes. */
  close(): Promise<void>;
}

interface Asker {
  readonly name: string;
  readonly role: Role;
}

/**
 * Starts the server of a service.
 * @throws MerlonError MERLON_TLS, MERLON_LISTEN
 */
export async function serve(
  service: PolicyService,
  tokens: NodeTokens,
  options: ServerOptions,
): Promise<ServiceServer> {
  const { listen, tls, onNotice } = options;
  const routes = new Routes(service, tokens, options);
  const answer: RequestListener = (request, response) => void routes.answer(request, response);
  const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000 };
  const own = await ownMaterial(options, (next) => useOn(server, contextOf(next)));
  const material = tls === undefined ? own : readTlsMaterial(tls.certFile, tls.keyFile, tls.clientCaFile);
  const server: Server | TlsServer =
    material === undefined
      ? createServer(limits, answer)
      : createTlsServer({ ...limits, ...contextOf(material) }, answer);
  server.maxConnections = CONNECTIONS_MAX;
  server.maxHeadersCount = HEADERS_MAX;
  const stopWatching =
    tls === undefined
      ? () => own?.stop()
      : watchTlsMaterial({ ...tls, reloadMs: RELOAD_MS }, (next) => useOn(server, contextOf(next)), onNotice);
  // Who was sent away and waits for news asks again, and is refused.
  const stopLooking = options.enrolment?.watchLosses(() => service.wake()) ?? ((): void => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(listen.host, listen.port, cause)));
    server.listen(listen.port, listen.host, resolve);
  });
  const bound = server.address();
  const close = async (): Promise<void> => {
    stopWatching();
    stopLooking();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    service.wake();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1000).unref();
    await closed;
  };
  const isPlace = bound !== null && typeof bound === "object";
  return { address: isPlace ? bound.address : listen.host, port: isPlace ? bound.port : listen.port, close };
}

/** The certificate that the enrolment's authority signs for the service itself, where it is asked for. */
async function ownMaterial(
  { tls, ownNames = [], enrolment }: ServerOptions,
  use: (material: TlsMaterial) => void,
): Promise<Awaited<ReturnType<typeof ownCertificate>> | undefined> {
  if (tls !== undefined || enrolment === undefined || ownNames.length === 0) return undefined;
  return await ownCertificate(enrolment.authority, ownNames, use);
}

function useOn(server: Server | TlsServer, context: object): void {
  if ("setSecureContext" in server) server.setSecureContext(context);
}

/**
 * A client without a certificate is still told who may ask, and may have a token. Only authorities of `clientCaFile`
 * are trusted by the handshake itself, the system's never; nodes that enrolled are looked up.
 */
function contextOf({ cert, key, clientAuthorities }: TlsMaterial): object {
  return { cert, key, ca: clientAuthorities ?? [], requestCert: true, rejectUnauthorized: false };
}

const candidateSchema = z.strictObject({
  text: z.string().max(POLICY_FILE_BYTES_MAX),
  minutes: z.number().min(0.01).max(CANDIDATE_MINUTES_MAX),
});

const rolloutSchema = z.strictObject({
  text: z.string().max(POLICY_FILE_BYTES_MAX),
  seconds: z.number().min(1).max(STAGE_SECONDS_MAX),
  /** Share of requests that may be stopped although they pass without it, 0 to 1. */
  shareMax: z.number().min(0).max(1),
  canary: z
    .string()
    .max(5000)
    .transform((text, context) => {
      const choice = parseCanaries(text);
      if (typeof choice !== "string") return choice;
      context.addIssue({ code: "custom", message: choice });
      return z.NEVER;
    })
    .optional(),
});
const wordSchema = z.strictObject({ word: z.enum(["promote", "withdraw"]) });

/** The answers of one service. */
class Routes {
  readonly #service: PolicyService;
  readonly #tokens: NodeTokens;
  readonly #options: ServerOptions;

  constructor(service: PolicyService, tokens: NodeTokens, options: ServerOptions) {
    this.#service = service;
    this.#tokens = tokens;
    this.#options = options;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof Error && "code" in error)) {
        const detail = error instanceof Error ? error.name : typeof error;
        this.#options.onNotice({ event: "request_failed", detail });
      }
      answerError(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ""] = (request.url ?? "").split("?");
    if (path === "/healthz" && request.method === "GET") return answerEmpty(response, 204);
    const { enrolment } = this.#options;
    if (enrolment !== undefined && path.startsWith(PATHS.enrolment)) {
      return await this.#enrol(enrolment, path.slice(PATHS.enrolment.length), request, response);
    }
    const asker = this.#identify(request);
    const isPart = path.startsWith(PATHS.parts);
    switch (`${request.method} ${isPart ? PATHS.parts : path}`) {
      case `GET ${PATHS.policy}`:
        return await this.#policy(asker, request, response);
      case `GET ${PATHS.image}`:
        return await this.#image(asker, request, response);
      case `GET ${PATHS.parts}`:
        return await this.#part(path.slice(PATHS.parts.length), request, response);
      case `PUT ${PATHS.report}`:
        return await this.#report(asker, request, response);
      case `GET ${PATHS.status}`:
        return answerJson(response, 200, this.#service.status);
      case `GET ${PATHS.objects}`:
        return answerJson(response, 200, this.#objects(asker, request));
      case `POST ${PATHS.edit}`:
        return await this.#edit(asker, request, response);
      case `GET ${PATHS.document}`:
        return this.#document(asker, request, response);
      case `PUT ${PATHS.candidate}`:
        return await this.#show(asker, request, response);
      case `DELETE ${PATHS.candidate}`:
        demandOperator(asker);
        await this.#service.show(null);
        return answerEmpty(response, 204);
      case `GET ${PATHS.candidate}`:
        return this.#comparisons(asker, request, response);
      case `PUT ${PATHS.rollout}`:
        return await this.#stage(asker, request, response);
      case `POST ${PATHS.rollout}`:
        return await this.#decide(asker, request, response);
      case "GET /metrics":
        response.writeHead(200, { ...PLAIN, "content-type": METRICS_TYPE });
        response.end(metricsText(this.#service.families));
        return;
      default:
        throw new Refusal(
          404,
          "there is nothing here — see docs/policy-service.md for the paths; use the same release",
        );
    }
  }

  /** A certificate of an authority that clients are checked by, or a token. */
  #identify(request: IncomingMessage): Asker {
    const { socket, headers } = request;
    const [, token = ""] = /^Bearer ([\x21-\x7e]{1,256})$/.exec(headers.authorization ?? "") ?? [];
    const holder = token === "" ? undefined : this.#tokens.holderOf(token);
    if (holder !== undefined) return holder;
    const enrolled = token === "" ? this.#options.enrolment?.nodeOf(socket) : undefined;
    if (enrolled !== undefined) return { name: enrolled, role: "node" };
    const isChecked = this.#options.tls?.clientCaFile !== undefined;
    if (token === "" && isChecked && socket instanceof TLSSocket && socket.authorized) {
      const name = nameSchema.safeParse(socket.getPeerCertificate().subject?.CN);
      if (name.success) return { name: name.data, role: this.#options.operators?.has(name.data) ? "operator" : "node" };
    }
    if (token === "" && this.#options.isOpen) return { name: ANYONE, role: "node" };
    const why = token === "" ? "there is no token and no certificate" : "nobody has this token";
    throw new Refusal(401, `the policy service does not know you — ${why}; make one with "merlon node add"`);
  }

  /** What a node asks that is not known yet, or by a certificate that is over. */
  async #enrol(enrolment: Enrolment, what: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (`${request.method} ${what}`) {
      case "GET authority":
        return answerJson(response, 200, { authority: enrolment.authority.certificate });
      case "POST enrol": {
        const issued = await enrolment.enrol(await readJson(request, enrolSchema, ENROL_BYTES_MAX));
        await this.#note({ name: issued.name, role: "node" }, "node.enrol", issued.name, "enrolled");
        return answerJson(response, 200, issued);
      }
      case "POST renew":
        request.resume();
        return answerJson(response, 200, await enrolment.renew(request.socket));
      default:
        throw new Refusal(
          404,
          "there is nothing here — see docs/policy-service.md for the paths; use the same release",
        );
    }
  }

  async #policy(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const instance = String(request.headers[INSTANCE_HEADER] ?? "").slice(0, 64);
    const current = (): Answer | undefined => this.#service.pointerFor(asker.name, instance);
    await this.#answerNews(asker, request, response, "application/json", current);
  }

  /** For Envoy's filter, which has no room to put parts together: one answer with all that it needs. */
  async #image(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#answerNews(asker, request, response, "application/octet-stream", () => this.#service.image);
  }

  /** Answers at once, or, who knows what there is and would wait, at the next change. */
  async #answerNews(
    asker: Asker,
    request: IncomingMessage,
    response: ServerResponse,
    type: string,
    current: () => Answer | undefined,
  ): Promise<void> {
    const instance = String(request.headers[INSTANCE_HEADER] ?? "").slice(0, 64);
    this.#service.instances.heard(asker.name, instance);
    const seen = request.headers["if-none-match"] ?? "";
    const seconds = waitOf(request.headers["prefer"]);
    if (seconds > 0 && seen !== "" && current()?.etag === seen) {
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      await this.#service.news(seconds * 1000, gone.signal);
      if (gone.signal.aborted) return;
      this.#service.instances.heard(asker.name, instance);
    }
    const news = current();
    if (news === undefined)
      throw new Refusal(503, "there is no policy yet — none was valid since the start; mend the file");
    const headers = {
      ...PLAIN,
      etag: news.etag,
      ...(seconds > 0 ? { "preference-applied": `wait=${seconds}` } : {}),
    };
    if (news.etag === seen) return answerEmpty(response, 304, headers);
    response.writeHead(200, { ...headers, "content-type": type, "content-length": news.bytes.length });
    response.end(news.bytes);
  }

  async #part(hash: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const part = this.#service.part(hash);
    if (part === undefined)
      throw new Refusal(404, "there is no such part — the policy has changed meanwhile; ask for it again");
    const takesGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const packed = takesGzip ? await this.#service.packed(hash) : undefined;
    const bytes = packed ?? part;
    response.writeHead(200, {
      ...PLAIN,
      "content-type": "application/octet-stream",
      "content-length": bytes.length,
      ...(packed === undefined ? {} : { "content-encoding": "gzip" }),
    });
    response.end(bytes);
  }

  async #report(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const report = await readJson(request, reportSchema, REPORT_BYTES_MAX);
    if (this.#service.instances.report(asker.name, report)) return answerEmpty(response, 204);
    throw new Refusal(429, `${asker.name} has too many instances — give each node a token of its own`);
  }

  #objects(asker: Asker, request: IncomingMessage): object {
    demandOperator(asker);
    const client = new URLSearchParams(/\?(.*)$/.exec(request.url ?? "")?.[1] ?? "").get("client");
    const why = client === null ? undefined : this.#service.why(client);
    const { exceptions = [], ipLists = [] } = this.#service.policy ?? {};
    const added = new Set(this.#service.objects.added.exceptions.map(({ name }) => name));
    const addedLists = new Set(this.#service.objects.added.ipLists);
    return {
      exceptions: exceptions.slice(-OBJECTS_SHOWN_MAX).map((one) => ({
        ...{ name: one.name, ignore: one.ignore, point: one.point ?? "", match: matchText(one.match).trim() },
        ...{ reason: one.reason, expiresAt: dateText(one.expiresAt), added: added.has(one.name) },
      })),
      entries: ipLists
        .flatMap((list) => list.entries.slice(-OBJECTS_SHOWN_MAX).map((entry) => ({ list, entry })))
        .slice(-OBJECTS_SHOWN_MAX)
        .map(({ list, entry }) => ({
          ...{ list: list.list, entry: entryText(entry), reason: entry.reason ?? "" },
          ...{ expiresAt: entry.expiresAt === undefined ? "" : dateText(entry.expiresAt), added: addedLists.has(list) },
        })),
      /** Who writes a rule should not be in it. */
      you: request.socket.remoteAddress ?? "",
      why:
        why === undefined
          ? null
          : {
              ...{ list: why.list, entry: why.entry, reason: why.reason },
              expiresAt: why.expiresAt === undefined ? "" : dateText(why.expiresAt),
            },
      total: { exceptions: exceptions.length, entries: ipLists.reduce((sum, { entries }) => sum + entries.length, 0) },
    };
  }

  async #edit(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    demandOperator(asker);
    const edit = await readJson(request, fleetEditSchema, EDIT_BYTES_MAX);
    const changed = await this.#service.edit(edit);
    await this.#note(asker, edit.op, changed.did, `version ${changed.published.version}`);
    answerJson(response, 200, changed);
  }

  /** Begins to try a version; what becomes of it is in the status. */
  async #stage(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    demandOperator(asker);
    const { text, seconds, shareMax, canary } = await readJson(request, rolloutSchema, POLICY_FILE_BYTES_MAX * 2);
    const policy = parsePolicy(text, "candidate");
    const limits = { stageMs: seconds * 1000, shareMax, canary };
    const { hash, ending } = await this.#service.begin(policy, limits, text);
    // What is tried goes on without this connection.
    void ending.catch(() =>
      this.#options.onNotice({ event: "request_failed", detail: "the version is not published" }),
    );
    await this.#note(asker, "rollout.begin", hash, "begun");
    answerJson(response, 202, { hash });
  }

  async #decide(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    demandOperator(asker);
    const { word } = await readJson(request, wordSchema, EDIT_BYTES_MAX);
    const did = await this.#service.decide(word, asker.name);
    await this.#note(asker, `rollout.${word}`, this.#service.status.rollout?.hash ?? "", did);
    answerJson(response, 200, { did });
  }

  async #note(asker: Asker, action: string, object: string, outcome: string): Promise<void> {
    await this.#options.audit?.add({ who: asker.name, action, object, outcome, why: "" });
  }

  #document(asker: Asker, request: IncomingMessage, response: ServerResponse): void {
    demandOperator(asker);
    const { document } = this.#service;
    if (document === undefined) throw new Refusal(503, "there is no policy yet — the first one is awaited; ask again");
    const [, known = ""] = /\?base=([0-9a-f]{64})$/.exec(request.url ?? "") ?? [];
    const { base } = document;
    answerJson(response, 200, { ...document, base: { ...base, text: base.hash === known ? null : base.text } });
  }

  async #show(asker: Asker, request: IncomingMessage, response: ServerResponse): Promise<void> {
    demandOperator(asker);
    const { text, minutes } = await readJson(request, candidateSchema, POLICY_FILE_BYTES_MAX * 2);
    const endsAt = Date.now() + minutes * 60_000;
    const hash = await this.#service.show(text, endsAt);
    await this.#note(asker, "show", hash, "begun");
    answerJson(response, 200, { hash, endsAt });
  }

  #comparisons(asker: Asker, request: IncomingMessage, response: ServerResponse): void {
    demandOperator(asker);
    const [, hash = ""] = /\?hash=([0-9a-f]{64})$/.exec(request.url ?? "") ?? [];
    answerJson(response, 200, { comparisons: this.#service.instances.comparisons(hash) });
  }
}

function demandOperator({ name, role }: Asker): void {
  if (role === "operator") return;
  const fix = 'make an operator with "merlon node add --operator"';
  throw new Refusal(403, `${name} may not do this — it is for operators; ${fix}`);
}

/** @returns seconds of `Prefer: wait=30`; 0 for none */
function waitOf(prefer: string | string[] | undefined): number {
  const [, seconds = "0"] = /(?:^|[,;]\s*)wait=(\d{1,4})\b/.exec(String(prefer ?? "")) ?? [];
  return Math.min(Number(seconds), WAIT_SECONDS_MAX);
}
