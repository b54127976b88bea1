/**
 * The oracle: a real browser shows a value in every context and says where a script of the value's author ran. Nothing
 * leaves this machine: every request but the one for the oracle's own page is answered here.
 */
import type { Browser, BrowserContext, Frame, Page, Request } from "playwright-core";
import { CONTEXT_NAMES, CONTEXTS, type ContextName } from "./contexts.ts";
import { type Exhibit, run, type Told, watch, watchCode } from "./hooks.ts";

const ORIGIN = "http://oracle.example/";
/** Documents shown at once. */
const BATCH = 48;
const LOAD_MS = 2500;
const SETTLE_MS = 120;
const BATCH_MS = 45_000;
/** Names by which a script reaches the top page, whose functions cannot see who calls. */
const REACHES_UP = /top|parent|opener|frames|\\u|\\x|\[/;

/** What ran, by context; a context in which nothing ran is absent. */
export type Ran = ReadonlyMap<ContextName, readonly string[]>;

/** A browser with the oracle's page. */
export class XssOracle {
  readonly #context: BrowserContext;
  #page: Page | undefined;
  /** Foreign scripts asked for, by the id of the document. */
  readonly #loads = new Set<string>();
  /** Values shown so far, times their contexts. */
  shown = 0;

  private constructor(context: BrowserContext) {
    this.#context = context;
  }

  /** Opens the oracle's page. */
  static async open(browser: Browser): Promise<XssOracle> {
    const context = await browser.newContext({ serviceWorkers: "block" });
    await context.addInitScript(watch);
    await context.addInitScript(watchCode);
    const oracle = new XssOracle(context);
    await context.route("**/*", async (route) => {
      const request = route.request();
      if (request.url() === ORIGIN && request.resourceType() === "document") {
        await route.fulfill({ contentType: "text/html", body: "<!doctype html><title>oracle</title><body>" });
        return;
      }
      oracle.#note(request);
      await route.abort();
    });
    return oracle;
  }

  /** Shows each value in each of the contexts. @returns what ran, value by value */
  async judge(values: readonly string[], contexts: readonly ContextName[] = CONTEXT_NAMES): Promise<Ran[]> {
    const results = values.map(() => new Map<ContextName, readonly string[]>());
    const exhibits = values.flatMap((value, index) =>
      contexts.map((name) => ({ id: `${index}/${name}`, html: CONTEXTS[name](value) })),
    );
    for (let from = 0; from < exhibits.length; from += BATCH) {
      const batch = exhibits.slice(from, from + BATCH);
      const told = await this.#show(batch);
      for (const { id } of batch) {
        const effects = [...(told[id] ?? []), ...(this.#loads.has(id) ? ["load"] : [])];
        const [index = "", name] = id.split("/");
        const context = CONTEXT_NAMES.find((one) => one === name);
        if (effects.length > 0 && context !== undefined) results[Number(index)]?.set(context, effects);
      }
    }
    this.shown += exhibits.length;
    return results;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async #show(batch: readonly Exhibit[]): Promise<Told> {
    this.#loads.clear();
    this.#page ??= await this.#open();
    const page = this.#page;
    const shown = page.evaluate(run, { exhibits: batch, loadMs: LOAD_MS, settleMs: SETTLE_MS });
    const late = new Promise<null>((wake) => setTimeout(wake, BATCH_MS, null).unref());
    const told = await Promise.race([shown.catch(() => null), late]);
    if (told !== null) return await this.#attribute(batch, told);
    // A page that left, crashed or never came to an end: a new one, and of more than one document each alone.
    await page.close().catch(() => {});
    this.#page = undefined;
    if (batch.length === 1) return {};
    const half = batch.length >> 1;
    const first = await this.#show(batch.slice(0, half));
    const loads = [...this.#loads];
    const second = await this.#show(batch.slice(half));
    for (const id of loads) this.#loads.add(id);
    return { ...first, ...second };
  }

  /** A script that reached for the top page without a function on the stack: found by showing fewer at once. */
  async #attribute(batch: readonly Exhibit[], told: Told): Promise<Told> {
    const effects = told["nobody"];
    if (effects === undefined) return told;
    const suspects = batch.filter(({ id, html }) => told[id] === undefined && REACHES_UP.test(html));
    if (suspects.length === 0) return told;
    if (batch.length === 1) return { [batch[0]?.id ?? ""]: effects };
    const half = suspects.length >> 1;
    const parts = half === 0 ? [suspects] : [suspects.slice(0, half), suspects.slice(half)];
    const loads = [...this.#loads];
    const all: Record<string, readonly string[]> = { ...told };
    for (const part of parts) Object.assign(all, await this.#show(part));
    for (const id of loads) this.#loads.add(id);
    return all;
  }

  async #open(): Promise<Page> {
    const page = await this.#context.newPage();
    page.on("dialog", (dialog) => void dialog.dismiss().catch(() => {}));
    page.on("popup", (popup) => void popup.close().catch(() => {}));
    await page.goto(ORIGIN);
    return page;
  }

  #note(request: Request): void {
    if (request.resourceType() !== "script") return;
    let frame: Frame | null = request.frame();
    while (frame?.parentFrame()?.parentFrame() != null) frame = frame.parentFrame();
    if (frame !== null) this.#loads.add(frame.name());
  }
}

/** Contexts that are a whole URL. There, to print and to open are what links of pages are for. */
const LINKS: ReadonlySet<ContextName> = new Set(["href", "frame", "location"]);

/** Whether what ran is an attack: more than an error of code that does nothing. */
export function isAttack(ran: Ran): boolean {
  return [...ran].some(([context, effects]) =>
    effects.some((effect) => effect !== "error" && !(LINKS.has(context) && /^(?:print|open)\b/.test(effect))),
  );
}
