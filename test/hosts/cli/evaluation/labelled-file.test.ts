/** Files of labelled requests on a real disk: plain and compressed, whole and broken. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  type LabelledRequest,
  LINE_BYTES_MAX,
  readLabelledFile,
} from "../../../../hosts/cli/evaluation/labelled-file.ts";
import { makeFolder } from "../stage.ts";

const RAW = Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("base64");

function write(name: string, content: string | Buffer): string {
  const path = join(makeFolder(), name);
  writeFileSync(path, content);
  return path;
}

async function readAll(path: string): Promise<LabelledRequest[]> {
  const requests: LabelledRequest[] = [];
  for await (const request of readLabelledFile(path)) requests.push(request);
  return requests;
}

describe("a file of labelled requests", () => {
  const full = { id: "a1", set: "mine", label: "attack", class: "xss", family: "f", weak: true, raw_b64: RAW, more: 1 };
  const text = `${JSON.stringify(full)}\n\r\n${JSON.stringify({ label: "benign", raw_b64: RAW })}`;

  test.each([
    { name: "my.jsonl", content: text },
    { name: "my.jsonl.gz", content: gzipSync(text) },
    // The bytes decide, not the name.
    { name: "my.jsonl", content: gzipSync(text) },
    { name: "my.jsonl.gz", content: Buffer.from(text) },
  ])("$name is read with what a row leaves out", async ({ name, content }) => {
    const [first, second, ...rest] = await readAll(write(name, content));
    expect(rest).toEqual([]);
    expect(first).toEqual({
      line: 1,
      id: "a1",
      set: "mine",
      attack: true,
      className: "xss",
      family: "f",
      weak: true,
      raw: Buffer.from(RAW, "base64"),
    });
    expect(second).toMatchObject({
      line: 3,
      id: "line-3",
      set: "my",
      attack: false,
      className: null,
      family: "line-3",
    });
  });

  test("is read across pieces, however long its lines are", async () => {
    const raw = Buffer.alloc(300_000, "a").toString("base64");
    const rows = Array.from({ length: 5 }, (_, id) => JSON.stringify({ id: `r${id}`, label: "benign", raw_b64: raw }));
    const read = await readAll(write("long.jsonl", `${rows.join("\n")}\n`));
    expect(read.map(({ id, raw: bytes }) => [id, bytes.length])).toEqual(rows.map((_, id) => [`r${id}`, 300_000]));
  });

  test("may be empty", async () => {
    expect(await readAll(write("empty.jsonl", ""))).toEqual([]);
  });
});

describe("an error names the file, the line and the fix:", () => {
  const good = JSON.stringify({ label: "benign", raw_b64: RAW });
  test.each([
    { name: "no JSON", content: `${good}\nGET / HTTP/1.1`, says: ["x.jsonl:2:", "not JSON", "merlon explain"] },
    { name: "a list", content: "[]", says: ["x.jsonl:1:", "the line"] },
    { name: "no label", content: `{"raw_b64":"${RAW}"}`, says: ["x.jsonl:1:", '"label"'] },
    {
      name: "a label nobody knows",
      content: `{"label":"malicious","raw_b64":""}`,
      says: ['unknown label "malicious"', '"attack" or "benign"'],
    },
    { name: "a misspelt label", content: `{"label":"atack","raw_b64":""}`, says: ['did you mean "attack"?'] },
    { name: "a label that moves the cursor", content: `{"label":"\\u001b[2J","raw_b64":""}`, says: ["\\u{1b}[2J"] },
    { name: "no request", content: '{"label":"attack"}', says: ['"raw_b64"'] },
    { name: "an empty request", content: '{"label":"attack","raw_b64":""}', says: ["raw_b64 is not base64"] },
    { name: "no base64", content: '{"label":"attack","raw_b64":"GET / HTTP/1.1"}', says: ["raw_b64 is not base64"] },
    {
      name: "a very long name",
      content: JSON.stringify({ label: "attack", set: "s".repeat(100), raw_b64: RAW }),
      says: ['"set"'],
    },
    {
      name: "gzip cut short",
      content: gzipSync(`${good}\n`).subarray(0, -9),
      says: ["x.jsonl: broken gzip", "ends too early"],
    },
    {
      name: "gzip damaged",
      content: Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
      says: ["broken gzip", "damaged"],
    },
  ])("$name", async ({ content, says }) => {
    const path = write("x.jsonl", content);
    const error: unknown = await readAll(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "MERLON_INPUT" });
    for (const part of says) expect(String(error)).toContain(part);
    expect(String(error)).toMatch(/; /);
  });

  test("a folder, a missing file", async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "d.jsonl"));
    await expect(readAll(join(folder, "d.jsonl"))).rejects.toThrow(/d\.jsonl cannot be read — it is a folder/);
    await expect(readAll(join(folder, "m.jsonl"))).rejects.toThrow(/m\.jsonl cannot be read — there is no such file/);
  });

  test("a line without end", async () => {
    const zeros = Buffer.alloc(LINE_BYTES_MAX + 300_000, "a");
    await expect(readAll(write("x.jsonl", gzipSync(zeros, { level: 1 })))).rejects.toThrow(
      /x\.jsonl:1: the line is too long/,
    );
  });
});
