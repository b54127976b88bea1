/**
 * The door to a policy service: a real service, real hosts that follow it, each with a core. What a console changes is
 * on all hosts; what a command changes meanwhile is seen; what the service does not take changes nothing.
 */
import { expect, onTestFinished, test, vi } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import type { Change } from "../../../../hosts/postanalytics/policy/door.ts";
import { ServiceDoor } from "../../../../hosts/postanalytics/policy/service-door.ts";
import { type Stage as ServiceStage, startHost, startService } from "../../policy/service/stage.ts";
import { consoleDatabase } from "../access/stage.ts";
import { POLICY_TEXT } from "../stage.ts";

const WAIT = { timeout: 60_000, interval: 50 };
const HOSTS = 4;
/** Of what the stage's hosts judge: `/?a=../../etc/passwd`. */
const EXCEPTION: Change = {
  kind: "exception",
  name: "mine",
  draft: {
    match: { point: "query.a", path: "/" },
    ignore: { stamps: [], types: ["ptrav"] },
    reason: "paths are asked for",
    expiresAt: "2098-01-01",
  },
};

interface Opened {
  readonly door: ServiceDoor;
  readonly said: string[];
}

async function openDoor(
  context: Parameters<typeof consoleDatabase>[0],
  url: string,
  token: () => string,
): Promise<Opened> {
  const said: string[] = [];
  const database = await consoleDatabase(context, "sqlite");
  const door = await ServiceDoor.open({ url, token }, database, (line) => said.push(line));
  onTestFinished(() => door.close());
  return { door, said };
}

async function startFleet(stage: ServiceStage): Promise<Awaited<ReturnType<typeof startHost>>[]> {
  await stage.service.publish(parsePolicy(POLICY_TEXT, "t"), POLICY_TEXT);
  return await Promise.all(Array.from({ length: HOSTS }, (_, at) => startHost({ url: stage.url, instance: `i${at}` })));
}

test("a change is on every host, with how far it has come, and is taken back", async (context) => {
  const stage = await startService({ isOpen: true });
  const hosts = await startFleet(stage);
  const operator = await stage.tokens.add("console", "operator");
  const { door } = await openDoor(context, stage.url, () => operator);
  expect(door.write).toEqual({ allowed: true, reason: "" });
  expect(door.current()).toMatchObject({ generation: 1, origin: "service", text: POLICY_TEXT });
  const judged = (): Set<string> => new Set(hosts.map((host) => host.judge()));
  expect(judged()).toEqual(new Set(["block in block"]));

  const { generation } = await door.apply(EXCEPTION, "ada");
  expect(generation).toBe(2);
  await vi.waitFor(async () => expect(await door.progress()).toMatchObject({ active: HOSTS, total: HOSTS }), WAIT);
  expect(judged()).toEqual(new Set(["pass in block"]));
  const { tookMs, nodes, generation: shown } = await door.progress();
  expect([shown, nodes.length, tookMs === null]).toEqual([2, HOSTS, false]);
  expect(door.current().overlay.exceptions.get("mine")).toMatchObject({ by: "ada" });

  await door.apply({ ...EXCEPTION, draft: null }, "ada");
  await vi.waitFor(() => expect(judged()).toEqual(new Set(["block in block"])), WAIT);
  expect(door.current().overlay.exceptions.size).toBe(0);
  await door.apply({ kind: "mode", mode: "monitoring", reason: "INC-1" }, "ada");
  await vi.waitFor(() => expect(judged()).toEqual(new Set(["pass in monitoring"])), WAIT);
});

