/** The mode of a fleet: on every host, over the file, over a restart, and back. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { fleetEditSchema, fleetModePath, parseFleetMode } from "../../../../hosts/policy/service/fleet-mode.ts";
import { PolicyService } from "../../../../hosts/policy/service/policy-service.ts";
import { BLOCKING, makeFolder, startHost, startService, WATCHING } from "./stage.ts";

test("a mode that is set counts on hosts, outlives new files and restarts, and is taken back", async () => {
  const { service, url, folder } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  const host = await startHost({ url });
  expect(host.judge()).toBe("block in block");
  const { did } = await service.edit({ op: "mode.set", mode: "monitoring", reason: "INC-1" });
  expect(did).toContain("mode monitoring");
  await host.follower.check();
  expect(host.judge()).toBe("pass in monitoring");
  await service.publish({ ...BLOCKING, mask: ["other"] });
  await host.follower.check();
  expect(host.judge()).toBe("pass in monitoring");

  const again = await PolicyService.open({ folder, engine: Engine.load() });
  await again.publish(BLOCKING);
  expect(again.policy?.mode).toBe("monitoring");
  expect(again.document?.mode).toEqual({ mode: "monitoring", reason: "INC-1" });
  await again.edit({ op: "mode.set", mode: null, reason: "" });
  expect([again.policy?.mode, again.document?.mode]).toEqual(["block", null]);
});

test("a mode that says what the file says is the same version", async () => {
  const { service } = await startService({ isOpen: true });
  const { version } = await service.publish({ ...WATCHING, modeAllowOverride: "off" });
  expect((await service.edit({ op: "mode.set", mode: "monitoring", reason: "" })).published.version).toBe(version);
});

test("what is no mode is refused, and a damaged file is said", () => {
  expect(fleetEditSchema.safeParse({ op: "mode.set", mode: "blok" }).success).toBe(false);
  expect(fleetEditSchema.safeParse({ op: "list.remove", entry: "10.0.0.0/8" }).success).toBe(true);
  const folder = makeFolder();
  writeFileSync(fleetModePath(folder), '{"mode":"blok"}');
  expect(() => parseFleetMode('{"mode":"blok"}', folder)).toThrow(/mode\.json is damaged/);
  expect(parseFleetMode("", folder)).toBeNull();
});
