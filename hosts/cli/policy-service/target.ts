/**
 * What a command changes: a policy file, which hosts watch, or a policy service, which tells its nodes. The change is
 * the same; a file is replaced in one step and only by one that is valid.
 */
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { dateText } from "../../policy/date.ts";
import { applyEdit, type Edit } from "../../policy/edit.ts";
import { withLock } from "../../policy/file-lock.ts";
import { ServiceClient } from "../../policy/follow/service-client.ts";
import { compilePolicy } from "../../policy/image.ts";
import { entryText, LISTS } from "../../policy/ip-list.ts";
import { matchText } from "../../policy/match.ts";
import { addressHalves } from "../../policy/network.ts";
import { readPolicyFile } from "../../policy/policy-file.ts";
import { parsePolicy } from "../../policy/policy-text.ts";
import { replaceFile } from "../../policy/replace-file.ts";
import type { Policy } from "../../policy/schema.ts";
import type { FleetEdit } from "../../policy/service/fleet-mode.ts";
import { sourcesOf } from "../../policy/sources.ts";
import { SpecFiles } from "../../policy/specification/spec-files.ts";
import { changedSchema, PATHS, statusSchema } from "../../policy/wire.ts";
import { type Input, type Io, type Option, usage } from "../command.ts";
import { SERVICE_OPTIONS, serviceAddressOf } from "../protection/service-address.ts";
import { showWord } from "../text.ts";
import { awaitActive } from "./status.ts";

const WAIT_MS = 10_000;

/** The flags that say what is changed. */
export const TARGET_OPTIONS: Readonly<Record<string, Option>> = {
  policy: { type: "string", value: "<file>", about: "policy file" },
  ...SERVICE_OPTIONS,
};

/** An exception, for people. */
export interface ShownException {
  readonly name: string;
  readonly ignore: { readonly stamps: readonly string[]; readonly types: readonly string[]; readonly all: boolean };
  readonly point: string;
  readonly match: string;
  readonly reason: string;
  readonly expiresAt: string;
}

/** An entry of a list, for people; `hits` where a service has counted. */
export interface ShownEntry {
  readonly list: string;
  readonly entry: string;
  readonly reason: string;
  /** "" for ever. */
  readonly expiresAt: string;
  readonly hits?: number | undefined;
}

/** The entry that decides for a client. */
export type Why = Omit<ShownEntry, "hits">;

/** A file or a service. */
export interface Target {
  /** Makes a change and says what came of it. @returns whether it is in force wherever it should be */
  edit(edit: Edit, io: Io): Promise<boolean>;
  exceptions(): Promise<readonly ShownException[]>;
  entries(): Promise<readonly ShownEntry[]>;
  /** @param address of a client @returns what decides for it, undefined where no list has it */
  why(address: string): Promise<Why | undefined>;
  /** The policy itself; undefined where only a service has it. */
  policy(): Promise<Policy | undefined>;
  /** Addresses by which this person is seen from there. */
  ownAddresses(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** @throws MerlonError MERLON_USAGE where neither or both are given */
export function targetOf(input: Input): Target {
  const path = input.text("policy");
  const address = serviceAddressOf(input);
  if (path !== undefined && address === undefined) return fileTarget(path);
  if (path === undefined && address !== undefined) return serviceTarget(new ServiceClient(address));
  const what = path === undefined ? "nothing says which policy" : "--policy and --policy-url are given";
  throw usage(what, "a file or a service is changed", "write --policy merlon.yaml, or --policy-url https://…");
}

function fileTarget(path: string): Target {
  const read = async (): Promise<Policy> => (await readPolicyFile(path)).policy;
  return {
    async edit(edit, io) {
      // A link stays one: what it leads to is replaced.
      const place = await realpath(path).catch(() => path);
      const edited = await withLock(place, async () => {
        const { text } = await readPolicyFile(path);
        const made = applyEdit(text, edit);
        compilePolicy(parsePolicy(made.text, path, new SpecFiles(dirname(path)).read));
        await replaceFile(place, made.text);
        return made;
      });
      io.stdout.write(`${showWord(edited.did)}, in ${showWord(path)}\n`);
      return true;
    },
    exceptions: async () =>
      ((await read()).exceptions ?? []).map((one) => ({
        ...{ name: one.name, ignore: one.ignore, point: one.point ?? "", match: matchText(one.match).trim() },
        ...{ reason: one.reason, expiresAt: dateText(one.expiresAt) },
      })),
    entries: async () =>
      ((await read()).ipLists ?? []).flatMap(({ list, entries }) =>
        entries.map((entry) => ({
          ...{ list, entry: entryText(entry), reason: entry.reason ?? "" },
          expiresAt: entry.expiresAt === undefined ? "" : dateText(entry.expiresAt),
        })),
      ),
    why: async (address) => whyIn(await read(), address),
    policy: read,
    ownAddresses: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

function whyIn(policy: Policy, address: string): Why | undefined {
  const [high, low] = addressHalves(address);
  const row = sourcesOf(policy.ipLists ?? []).why(high, low, Math.floor(Date.now() / 1000));
  if (row === undefined) return undefined;
  const { list, entry, reason, expiresAt } = row;
  return { list, entry, reason, expiresAt: expiresAt === undefined ? "" : dateText(expiresAt) };
}

const exceptionSchema = z.object({
  ...{ name: z.string(), point: z.string(), match: z.string(), reason: z.string(), expiresAt: z.string() },
  ignore: z.object({ stamps: z.array(z.string()), types: z.array(z.string()), all: z.boolean() }),
});
const entrySchema = z.object({ list: z.enum(LISTS), entry: z.string(), reason: z.string(), expiresAt: z.string() });
const objectsSchema = z.object({
  exceptions: z.array(exceptionSchema),
  entries: z.array(entrySchema),
  you: z.string(),
  why: entrySchema.nullable(),
});

/** A target that also sets the mode, which a file says itself. */
export interface ServiceTarget extends Target {
  edit(edit: FleetEdit, io: Io): Promise<boolean>;
}

/** @returns a policy service as a target */
export function serviceTarget(client: ServiceClient): ServiceTarget {
  const objects = async (query = ""): Promise<z.output<typeof objectsSchema>> =>
    await client.read(`${PATHS.objects}${query}`, objectsSchema);
  return {
    async edit(edit, io) {
      const { did, published } = await client.read(PATHS.edit, changedSchema, { method: "POST", body: edit });
      io.stdout.write(`${showWord(did)}, version ${published.version}\n`);
      return await awaitActive(client, published.hash, WAIT_MS, io);
    },
    exceptions: async () => (await objects()).exceptions,
    async entries() {
      const { hits } = await client.read(PATHS.status, statusSchema);
      const counts = new Map(hits.map((one) => [`${one.list} ${one.entry}`, one.hits]));
      return (await objects()).entries.map((one) => ({ ...one, hits: counts.get(`${one.list} ${one.entry}`) ?? 0 }));
    },
    why: async (address) => (await objects(`?client=${encodeURIComponent(address)}`)).why ?? undefined,
    policy: () => Promise.resolve(undefined),
    ownAddresses: async () => [(await objects()).you],
    close: () => client.close(),
  };
}
