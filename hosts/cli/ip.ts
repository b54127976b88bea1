/**
 * `merlon ip`: sources that are let pass, refused or watched more closely, added and taken off on a file or a policy
 * service. What is added ends by itself, unless it is said to stay.
 */
import { networkInterfaces } from "node:os";
import { dateText } from "../policy/date.ts";
import { parseEntry } from "../policy/edit.ts";
import { entryText, LISTS, type ListName } from "../policy/ip-list.ts";
import { addressHalves, isWithin } from "../policy/network.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { durationOf } from "./policy-service/duration.ts";
import { TARGET_OPTIONS, type Target, targetOf } from "./policy-service/target.ts";
import { count, layOut, showWord } from "./text.ts";

const ACTIONS = [...LISTS, "rm", "list", "why"] as const;
const SHOWN_MAX = 1000;

/** The command. */
export const ipCommand: Command = {
  name: "ip",
  summary: "allow, deny or gray-list networks, countries and systems",
  usage: "<allow|deny|gray|rm|list|why> [<network>|country:XX|asn:N|<address>] [flags]",
  least: 1,
  most: 2,
  options: {
    ...TARGET_OPTIONS,
    ttl: { type: "string", value: "<time>", about: "how long the entry counts, such as 30m, 4h or 90d" },
    forever: { type: "boolean", about: "the entry has no end" },
    reason: { type: "string", value: "<text>", about: "why, for whoever finds the entry later" },
    force: { type: "boolean", about: "deny also what has your own address in it" },
  },
  details: [
    "allow, deny and gray put an entry on the list, or give it a new end; rm takes it off every list. The first list",
    "that has a client counts, allow before deny before gray. why says which entry decides for an address.",
    "Countries and systems need a database at the nodes: merlon protect --geo <file.mmdb>.",
  ].join("\n"),
  examples: [
    "merlon ip deny 203.0.113.0/24 --ttl 4h --reason INC-123 --policy merlon.yaml",
    "merlon ip deny asn:64500 --ttl 4h --policy-url https://policy.example:9443 --node-token-file op.token",
    "merlon ip why 203.0.113.7 --policy merlon.yaml",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = "", subject] = input.positionals;
  const action = ACTIONS.find((known) => known === written);
  if (action === undefined) {
    throw usage(`"${showWord(written)}" is nothing that ip does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  if ((subject === undefined) !== (action === "list")) {
    const form = action === "list" ? "it shows all entries" : "it takes one network, country or system";
    throw usage(
      `"merlon ip ${action}" has ${subject === undefined ? "no entry" : "too much"}`,
      form,
      `see "merlon help ip"`,
    );
  }
  const target = targetOf(input);
  try {
    if (action === "list") return await list(target, io);
    if (action === "why") return await why(target, subject ?? "", io);
    if (action === "rm") return (await target.edit({ op: "list.remove", entry: subject ?? "" }, io)) ? 0 : 1;
    return await add(target, action, subject ?? "", input, io);
  } finally {
    await target.close();
  }
}

async function add(target: Target, list: ListName, subject: string, input: Input, io: Io): Promise<number> {
  const entry = parseEntry(subject);
  const ttl = input.text("ttl");
  if ((ttl === undefined) !== input.flag("forever")) {
    throw usage("the entry's end is not clear", "one that nobody ends stays for years", "write --ttl 4h, or --forever");
  }
  if (list !== "allow" && !input.flag("force")) await refuseOwn(target, entry, list);
  const reason = input.text("reason");
  const expiresAt = ttl === undefined ? undefined : Math.floor((Date.now() + durationOf(ttl, "ttl")) / 1000);
  const edit = {
    ...{ op: "list.add" as const, list, entry: entryText(entry) },
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(reason === undefined ? {} : { reason }),
  };
  return (await target.edit(edit, io)) ? 0 : 1;
}

/** Who locks himself out cannot take it back. */
async function refuseOwn(target: Target, { cidr }: ReturnType<typeof parseEntry>, list: ListName): Promise<void> {
  if (cidr === undefined) return;
  const interfaces = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const [remote = ""] = (process.env["SSH_CONNECTION"] ?? "").split(" ");
  for (const own of [...interfaces, remote, ...(await target.ownAddresses())]) {
    const address = own.replace(/%.*$/, "");
    if (address === "" || !isWithin(addressHalves(address), cidr)) continue;
    const fix = "choose a smaller network, or write --force";
    throw usage(
      `${entryText({ cidr })} has your own address ${address}`,
      `on the ${list} list it could lock you out`,
      fix,
    );
  }
}

async function list(target: Target, io: Io): Promise<number> {
  const now = dateText(Math.floor(Date.now() / 1000));
  const entries = await target.entries();
  const columns = ["list", "entry", "until", "hits", "why"].map((title) => ({ title, right: title === "hits" }));
  const rows = entries.slice(0, SHOWN_MAX).map(({ list: own, entry, reason, expiresAt, hits }) => {
    const until = expiresAt === "" ? "for ever" : expiresAt <= now ? `expired ${expiresAt}` : expiresAt;
    return [own, entry, until, hits === undefined ? "" : count(hits), reason].map(showWord);
  });
  io.stdout.write(rows.length === 0 ? "no entries\n" : layOut(columns, rows));
  if (entries.length > SHOWN_MAX) io.stdout.write(`and ${count(entries.length - SHOWN_MAX)} more\n`);
  return 0;
}

async function why(target: Target, address: string, io: Io): Promise<number> {
  addressHalves(address);
  const found = await target.why(address);
  if (found === undefined) {
    io.stdout.write(`no list has ${showWord(address)}\n`);
    return 1;
  }
  const { list: own, entry, reason, expiresAt } = found;
  const until = expiresAt === "" ? "for ever" : `until ${expiresAt}`;
  io.stdout.write(`${own}: ${entry}, ${until}${reason === "" ? "" : `, ${showWord(reason)}`}\n`);
  return 0;
}
