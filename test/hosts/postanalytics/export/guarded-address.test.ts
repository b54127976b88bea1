/**
 * S6: the table of addresses that exports never reach, in every writing, and names that change their mind; and a
 * listener at the other end of those that are this machine, to which no sink ever connects.
 */
import { createServer } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { sinkSchema } from "../../../../hosts/postanalytics/api/schema.ts";
import { AddressGuard } from "../../../../hosts/postanalytics/export/guarded-address.ts";
import { otlpSink } from "../../../../hosts/postanalytics/export/otlp-sink.ts";
import type { Sink } from "../../../../hosts/postanalytics/export/sink.ts";
import { slackSink } from "../../../../hosts/postanalytics/export/slack-sink.ts";
import { syslogSink } from "../../../../hosts/postanalytics/export/syslog-sink.ts";
import { webhookSink } from "../../../../hosts/postanalytics/export/webhook-sink.ts";
import { sampleRecord } from "../../records/sample.ts";

const GUARD = new AddressGuard([]);
const resolvingTo =
  (...addresses: readonly string[]) =>
  async () => {
    return addresses.map((address) => ({ address, family: address.includes(":") ? (6 as const) : (4 as const) }));
  };

describe("is refused", () => {
  test.each([
    ...[
      "127.0.0.1",
      "127.1.2.3",
      "0.0.0.0",
      "10.0.0.1",
      "100.64.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
    ],
    ...["192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.1", "203.0.113.1"],
    ...["::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fc00::1"],
    ...["fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "[::1]"],
    ...[
      "localhost",
      "LOCALHOST.",
      "metadata.google.internal",
      "kubernetes.default.svc",
      "x.cluster.local",
      "printer.local",
    ],
  ])("%s", async (host) => await expect(GUARD.pick(host)).rejects.toThrow(/not on the public Internet/));

  test.each(["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])("%s, as a URL means it", async (written) => {
    // URLs turn every writing of an address into one, so the guard only ever meets that.
    await expect(GUARD.pick(new URL(`http://${written}/`).hostname)).rejects.toThrow(/not on the public Internet/);
  });

  test("a name with a private address, and one that has both", async () => {
    for (const addresses of [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1", "::1"]]) {
      await expect(new AddressGuard([], resolvingTo(...addresses)).pick("a.example")).rejects.toThrow(/public/);
    }
  });

  test("a name that is none", async () => {
    await expect(new AddressGuard([], resolvingTo()).pick("a.example")).rejects.toThrow(/cannot be resolved/);
  });
});

test("public addresses are taken, and the one that was judged is the one to connect to", async () => {
  expect(await GUARD.pick("8.8.8.8")).toEqual({ address: "8.8.8.8", family: 4 });
  expect(await GUARD.pick("[2606:4700::1]")).toEqual({ address: "2606:4700::1", family: 6 });
  const guard = new AddressGuard([], resolvingTo("1.1.1.1", "8.8.8.8"));
  expect(await guard.pick("a.example")).toEqual({ address: "1.1.1.1", family: 4 });
});

test("a network that was allowed is allowed, and no other", async () => {
  const guard = new AddressGuard(["10.1.0.0/16", "::1"], resolvingTo("10.1.2.3"));
  expect(await guard.pick("siem.svc")).toEqual({ address: "10.1.2.3", family: 4 });
  expect(guard.allows("::ffff:10.1.2.3")).toBe(true);
  expect(guard.allows("::1")).toBe(true);
  expect(guard.allows("10.2.0.1")).toBe(false);
  expect(guard.allows("no address")).toBe(false);
});

/** This machine, as somebody could write it who wants exports to reach it. */
const SELVES = [
  ...["127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0"],
  ...["localhost", "localhost.", "LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]"],
  ...["[::127.0.0.1]", "[64:ff9b::7f00:1]", "127.0.0.1.", "%31%32%37.0.0.1", "①②⑦.0.0.1", "127。0。0。1", hostname()],
  ...Object.values(networkInterfaces()).flatMap((all) => {
    return (all ?? []).map(({ address, family }) => (family === "IPv6" ? `[${address.split("%")[0]}]` : address));
  }),
];

/** Sinks to a host of each kind that takes one, as the API makes them; none where it refuses to. */
function sinksTo(host: string, port: number): Sink[] {
  const url = `http://${host}:${port}/v1/logs`;
  const kinds = [
    { kind: "otlp", url },
    { kind: "webhook", url, secret: "0123456789abcdef" },
    { kind: "slack", url },
    { kind: "syslog", host: host.replace(/^\[|\]$/g, ""), port, tls: false },
  ];
  return kinds.flatMap((one): Sink[] => {
    const terms = sinkSchema.safeParse(one).data;
    switch (terms?.kind) {
      case "otlp":
        return [otlpSink(GUARD, new URL(terms.url), undefined)];
      case "webhook":
        return [webhookSink(GUARD, new URL(terms.url), terms.secret)];
      case "slack":
        return [slackSink(GUARD, new URL(terms.url))];
      case "syslog":
        return [syslogSink(GUARD, terms)];
      default:
        return [];
    }
  });
}

test("no sink connects to this machine, however it is written", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "::", () => resolve()));
  onTestFinished(() => void server.close());
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  let tried = 0;
  for (const host of SELVES) {
    for (const sink of sinksTo(host, port)) {
      tried++;
      await expect(sink.deliver([sampleRecord()])).rejects.toThrow(/not on the public Internet|cannot be resolved/);
      await sink.close();
    }
  }
  expect([tried > SELVES.length * 2, connections]).toEqual([true, 0]);
  // The listener is heard of, or its silence would be no proof.
  await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
  expect(connections).toBe(1);
});
