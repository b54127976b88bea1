/**
 * A node's identity, from its enrolment on: a token brings the first certificate, and each one is renewed when two
 * thirds of its time are over, for as long as the host runs. Times are those that passed here since a certificate came,
 * so it does not matter what o'clock the machine believes it is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MerlonError } from "../../core/error.ts";
import { makeRequest } from "../identity/certificates.ts";
import { fingerprintOf, parseEnrolmentToken } from "../identity/enrolment-token.ts";
import { authoritySchema, issuedSchema, PATHS } from "../wire.ts";
import { BackOff } from "./back-off.ts";
import { IdentityFiles, type IdentityMaterial } from "./identity-files.ts";
import { parseAnswer, ServiceClient, ServiceRefusal } from "./service-client.ts";

/** How long a host waits for its enrolment before it takes traffic with what it has. */
const START_MS = 5000;
/** Timers of Node go no further. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const RENEW_SHARE = 2 / 3;

/** Whom to ask, and what is said of it. */
export interface IdentityOptions {
  readonly folder: string;
  readonly url: string;
  /** Authorities (PEM) that the service is verified by, where its certificate is not of its own authority. */
  readonly caFile?: string | undefined;
  /** The token, read when it is needed: a node that has enrolled needs none. */
  readonly token?: (() => string) | undefined;
  /** A line for the operator. */
  readonly say: (line: string) => void;
}

/** The identity of a host that runs. */
export class NodeIdentity {
  readonly #options: IdentityOptions;
  readonly #files: IdentityFiles;
  readonly #ending = new AbortController();
  readonly #backOff = new BackOff();
  #keeping: Promise<void> = Promise.resolve();
  /** Of the certificate in use: how long it lasts from when it came, where this process has asked for it. */
  #lifetimeMs = 0;
  #refused = "";

  private constructor(options: IdentityOptions) {
    this.#options = options;
    this.#files = new IdentityFiles(options.folder);
  }

  /**
   * Reads the identity, or enrols; a service that is away is asked again in the background.
   * @throws MerlonError MERLON_USAGE without an identity and a token, MERLON_SERVICE for a token that does not count,
   * MERLON_TLS for damaged files
   */
  static async open(options: IdentityOptions): Promise<NodeIdentity> {
    const identity = new NodeIdentity(options);
    if (identity.#files.read() === undefined) await identity.#begin();
    identity.#keeping = identity.#keep();
    return identity;
  }

  /** What connections use now; undefined while the node has not enrolled. */
  get material(): IdentityMaterial | undefined {
    return this.#files.read()?.material;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#keeping;
  }

  async #begin(): Promise<void> {
    const { token, folder, url, say } = this.#options;
    if (token === undefined) {
      const fix = 'write --enrol-file with a token of "merlon node add"';
      throw new MerlonError("MERLON_USAGE", `${folder} has no identity — this node has not enrolled yet; ${fix}`);
    }
    if (!url.startsWith("https:")) {
      const why = "a certificate is shown by TLS";
      throw new MerlonError("MERLON_USAGE", `--enrol needs a policy service with https — ${why}; write https://…`);
    }
    parseEnrolmentToken(token());
    try {
      const asking = this.#files.alone(async () => await this.#ask());
      await Promise.race([asking, this.#pause(START_MS)]);
    } catch (error) {
      if (error instanceof ServiceRefusal || !isOfService(error)) throw error;
      say(`${error.message} (this node enrols when it does)`);
    }
  }

  async #keep(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        const waitMs = this.#waitMs();
        if (waitMs > 0) {
          await this.#pause(Math.min(waitMs, TIMER_MS_MAX));
          continue;
        }
        await this.#files.alone(async () => await this.#ask());
        this.#backOff.reset();
        this.#refused = "";
      } catch (error) {
        this.#failed(error);
        await this.#pause(this.#backOff.next());
      }
    }
  }

  /** Asks, if no other process of this node has done so meanwhile. */
  async #ask(): Promise<void> {
    if (this.#ending.signal.aborted || this.#waitMs() > 0) return;
    await (this.#files.read() === undefined ? this.#enrol() : this.#renew());
  }

  /** Told once for each reason; what is in force stays, and it is asked again. */
  #failed(error: unknown): void {
    const message = error instanceof MerlonError ? error.message : "the identity cannot be renewed";
    if (this.#ending.signal.aborted || this.#refused === message) return;
    this.#refused = message;
    this.#options.say(message);
  }

  /** Until it is time to ask. The certificate may be another process's of this node, which has renewed it for all. */
  #waitMs(): number {
    const kept = this.#files.read();
    if (kept === undefined) return 0;
    const lifetimeMs = this.#lifetimeMs > 0 ? this.#lifetimeMs : kept.until - kept.receivedAt;
    return kept.receivedAt + lifetimeMs * RENEW_SHARE - Date.now();
  }

  async #enrol(): Promise<void> {
    const { token, url, caFile } = this.#options;
    const { secret, fingerprint } = parseEnrolmentToken(token?.() ?? "");
    const authority = await this.#authority(fingerprint);
    const key = await this.#files.key();
    const body = { secret, request: await makeRequest(key) };
    const client = new ServiceClient({ url, ...(caFile === undefined ? { ca: authority } : { caFile }) });
    await this.#take(client, "enrol", body, fingerprint);
  }

  /** Nothing secret goes over this connection, and what comes is held against the fingerprint in the token. */
  async #authority(fingerprint: string): Promise<string> {
    const { url, caFile } = this.#options;
    const client = new ServiceClient({ url, ...(caFile === undefined ? { isUnverified: true } : { caFile }) });
    const { signal } = this.#ending;
    try {
      const { authority } = await client.read(`${PATHS.enrolment}authority`, authoritySchema, { signal });
      if (fits(authority, fingerprint)) return authority;
    } finally {
      await client.close();
    }
    const why = "its authority has not the fingerprint in the token";
    const fix = "check --policy-url, and whether the token is of this service; else somebody stands between";
    throw new ServiceRefusal(0, `the policy service is another one — ${why}; ${fix}`);
  }

  async #renew(): Promise<void> {
    const { url, caFile } = this.#options;
    const client = new ServiceClient({ url, caFile, identity: () => this.material });
    await this.#take(client, "renew", {}, fingerprintOf(this.material?.ca ?? ""));
  }

  /** @param fingerprint of the authority that the answer must name: a certificate of another would be of no use */
  async #take(client: ServiceClient, what: string, body: object, fingerprint: string): Promise<void> {
    const { signal } = this.#ending;
    try {
      const answer = await client.ask(`${PATHS.enrolment}${what}`, { method: "POST", body, signal });
      const issued = parseAnswer(issuedSchema, answer.bytes);
      if (!fits(issued.authority, fingerprint)) {
        const fix = "enrol anew";
        throw new ServiceRefusal(
          0,
          `the policy service has another authority now — this node does not know it; ${fix}`,
        );
      }
      await this.#files.write(issued);
      this.#lifetimeMs = issued.lifetimeMs;
      if (what === "enrol") this.#options.say(`enrolled as ${issued.name}`);
    } finally {
      await client.close();
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined);
  }
}

function isOfService(error: unknown): error is MerlonError {
  return error instanceof MerlonError && error.code === "MERLON_SERVICE";
}

function fits(authority: string, fingerprint: string): boolean {
  try {
    return fingerprintOf(authority) === fingerprint;
  } catch {
    return false;
  }
}
