/** Flags about records and numbers, and `merlon protect` with them as a process. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { listen } from "../../dataplane/sidecar/stage.ts";
import { makeDatabase } from "../../policy/mmdb-writer.ts";
import { Receiver } from "../../records/receiver.ts";
import { ATTACK, makeFolder, type Running, run, start } from "../stage.ts";

async function protect(...flags: string[]): Promise<Running & { url: string }> {
  const application = createServer((_request, response) => response.end("application"));
  const upstream = `http://127.0.0.1:${await listen(application)}`;
  const running = start(["protect", upstream, "--listen", "127.0.0.1:0", "--mode", "block", "--quiet", ...flags]);
  const [, url = ""] = await running.saw(/^listening +(\S+)$/m);
  return { ...running, url };
}

test("records go from an attack to the store; what was only counted goes out at the end", async () => {
  const receiver = new Receiver();
  const port = await receiver.listen();
  onTestFinished(() => receiver.close());
  const tokens: (string | undefined)[] = [];
  receiver.judge = (_records, { headers }) => {
    tokens.push(headers.authorization);
    return null;
  };
  const folder = makeFolder();
  const token = join(folder, "token");
  writeFileSync(token, "a-token\n");
  const geo = join(folder, "places.mmdb");
  const place = { country: { iso_code: "DE" }, autonomous_system_number: 64_500 };
  writeFileSync(geo, makeDatabase([{ cidr: "127.0.0.0/8", value: place }]));
  const flags = ["--data", join(folder, "data"), "--records-url", `http://127.0.0.1:${port}`];
  const { url, child, ended, saw } = await protect(
    ...flags,
    ...["--records-token-file", token, "--node-id", "edge/1", "--geo", geo],
  );
  await saw(new RegExp(`^records +.*/data, sent to 127.0.0.1:${port}$`, "m"));
  const refs: string[] = [];
  for (let i = 0; i < 20; i++) {
    const response = await fetch(`${url}/a?${ATTACK}`, { headers: { cookie: "sid=secret-canary" } });
    refs.push(response.headers.get("x-merlon-ref") ?? "");
  }
  await vi.waitFor(() => expect(receiver.records.size).toBeGreaterThanOrEqual(5), { timeout: 40_000 });
  child.kill("SIGTERM");
  expect(await ended()).toBe(0);
  expect([receiver.total, receiver.faults, new Set(tokens)]).toEqual([20, [], new Set(["Bearer a-token"])]);
  const records = [...receiver.records.values()];
  expect(records.slice(0, 5).map(({ ref }) => ref)).toEqual(refs.slice(0, 5));
  expect(records[0]).toMatchObject({ node: { id: "edge/1", kind: "sidecar" }, action: "blocked", mode: "block" });
  // Those that were only counted, too: a client's place is kept with the first that is stored.
  expect(new Set(records.map(({ client }) => `${client.country} ${client.asn}`))).toEqual(new Set(["DE 64500"]));
  expect(JSON.stringify(records)).not.toContain("secret-canary");
});

test("numbers, probes and the compatible status are served, and the folder stays when nothing is sent", async () => {
  const folder = makeFolder();
  const { url, saw, child, ended } = await protect("--data", folder, "--metrics", "127.0.0.1:0");
  const [, metrics = ""] = await saw(/^metrics +(\S+)\/metrics$/m);
  for (const path of ["/", `/?${ATTACK}`]) await (await fetch(url + path)).text();
  await vi.waitFor(
    async () => {
      const text = await (await fetch(`${metrics}/metrics`)).text();
      expect(text).toMatch(/^waf_requests_inspected_total 2$/m);
      expect(text).toMatch(/^waf_records_stored_total 1$/m);
    },
    { timeout: 30_000 },
  );
  for (const path of ["/livez", "/readyz"]) expect((await fetch(metrics + path)).status).toBe(200);
  const status = await (await fetch(`${metrics}/wallarm-status`)).json();
  expect(status).toMatchObject({ requests: 2, attacks: 1, blocked: 1 });
  child.kill("SIGTERM");
  expect(await ended()).toBe(0);
  expect(readFileSync(join(folder, "spool", "0000000001.seg"), "latin1")).toContain('"type":"ptrav"');
});

test("a port for metrics that is taken is told, and nothing is left running or locked", async () => {
  const other = createServer();
  const port = await listen(other);
  const folder = makeFolder();
  const flags = ["--data", folder, "--metrics", `127.0.0.1:${port}`];
  for (let tries = 0; tries < 2; tries++) {
    const { code, stderr } = await run(["protect", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/another program listens there/)]);
  }
});

test.each([
  [["--records-url", "https://a"], /--data is missing — .*; write --data <folder>/],
  [["--records-token-file", "a"], /--records-url is missing/],
  [["--records-url", "ftp://a", "--data", "b"], /no usable scheme/],
  [["--records-url", "https://a", "--data", "b", "--records-cert", "c"], /certificate is given in part/],
  [["--node-id", "a b"], /--node-id is "a b"/],
  [["--data", "a", "--data-max", "1"], /--data-max is "1" — it takes a whole number from 16 to/],
  [["--metrics", "nowhere"], /--metrics is "nowhere"/],
])("%j is refused with what to write", async (flags, message) => {
  for (const command of [["protect", "http://127.0.0.1:1"], ["extproc"]]) {
    const { code, stderr } = await run([...command, ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  }
});
