/**
 * Metrics against the programs that read them: a real Prometheus scrapes a node and a console and loads our alert
 * rules; and what the rules and the dashboard name is there, in the processes themselves.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeFolder } from "../hosts/cli/stage.ts";
import { ROOT, requireOrSkip } from "../tools/component.ts";
import { prometheusPrograms } from "../tools/debian.ts";
import { freePort } from "../tools/free-port.ts";
import { startFleet } from "./fleet.ts";

const RULES = join(ROOT, "docs/examples/prometheus-alerts.yaml");
const DASHBOARD = join(ROOT, "docs/examples/grafana-dashboard.json");
const DOCUMENT = join(ROOT, "docs/metrics.md");
const WAIT = { timeout: 60_000, interval: 200 };
const TIMEOUT = { timeout: 300_000 };
const ATTACK = "/articles/7?id=1%20UNION%20SELECT%20password%20FROM%20users";
/** What Prometheus adds to the names of a histogram. */
const SUFFIX = /_(?:bucket|sum|count)$/;

interface Watched {
  readonly node: string;
  readonly console: string;
}

/** A node and a console with their ports for metrics, after an attack that went all the way to an export. */
async function startWatched(): Promise<Watched> {
  const metrics = ["--metrics", "127.0.0.1:0"];
  const { nodes, nodesRunning, console, admin } = await startFleet(1, { console: metrics, node: metrics });
  const sink = { name: "siem", sink: { kind: "file" }, where: "" };
  expect((await admin.send("/api/v1/exports", { method: "POST", json: sink })).status).toBe(200);
  const [node] = nodesRunning;
  const [, ofNode = ""] = (await node?.saw(/metrics {4}(http:\S+)\/metrics\n/)) ?? [];
  const [, ofConsole = ""] = await console.running.saw(/metrics {4}(http:\S+)\/metrics\n/);
  await fetch(`${nodes[0]}${ATTACK}`);
  await vi.waitFor(async () => {
    const text = await (await fetch(`${ofConsole}/metrics`)).text();
    expect(text).toMatch(/^waf_intake_records_total\{outcome="stored"\} [1-9]/m);
    expect(text).toMatch(/^waf_export_delivered_total\{sink="siem"\} [1-9]/m);
    expect(text).toMatch(/^waf_policy_nodes\{state="active"\} 1$/m);
    expect(text).toMatch(/^waf_store_lag_bytes 0$/m);
  }, WAIT);
  return { node: ofNode, console: ofConsole };
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/\b(?:waf|process)_[a-z_]+\b/g)].map(([name]) => name.replace(SUFFIX, "")));
}

/** Text of expressions, in which a metric's name is a word; elsewhere a name may be a label's. */
function expressions(): string {
  const rules = [...readFileSync(RULES, "utf8").matchAll(/^ +expr: (.*)$/gm)].map(([, text = ""]) => text);
  const { panels }: { panels: { targets: { expr: string }[] }[] } = JSON.parse(readFileSync(DASHBOARD, "utf8"));
  return [...rules, ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))].join("\n");
}

test("every metric that a rule or the dashboard names is shown by a process, and documented", TIMEOUT, async () => {
  const { node, console } = await startWatched();
  const texts = await Promise.all([node, console].map(async (url) => await (await fetch(`${url}/metrics`)).text()));
  const shown = new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name)));
  const named = namesIn(expressions());
  expect(named.size).toBeGreaterThan(20);
  expect([...named].filter((name) => !shown.has(name))).toEqual([]);
  const documented = namesIn(readFileSync(DOCUMENT, "utf8"));
  expect([...shown].filter((name) => !documented.has(name))).toEqual([]);
  expect((await fetch(`${console}/readyz`)).status).toBe(200);
});

test("promtool takes the rules", async (context) => {
  const { promtool } = requireOrSkip(context, await prometheusPrograms());
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "rules", RULES], { encoding: "utf8" });
  expect([status, stderr, stdout]).toEqual([0, "", expect.stringMatching(/SUCCESS: \d+ rules found/)]);
  const broken = join(makeFolder(), "broken.yaml");
  writeFileSync(broken, readFileSync(RULES, "utf8").replace("increase(", "increase(("));
  expect(spawnSync(promtool, ["check", "rules", broken]).status).not.toBe(0);
});

test("Prometheus scrapes a node and a console, and evaluates the rules", TIMEOUT, async (context) => {
  const { server } = requireOrSkip(context, await prometheusPrograms());
  const watched = await startWatched();
  const folder = makeFolder();
  const jobs = Object.entries(watched).map(([name, url]) => {
    return { job_name: name, static_configs: [{ targets: [new URL(url).host] }] };
  });
  // JSON is YAML.
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [RULES],
    scrape_configs: jobs,
  };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  const url = `http://127.0.0.1:${await freePort()}`;
  const flags = [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`];
  const child = spawn(server, [...flags, `--web.listen-address=${new URL(url).host}`], { stdio: "ignore" });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  const query = async (text: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`);
    return (await answer.json()).data.result;
  };
  await vi.waitFor(async () => {
    const up = await query("up");
    expect(up.map(({ metric, value }) => [metric["job"], value[1]]).sort()).toEqual([
      ["console", "1"],
      ["node", "1"],
    ]);
    expect((await query('waf_intake_records_total{outcome="stored"}'))[0]?.value[1]).toMatch(/^[1-9]/);
    expect((await query("waf_attacks_total"))[0]?.metric).toMatchObject({ type: "sqli", action: "blocked" });
  }, WAIT);
  await vi.waitFor(async () => {
    const { data } = await (await fetch(`${url}/api/v1/rules`)).json();
    const rules: { name: string; health: string }[] = data.groups.flatMap(({ rules: all }: { rules: [] }) => all);
    expect(rules.length).toBeGreaterThan(8);
    expect(rules.filter(({ health }) => health !== "ok").map(({ name }) => name)).toEqual([]);
  }, WAIT);
});
