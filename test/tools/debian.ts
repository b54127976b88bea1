/** Programs of the distribution for tests: those at hand, else installed once, which only root may do. */
import { existsSync } from "node:fs";
import { type Component, install } from "./component.ts";

const waiting = new Map<string, Promise<Component<string>>>();

/** @param packages what brings it, by the names of Debian @returns the path of a program */
export async function debianProgram(path: string, packages: readonly string[]): Promise<Component<string>> {
  const found = waiting.get(path) ?? findOrInstall(path, packages);
  waiting.set(path, found);
  return await found;
}

async function findOrInstall(path: string, packages: readonly string[]): Promise<Component<string>> {
  if (existsSync(path)) return { found: path };
  if (process.getuid?.() !== 0) return { missing: `there is no ${path}, and only root may install it` };
  process.stderr.write(`merlon: installing ${packages.join(" and ")} for tests (once) …\n`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await install("apt-get", ["--yes", "--quiet", "update"], env);
  const args = ["--yes", "--quiet", "install", "--no-install-recommends", ...packages];
  const outcome = await install("apt-get", args, env);
  if (existsSync(path)) return { found: path };
  return "missing" in outcome ? outcome : { missing: `${packages.join(" and ")} brought no ${path}` };
}

/** Prometheus, and its checker of rules. */
export async function prometheusPrograms(): Promise<Component<{ readonly server: string; readonly promtool: string }>> {
  const server = await debianProgram("/usr/bin/prometheus", ["prometheus"]);
  return "missing" in server ? server : { found: { server: server.found, promtool: "/usr/bin/promtool" } };
}

/** rsyslog with TLS by OpenSSL. */
export async function rsyslogProgram(): Promise<Component<string>> {
  const module = "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so";
  const arm = "/usr/lib/aarch64-linux-gnu/rsyslog/lmnsd_ossl.so";
  const driver = await debianProgram(process.arch === "arm64" ? arm : module, ["rsyslog", "rsyslog-openssl"]);
  return "missing" in driver ? driver : { found: "/usr/sbin/rsyslogd" };
}
