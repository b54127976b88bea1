/** Listed sources: who is let pass, refused or watched, until when, and a guard against locking oneself out. */
import { dateText } from "../../../policy/date.ts";
import { entryText, type LISTS } from "../../../policy/ip-list.ts";
import { type Network, parseNetwork } from "../../../policy/network.ts";
import { hasAddress, networkText } from "../../../policy/network-text.ts";
import { scanRecords } from "../../policy/exception-preview.ts";
import { keyOfSource } from "../../policy/overlay.ts";
import type { ApiParts, Handlers } from "../context.ts";
import { Problem } from "../problem.ts";
import { previewSearch, windowOf } from "../search-window.ts";

type IpListHandlers = Pick<Handlers, "ipLists" | "previewIpEntry" | "addIpEntry" | "removeIpEntry">;

const PREVIEW_MS = 5000;
const DAY_MS = 86_400_000;
const CLIENTS_MAX = 100_000;
/** Nobody means so many addresses: half of IPv4, or of IPv6, would be one entry. */
const PREFIX_LEAST = { v4: 96 + 4, v6: 12 };

/** @throws Problem INVALID */
function networkOf(source: string): Network {
  const network = parseNetwork(source.trim());
  if (typeof network !== "string") return network;
  throw new Problem("INVALID", `body.source ${network}; write an address or a network such as 203.0.113.0/24`, {
    field: "body.source",
  });
}

/** @returns why an entry is dangerous for whoever asks, or null */
function lockOutOf(list: (typeof LISTS)[number], network: Network, from: string): string | null {
  if (list === "allow") return null;
  if (hasAddress(network, from)) return "it has your own address — you and those behind the same one would be refused";
  for (const [name, address] of [
    ["this machine", "127.0.0.1"],
    ["this machine", "::1"],
  ] as const) {
    if (hasAddress(network, address)) return `it has ${name}, from which health checks and neighbours come`;
  }
  const isV4 = network.prefix >= 96 && network.address >> 32n === 0xffffn;
  if (network.prefix < (isV4 ? PREFIX_LEAST.v4 : PREFIX_LEAST.v6)) return "it is a large part of the Internet";
  return null;
}

/** The handlers. */
export function ipListHandlers(parts: ApiParts): IpListHandlers {
  const { policy, store, now } = parts;
  return {
    async ipLists() {
      const { base, overlay } = policy.current();
      const own = [...overlay.sources.values()].map(({ item: { list, source, expiresAt, reason } }) => {
        const ends = expiresAt === null ? null : Date.parse(expiresAt);
        const isOver = ends !== null && ends <= now();
        return { list, source, expiresAt: ends, expired: isOver, reason, hits: null, managedBy: "console" as const };
      });
      const written = (base.ipLists ?? []).flatMap(({ list, entries }) =>
        entries.map((entry) => {
          const { expiresAt, reason = "" } = entry;
          const ends = expiresAt === undefined ? null : expiresAt * 1000;
          const isOver = ends !== null && ends <= now();
          const source = entryText(entry);
          return { list, source, expiresAt: ends, expired: isOver, reason, hits: null, managedBy: "file" as const };
        }),
      );
      return { items: [...own.reverse(), ...written] };
    },

    async previewIpEntry({ body, who, from }) {
      const network = networkOf(body.source);
      const clients = new Set<string>();
      let records = 0;
      const complete = await scanRecords(
        store,
        previewSearch(windowOf({ from: now() - DAY_MS }, now()), who),
        ({ client, sampled }) => {
          if (!hasAddress(network, client.ip)) return;
          records += sampled.count_since_last;
          if (clients.size < CLIENTS_MAX) clients.add(client.ip);
        },
        now() + PREVIEW_MS,
        now,
      );
      return { records, clients: clients.size, complete, lockOut: lockOutOf(body.list, network, from) };
    },

    async addIpEntry({ body, who, from, note }) {
      const network = networkOf(body.source);
      const lockOut = body.force ? null : lockOutOf(body.list, network, from);
      if (lockOut !== null) {
        throw new Problem("LOCK_OUT", `${lockOut} — choose a closer network, or send force`, { field: "body.source" });
      }
      const source = networkText(network);
      const ends = body.ttlSeconds === null ? null : dateText(Math.ceil(now() / 1000) + body.ttlSeconds);
      const entry = { list: body.list, source, expiresAt: ends, reason: body.reason };
      const before = policy.current().overlay.sources.get(keyOfSource(body.list, source))?.item;
      const { generation, since } = await policy.apply({ kind: "source", list: body.list, source, entry }, who.name);
      note({ object: `${body.list} ${source}`, before, after: entry });
      return { name: source, generation, at: since };
    },

    async removeIpEntry({ query: { list, source: written }, who, note }) {
      const network = parseNetwork(written);
      const source = typeof network === "string" ? written : networkText(network);
      const known = policy.current().overlay.sources.get(keyOfSource(list, source));
      if (known === undefined) {
        throw new Problem("NOT_FOUND", "this console has not listed it — what stands in a file is removed there");
      }
      const { generation, since } = await policy.apply({ kind: "source", list, source, entry: null }, who.name);
      note({ object: `${list} ${source}`, before: known.item });
      return { name: source, generation, at: since };
    },
  };
}