test("sources go to one list and come off that one alone", async (context) => {
  const stage = await startService({ isOpen: true });
  const [host] = await startFleet(stage);
  const operator = await stage.tokens.add("console", "operator");
  const { door } = await openDoor(context, stage.url, () => operator);
  const source = "203.0.113.0/24";
  const add = (list: "deny" | "gray"): Promise<unknown> =>
    door.apply({ kind: "source", list, source, entry: { list, source, expiresAt: null, reason: "" } }, "ada");
  await add("deny");
  await add("gray");
  await door.apply({ kind: "source", list: "deny", source, entry: null }, "ada");
  expect([...door.current().overlay.sources.keys()]).toEqual([`gray ${source}`]);
  await host?.follower.check();
  expect(stage.service.why("203.0.113.9")?.list).toBe("gray");
});

test("what a command or another console changes is seen, and nothing of it undone", async (context) => {
  const stage = await startService({ isOpen: true });
  await startFleet(stage);
  const operator = await stage.tokens.add("console", "operator");
  const { door } = await openDoor(context, stage.url, () => operator);
  await stage.service.edit({ op: "list.add", list: "deny", entry: "country:DE", reason: "INC-2" });
  await vi.waitFor(() => expect([...door.current().overlay.sources.keys()]).toEqual(["deny country:DE"]), WAIT);
  await door.apply(EXCEPTION, "ada");
  expect(stage.service.document?.added).toContain("country: DE");
  const text = POLICY_TEXT.replace("mode: block", "mode: monitoring");
  await stage.service.publish(parsePolicy(text, "t"), text);
  await vi.waitFor(() => expect(door.current().text).toBe(text), WAIT);
  expect([...door.current().overlay.exceptions.keys()]).toEqual(["mine"]);
});

test("what is wrong, or in the file, changes nothing and is told", async (context) => {
  const stage = await startService({ isOpen: true });
  await startFleet(stage);
  const operator = await stage.tokens.add("console", "operator");
  const { door } = await openDoor(context, stage.url, () => operator);
  const before = door.current();
  await expect(door.apply({ ...EXCEPTION, name: "from-file" }, "ada")).rejects.toMatchObject({ code: "MERLON_POLICY" });
  await expect(door.apply({ kind: "exception", name: "from-file", draft: null }, "ada")).rejects.toThrow(/own file/);
  expect(door.current()).toEqual(before);
});

test("without an operator's rights, and without a service, nothing can be changed and it says why", async (context) => {
  const stage = await startService({ isOpen: true });
  await startFleet(stage);
  const node = await stage.tokens.add("shop-1", "node");
  const { door } = await openDoor(context, stage.url, () => node);
  expect(door.write).toEqual({ allowed: false, reason: expect.stringContaining("operators") });
  await expect(door.apply(EXCEPTION, "ada")).rejects.toThrow(/operators/);
  const away = await openDoor(context, "http://127.0.0.1:9", () => node);
  expect(away.door.write).toEqual({ allowed: false, reason: expect.stringContaining("does not answer") });
  expect(away.said).toEqual([expect.stringContaining("does not answer")]);
});

test("a service that dies and comes back is told once each, and changes work again", async (context) => {
  const first = await startService({ isOpen: true });
  await first.service.publish(parsePolicy(POLICY_TEXT, "t"), POLICY_TEXT);
  const operator = await first.tokens.add("console", "operator");
  const { door, said } = await openDoor(context, first.url, () => operator);
  await first.close();
  await expect(door.apply(EXCEPTION, "ada")).rejects.toMatchObject({ code: "MERLON_SERVICE" });
  await vi.waitFor(() => expect(said).toEqual([expect.stringContaining("does not answer")]), WAIT);
  expect(door.current().overlay.exceptions.size).toBe(0);
  const listen = { host: "127.0.0.1", port: first.port };
  const again = await startService({ isOpen: true, folder: first.folder, listen });
  await again.service.publish(parsePolicy(POLICY_TEXT, "t"), POLICY_TEXT);
  await vi.waitFor(() => expect(said.at(-1)).toContain("answers again"), WAIT);
  await door.apply(EXCEPTION, "ada");
  expect([...door.current().overlay.exceptions.keys()]).toEqual(["mine"]);
});
