/** Policy files on a real disk: read, replaced, broken, removed and brought back. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { MerlonError } from "../../../hosts/core/error.ts";
import {
  ContentSieve,
  POLICY_FILE_BYTES_MAX,
  readPolicyFile,
  watchPolicyFile,
} from "../../../hosts/policy/policy-file.ts";
import type { Policy } from "../../../hosts/policy/schema.ts";

const HEAD = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: ";
/** The timer is out of the way; the tests look when they want to. */
const NEVER_MS = 3_600_000;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "merlon-policy-"));
  file = join(folder, "merlon.yaml");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(mode: string): void {
  writeFileSync(`${file}.new`, `${HEAD}${mode}}}\n`);
  renameSync(`${file}.new`, file);
}

describe("reading", () => {
  test("gives the policy and the text", async () => {
    write("block");
    const { policy, text } = await readPolicyFile(file);
    expect(policy.mode).toBe("block");
    expect(text).toContain("mode: block");
  });

  test.each([
    { name: "missing", make: () => {}, says: "no such file" },
    { name: "a folder", make: () => mkdirSync(file), says: "it is a folder" },
    { name: "too large", make: () => writeFileSync(file, "#".repeat(POLICY_FILE_BYTES_MAX + 1)), says: "too large" },
  ])("a file that is $name says so", async ({ make, says }) => {
    make();
    await expect(readPolicyFile(file)).rejects.toMatchObject({
      code: "MERLON_INPUT",
      message: expect.stringContaining(says) as string,
    });
  });

  test("a file of the largest size is read", async () => {
    write("block");
    const text = `${HEAD}block}}\n`;
    writeFileSync(file, text + "#".repeat(POLICY_FILE_BYTES_MAX - text.length));
    expect((await readPolicyFile(file)).policy.mode).toBe("block");
  });
});

describe("watching", () => {
  const told: string[] = [];
  const listener = {
    changed: (policy: Policy): void => void told.push(policy.mode),
    refused: (error: MerlonError): void => void told.push(error.code),
  };

  beforeEach(() => {
    told.length = 0;
    write("block");
  });

  test("tells of each new content once, good or bad, and of its way back", async () => {
    const { text } = await readPolicyFile(file);
    const watch = watchPolicyFile(file, text, listener, NEVER_MS);
    await watch.check();
    expect(told).toEqual([]);
    write("monitoring");
    await watch.check();
    await watch.check();
    expect(told).toEqual(["monitoring"]);
    write("blok");
    await watch.check();
    await watch.check();
    expect(told).toEqual(["monitoring", "MERLON_POLICY"]);
    rmSync(file);
    await watch.check();
    await watch.check();
    expect(told).toEqual(["monitoring", "MERLON_POLICY", "MERLON_INPUT"]);
    write("monitoring");
    await watch.check();
    expect(told).toEqual(["monitoring", "MERLON_POLICY", "MERLON_INPUT", "monitoring"]);
    watch.close();
  });

  test("follows a link that is turned to another folder, as a mounted ConfigMap's is", async () => {
    const link = join(folder, "..data");
    for (const mode of ["block", "off"]) {
      mkdirSync(join(folder, mode));
      writeFileSync(join(folder, mode, "merlon.yaml"), `${HEAD}${mode}}}\n`);
    }
    symlinkSync(join(folder, "block"), link);
    rmSync(file);
    symlinkSync(join("..data", "merlon.yaml"), file);
    const { text } = await readPolicyFile(file);
    const watch = watchPolicyFile(file, text, listener, NEVER_MS);
    symlinkSync(join(folder, "off"), `${link}.new`);
    renameSync(`${link}.new`, link);
    await watch.check();
    expect(told).toEqual(["off"]);
    watch.close();
  });

  test("tells of a specification beside the file that changes", async () => {
    const spec = join(folder, "shop.yaml");
    const api = "---\napiVersion: merlon.dev/v1alpha1\nkind: WafApiSpec\nspec: { file: shop.yaml }\n";
    writeFileSync(spec, "{openapi: 3.0.0, paths: {/a: {get: {}}}}");
    writeFileSync(file, `${HEAD}block}}\n${api}`);
    const { policy, text } = await readPolicyFile(file);
    expect(policy.apiSpecs?.[0]?.document.operations.map(({ path }) => path)).toEqual(["/a"]);
    const watch = watchPolicyFile(file, text, listener, NEVER_MS);
    await watch.check();
    expect(told).toEqual([]);
    writeFileSync(spec, "{openapi: 3.0.0, paths: {/longer: {get: {}}}}");
    await watch.check();
    await watch.check();
    expect(told).toEqual(["block"]);
    writeFileSync(spec, "{openapi: 2.0.0, paths: {/longer: {get: {}}}}");
    rmSync(spec);
    await watch.check();
    expect(told).toEqual(["block", "MERLON_INPUT"]);
    watch.close();
  });

  test("looks by itself, whatever is written between", async () => {
    const { text } = await readPolicyFile(file);
    const watch = watchPolicyFile(file, text, listener, 5);
    write("monitoring");
    await vi.waitFor(() => expect(told).toEqual(["monitoring"]), { timeout: 30_000 });
    write("blok");
    await vi.waitFor(() => expect(told).toEqual(["monitoring", "MERLON_POLICY"]), { timeout: 30_000 });
    watch.close();
  });
});

describe("a content", () => {
  test.each([
    { name: "that stays is told at the second look", looks: ["b", "b", "b"], told: [1] },
    { name: "that is half of another is not", looks: ["b", "bc", "bcd", "bcd"], told: [3] },
    { name: "that comes back is told again", looks: ["b", "b", "a", "a", "b", "b"], told: [1, 3, 5] },
    { name: "that is in force already is not", looks: ["a", "b", "a", "a"], told: [] },
  ])("$name", ({ looks, told }) => {
    const sieve = new ContentSieve("a");
    expect(looks.flatMap((found, at) => (sieve.take(found, false) ? [at] : []))).toEqual(told);
  });

  test("is told at once where someone asks", () => {
    const sieve = new ContentSieve("a");
    expect([sieve.take("b", true), sieve.take("b", true), sieve.take("a", true)]).toEqual([true, false, true]);
  });
});
