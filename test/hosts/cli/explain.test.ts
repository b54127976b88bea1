/** `merlon explain` from files, standard input and curl commands, through the real core. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REQUEST_BYTES_MAX } from "../../../hosts/cli/explanation/raw-request.ts";
import { ATTACK, makeFolder, rawRequest, run } from "./stage.ts";

function write(name: string, content: string): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}

const REQUEST = rawRequest(`/shop?${ATTACK.replaceAll("/", "%2f")}`, ["Cookie: sid=secretsecret"]);
const BLOCK = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block, mask: [file]}}\n";

describe("explain", () => {
  test("says what was decided, why, and what was looked at", async () => {
    const { code, stdout, stderr } = await run(["explain", write("request.http", REQUEST)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^passes in mode monitoring — mode block would stop it\n {2}GET \/shop\?file=/);
    expect(stdout).toMatch(/because\n\n {2}ptrav {2}\S+ {2}severity \d.*\n {2}in query\.file\n/);
    expect(stdout).toMatch(/ {4}raw +\.\.%2f\.\.%2f.*\n +\^+\n {4}form +\.\.\/\.\.\/.*\n +\^+\n/);
    expect(stdout).toMatch(/ {2}path \(path\)\n {4}raw {2}\/shop\n {6}5 bytes/);
    expect(stdout).not.toContain("secretsecret");
  });

  test("obeys policy, mode and peer", async () => {
    const policy = write("merlon.yaml", BLOCK);
    const flags = ["--policy", policy, "--peer", "2001:db8::1"];
    const { stdout } = await run(["explain", write("request.http", REQUEST), ...flags]);
    expect(stdout).toMatch(/^blocked\n/);
    expect(stdout).toContain(`policy ${policy}, mode block, client 2001:db8::1`);
    expect(stdout).not.toMatch(/(raw|form) +\.\./);
    const monitored = await run(["explain", write("request.http", REQUEST), ...flags, "--mode", "monitoring"]);
    expect(monitored.stdout).toMatch(/^passes in mode monitoring/);
  });

  test("reads standard input, and prints one object with --json", async () => {
    const { stdout } = await run(["explain", "--json", "-"], REQUEST);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({
      policy: "built-in",
      verdict: { mode: "monitoring", wouldAction: "block" },
      notes: [],
    });
    expect(json.matches[0]).toMatchObject({ type: "ptrav", point: "query.file" });
  });

  test("reads a curl command", async () => {
    const command = `curl 'http://shop.example/search' -H 'content-type: application/json' --data-raw '{"q":"../../../../etc/passwd"}'`;
    const { code, stdout } = await run(["explain", "--curl", command]);
    expect(code).toBe(0);
    expect(stdout).toContain("POST /search HTTP/1.1");
    expect(stdout).toMatch(/in post\.json_doc\.hash\.q\n/);
  });

  test.each([
    { name: "no request", args: [], code: 2, says: "the request is missing" },
    { name: "two requests", args: ["a.http", "--curl", "curl http://a"], code: 2, says: "given twice" },
    { name: "a peer that is none", args: ["a.http", "--peer", "localhost"], code: 2, says: "--peer" },
    { name: "a curl command that is none", args: ["--curl", "curl"], code: 2, says: "has no URL" },
    { name: "a file that is missing", args: ["/no/such.http"], code: 1, says: "no such file" },
    { name: "a policy that is missing", args: ["-", "--policy", "/no/such.yaml"], code: 1, says: "no such file" },
    { name: "a request that is none", args: ["-"], code: 1, says: "no raw HTTP request" },
  ])("refuses $name", async ({ args, code, says }) => {
    const input = args.length > 1 ? REQUEST : "hello";
    const outcome = await run(["explain", ...args], input);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toContain(says);
  });

  test("refuses folders and what is too large", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "d"));
    expect((await run(["explain", join(folder, "d")])).stderr).toContain("it is a folder");
    const large = Buffer.alloc(REQUEST_BYTES_MAX + 1, "a");
    expect((await run(["explain", "-"], large)).stderr).toContain("standard input is too large");
  });
});
