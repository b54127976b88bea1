/** The stage of the command line's tests: commands run in this process or in one of their own, on real files. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { runProgram } from "../../../hosts/cli/program.ts";

const MAIN = join(import.meta.dirname, "../../../hosts/cli/main.ts");

/** What a command left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects what is written to it. */
export class Collector extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

/** Runs a command line in this process. */
export async function run(args: readonly string[], input: string | Buffer = "", interactive = false): Promise<Outcome> {
  const stdout = new Collector();
  const stderr = new Collector();
  const stdin = Readable.from([Buffer.from(input)]);
  const code = await runProgram(args, { stdin, stdout, stderr, interactive });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A folder that is removed when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A command in a process of its own. */
export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until a text was written to stdout or stderr. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits for the end. @returns the exit code, null after a signal */
  ended(): Promise<number | null>;
}

/** Starts a command; it is killed when the test ends. */
export function start(args: readonly string[], cwd?: string): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"], cwd });
  const end = once(child, "exit");
  const written = { out: "", err: "" };
  let wake: () => void = () => {};
  child.stdout.on("data", (chunk: Buffer) => {
    written.out += chunk.toString("utf8");
    wake();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    written.err += chunk.toString("utf8");
    wake();
  });
  child.on("exit", () => wake());
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await end;
  });
  return {
    child,
    stdout: () => written.out,
    stderr: () => written.err,
    saw: async (pattern) => {
      for (;;) {
        const found = pattern.exec(written.out) ?? pattern.exec(written.err);
        if (found !== null) return found;
        if (child.exitCode !== null) throw new Error(`ended without ${pattern}: ${written.out}${written.err}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    ended: async () => {
      await end;
      return child.exitCode;
    },
  };
}

/** An application behind the host; it ends with the test. @returns its address */
export async function startUpstream(): Promise<string> {
  const server = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  return `http://127.0.0.1:${bound !== null && typeof bound === "object" ? bound.port : 0}`;
}

/** A raw HTTP/1.1 request. */
export function rawRequest(target: string, headers: readonly string[] = [], body = "", method = "GET"): string {
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${target} HTTP/1.1`, "Host: shop.example", ...headers, ...length, "", body].join("\r\n");
}

/** A query that every version of the core recognises as an attack. */
export const ATTACK = "file=../../../../../../etc/passwd";
