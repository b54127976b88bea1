/** Sessions on both databases: how they end, and how their tokens change. */
import { describe, expect, test } from "vitest";
import { Sessions } from "../../../../hosts/postanalytics/access/sessions.ts";
import { DIALECTS } from "../store/stage.ts";
import { Clock, consoleDatabase } from "./stage.ts";

const HOUR = 3_600_000;
const TIMES = { idleMs: HOUR, longestMs: 5 * HOUR, renewMs: HOUR / 2 };

describe.for(DIALECTS)("sessions on %s", { timeout: 120_000 }, (dialect) => {
  test("end when they are idle, and in any case", async (context) => {
    const clock = new Clock();
    const sessions = new Sessions(
      await consoleDatabase(context, dialect),
      { ...TIMES, renewMs: 100 * HOUR },
      clock.now,
    );
    const { token } = await sessions.open("ada", "password");
    expect(await sessions.find(token)).toMatchObject({ user: "ada", by: "password", renewed: null });
    for (let i = 0; i < 5; i++) {
      clock.pass(HOUR - 60_000);
      expect(await sessions.find(token)).toMatchObject({ user: "ada", idleUntil: clock.ms + HOUR });
    }
    clock.pass(HOUR - 60_000);
    expect(await sessions.find(token)).toBe(null);
    const other = await sessions.open("ada", "link");
    clock.pass(HOUR);
    expect(await sessions.find(other.token)).toBe(null);
  });

  test("get a new token in time, of which the old one lives a minute", async (context) => {
    const clock = new Clock();
    const sessions = new Sessions(await consoleDatabase(context, dialect), TIMES, clock.now);
    const { token } = await sessions.open("ada", "password");
    clock.pass(HOUR / 2);
    const [one, other] = await Promise.all([sessions.find(token), sessions.find(token)]);
    const renewed = [one?.renewed, other?.renewed].filter((value) => value !== null);
    expect(renewed).toHaveLength(1);
    expect(await sessions.find(renewed[0] ?? "")).toMatchObject({ user: "ada", renewed: null });
    expect(await sessions.find(token)).toMatchObject({ user: "ada", renewed: null });
    clock.pass(60_000);
    expect(await sessions.find(token)).toBe(null);
    expect(await sessions.find(renewed[0] ?? "")).toMatchObject({ user: "ada" });
  });

  test("end one by one, and all but one", async (context) => {
    const sessions = new Sessions(await consoleDatabase(context, dialect));
    const [a, b, c] = [
      await sessions.open("ada", "password"),
      await sessions.open("ada", "password"),
      await sessions.open("bob", "oidc"),
    ];
    await sessions.end(a.session.hash);
    expect(await sessions.find(a.token)).toBe(null);
    const d = await sessions.open("ada", "password");
    await sessions.endAllOf("ada", d.session.hash);
    expect(await sessions.find(b.token)).toBe(null);
    expect(await sessions.find(d.token)).not.toBe(null);
    expect(await sessions.find(c.token)).toMatchObject({ by: "oidc" });
  });

  test("are at most twenty of one user, and no token of an attacker's choice is one", async (context) => {
    const clock = new Clock();
    const sessions = new Sessions(await consoleDatabase(context, dialect), TIMES, clock.now);
    const opened: string[] = [];
    for (let i = 0; i < 21; i++) {
      clock.pass(1);
      opened.push((await sessions.open("ada", "password")).token);
    }
    expect(await sessions.find(opened[0] ?? "")).toBe(null);
    expect(await sessions.find(opened[1] ?? "")).not.toBe(null);
    for (const planted of ["", "planted", opened[1]?.toLowerCase() ?? ""]) {
      expect(await sessions.find(planted)).toBe(null);
    }
  });
});
