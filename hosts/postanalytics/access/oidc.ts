/**
 * Login with an identity provider: OpenID Connect's code flow with PKCE, state and nonce. What the provider says of a
 * person's groups decides the role, at every login anew; who is in none of them stays outside.
 */
import { readFile } from "node:fs/promises";
import * as client from "openid-client";
import { parse } from "yaml";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { ROLES, type Role } from "../api/operations.ts";
import { tenantsSchema, userNameSchema } from "../api/schema.ts";
import type { Database } from "../store/database.ts";
import { isAtLeast } from "./identity.ts";
import { hashSecret } from "./secret.ts";
import { textOf } from "./tables.ts";

const settingsSchema = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1).max(256),
  /** File with the secret; a public client has none. */
  clientSecretFile: z.string().min(1).optional(),
  /** What the button says. */
  label: z.string().min(1).max(64).default("Single sign-on"),
  scopes: z
    .array(z.string().regex(/^[!-~]{1,64}$/))
    .max(16)
    .default(["openid", "profile", "email"]),
  /** The claim that is the user's name here. */
  nameClaim: z.string().min(1).max(64).default("email"),
  groupsClaim: z.string().min(1).max(64).default("groups"),
  /** Of several groups the one with the strongest role counts. */
  roles: z
    .array(
      z.strictObject({
        group: z.string().min(1).max(256),
        role: z.enum(ROLES),
        applications: tenantsSchema.default(null),
      }),
    )
    .min(1, "is empty; nobody could sign in")
    .max(256),
});

/** An identity provider, as its file says. */
export type OidcSettings = z.output<typeof settingsSchema>;

/** Somebody whom the provider has sent back. */
export interface Vouched {
  readonly name: string;
  readonly role: Role;
  readonly tenants: readonly string[] | null;
}

/** Where to send a browser, and what it must bring back. */
export interface Departure {
  readonly address: string;
  /** Kept in the browser's cookie: only the one that left may come back. */
  readonly state: string;
}

const PENDING_MS = 10 * 60_000;
const PENDING_MAX = 1000;
const TIMEOUT_SECONDS = 10;
const GROUPS_MAX = 1000;

/** Reads the file that describes a provider. @throws MerlonError MERLON_INPUT naming the field */
export async function readOidcFile(path: string): Promise<{ settings: OidcSettings; secret: string | undefined }> {
  const read = async (file: string): Promise<string> => {
    return await readFile(file, "utf8").catch((cause: unknown) => {
      throw new MerlonError("MERLON_INPUT", `${file} cannot be read — check the path and its rights`, { cause });
    });
  };
  let written: unknown;
  try {
    written = parse(await read(path), { maxAliasCount: 16 });
  } catch (cause) {
    if (cause instanceof MerlonError) throw cause;
    throw new MerlonError("MERLON_INPUT", `${path} is no YAML — see docs/console-access.md for an example`, { cause });
  }
  const parsed = settingsSchema.safeParse(written);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const what = `${path}: ${issue?.path.join(".") || "the file"}: ${issue?.message ?? "is not valid"}`;
    throw new MerlonError("MERLON_INPUT", `${what} — see docs/console-access.md for an example`);
  }
  const { clientSecretFile } = parsed.data;
  const secret = clientSecretFile === undefined ? undefined : (await read(clientSecretFile)).trim();
  return { settings: parsed.data, secret };
}

/** A provider. */
export class Oidc {
  readonly settings: OidcSettings;
  readonly #secret: string | undefined;
  readonly #database: Database;
  readonly #now: () => number;
  #configuration: Promise<client.Configuration> | undefined;

  constructor(settings: OidcSettings, secret: string | undefined, database: Database, now: () => number = Date.now) {
    this.settings = settings;
    this.#secret = secret;
    this.#database = database;
    this.#now = now;
  }

  /** @param back where the provider sends the browser afterwards @throws MerlonError MERLON_INPUT where it is away */
  async depart(back: string): Promise<Departure> {
    const configuration = await this.#discover();
    const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
    const now = this.#now();
    await this.#database.transaction(async (inside) => {
      await inside.query("delete from console_pending_logins where until <= ?", [now]);
      // Whoever floods this pushes out others who are on their way, and fills nothing.
      await inside.query(
        `delete from console_pending_logins where state not in
           (select state from console_pending_logins order by until desc, state limit ?)`,
        [PENDING_MAX - 1],
      );
      const values = [hashSecret(state), verifier, nonce, now + PENDING_MS];
      await inside.query(
        "insert into console_pending_logins (state, verifier, nonce, until) values (?, ?, ?, ?)",
        values,
      );
    });
    const address = client.buildAuthorizationUrl(configuration, {
      redirect_uri: back,
      scope: this.settings.scopes.join(" "),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    return { address: address.href, state };
  }

  /**
   * Takes somebody back.
   * @param address with which the browser came back
   * @param state from the browser's cookie
   * @returns who it is, or why not, in words for the person
   */
  async arrive(address: URL, state: string): Promise<Vouched | string> {
    const taken = await this.#database.query(
      "delete from console_pending_logins where state = ? and until > ? returning verifier, nonce",
      [hashSecret(state), this.#now()],
    );
    const [row] = taken;
    if (row === undefined) return "this login has taken too long or was begun in another browser; begin anew";
    try {
      const answer = await client.authorizationCodeGrant(await this.#discover(), address, {
        pkceCodeVerifier: textOf(row, "verifier"),
        expectedNonce: textOf(row, "nonce"),
        expectedState: state,
        idTokenExpected: true,
      });
      return vouchedBy({ ...answer.claims() }, this.settings);
    } catch {
      // What the provider or somebody in its name has sent is nothing to show.
      return "the identity provider did not confirm this login; begin anew";
    }
  }

  /** Once it has answered, what it said stays; until then each login asks again. */
  #discover(): Promise<client.Configuration> {
    const known = this.#configuration;
    if (known !== undefined) return known;
    const { issuer, clientId } = this.settings;
    const asking = client
      .discovery(
        new URL(issuer),
        clientId,
        {},
        this.#secret === undefined ? client.None() : client.ClientSecretBasic(this.#secret),
        {
          timeout: TIMEOUT_SECONDS,
          // A provider in the same cluster may do without TLS, if its address says so.
          ...(issuer.startsWith("http:") ? { execute: [client.allowInsecureRequests] } : {}),
        },
      )
      .catch((cause: unknown) => {
        this.#configuration = undefined;
        const fix = "check the issuer in its file, and whether this machine reaches it";
        throw new MerlonError("MERLON_INPUT", `the identity provider does not answer — ${fix}`, { cause });
      });
    this.#configuration = asking;
    return asking;
  }
}

/** @returns who the claims say it is, or why that is nobody here */
export function vouchedBy(claims: Readonly<Record<string, unknown>>, settings: OidcSettings): Vouched | string {
  const name = userNameSchema.safeParse(claims[settings.nameClaim]);
  if (!name.success) return `the identity provider says no usable name (claim ${settings.nameClaim})`;
  if (settings.nameClaim === "email" && claims["email_verified"] === false) {
    return "the identity provider has not verified this e-mail address";
  }
  const said = claims[settings.groupsClaim];
  const groups = new Set((Array.isArray(said) ? said : [said]).slice(0, GROUPS_MAX).map(String));
  const fitting = settings.roles.filter(({ group }) => groups.has(group));
  const [first] = fitting;
  if (first === undefined) return "none of your groups has a role here; ask an admin of this console";
  const best = fitting.reduce((strongest, one) => (isAtLeast(strongest.role, one.role) ? strongest : one), first);
  // Two groups of one role add up; all applications of one of them are all.
  const same = fitting.filter(({ role }) => role === best.role).map(({ applications }) => applications);
  const tenants = same.includes(null) ? null : [...new Set(same.flatMap((one) => one ?? []))];
  return { name: name.data, role: best.role, tenants };
}
