/**
 * What runs inside the oracle's pages. `watch` is put into every document before its own scripts and tells the top page
 * what the document's scripts do; `run` is the top page's program: it shows documents in frames, uses them as a person
 * would, and says what was told of each.
 */

/** One document: the value in one context. */
export interface Exhibit {
  readonly id: string;
  readonly html: string;
}

/** What was told of each document, by its id. */
export type Told = Readonly<Record<string, readonly string[]>>;

/** Replaces what a script would show itself by. Serialised into pages, so that it may use nothing from outside. */
export function watch(): void {
  const page = window;
  const root = page.top ?? page;
  const compile = Function;
  const tell = (effect: string): void => root.postMessage({ oracle: effect }, "*");

  /** The frame whose code called a function of the top page: by the functions on the stack, and where they come from. */
  const callerOf = (): Window | undefined => {
    const trace = Error as unknown as { prepareStackTrace?: unknown; stackTraceLimit?: number };
    const before = trace.prepareStackTrace;
    trace.prepareStackTrace = (_: unknown, sites: { getFunction(): unknown }[]) => sites;
    const sites = new Error("stack").stack as unknown as { getFunction(): unknown }[];
    trace.prepareStackTrace = before;
    for (const site of sites) {
      const called = site.getFunction();
      if (typeof called !== "function") continue;
      const maker = (called as unknown as { __proto__: { maker?: typeof Function } }).__proto__.maker;
      const home = maker === undefined ? undefined : (maker("return window")() as Window);
      if (home !== undefined && home !== page) return home;
    }
    return undefined;
  };
  Object.defineProperty(Function.prototype, "maker", { value: compile });

  const noted = (effect: string): void => {
    if (page !== root) {
      tell(effect);
      return;
    }
    const home = callerOf();
    (home as unknown as { oracleTell?: (text: string) => void } | undefined)?.oracleTell?.(effect);
    if (home === undefined) tell(`${effect} somewhere`);
  };
  Object.defineProperty(page, "oracleTell", { value: tell });

  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    Object.defineProperty(page, name, {
      configurable: true,
      writable: true,
      value: () => {
        noted(name);
        return null;
      },
    });
  }
  // The oracle's own program runs on the top page.
  if (page === root) return;
  const evaluate = page.eval;
  page.eval = (source: string): unknown => {
    noted("eval");
    return evaluate(source);
  };
  const proxy = new Proxy(compile, {
    apply: (target, self, args) => {
      noted("Function");
      return Reflect.apply(target, self, args);
    },
    construct: (target, args) => {
      noted("Function");
      return Reflect.construct(target, args);
    },
  });
  page.Function = proxy;
  Object.defineProperty(compile.prototype, "constructor", { value: proxy, writable: true, configurable: true });
  for (const name of ["setTimeout", "setInterval"] as const) {
    const original = page[name].bind(page) as (handler: TimerHandler, ms?: number, ...rest: unknown[]) => number;
    Object.defineProperty(page, name, {
      configurable: true,
      writable: true,
      value: (handler: TimerHandler, ms?: number, ...rest: unknown[]) => {
        if (typeof handler === "string") noted("timer");
        return original(handler, ms, ...rest);
      },
    });
  }
  page.fetch = () => {
    noted("fetch");
    return Promise.reject(new Error("no network"));
  };
  page.XMLHttpRequest.prototype.open = () => noted("fetch");
  page.navigator.sendBeacon = () => {
    noted("fetch");
    return true;
  };
  const write = page.document.write.bind(page.document);
  page.document.write = (text: string) => {
    noted("write");
    write(text);
  };
  try {
    Object.defineProperty(page.document, "cookie", {
      get: () => {
        noted("cookie");
        return "secret=1";
      },
      set: () => noted("cookie"),
    });
  } catch {
    // A document without an origin has no cookie.
  }
  page.addEventListener("error", (event) => {
    if (event instanceof ErrorEvent && !/SyntaxError/.test(event.message)) tell("error");
  });
}

/** Shows documents, waits for them, uses them, and collects what was told. Serialised into the top page. */
export async function run(exhibits: readonly Exhibit[], loadMs: number, settleMs: number): Promise<Told> {
  const sleep = (ms: number) => new Promise<void>((wake) => requestAnimationFrame(() => setTimeout(wake, ms)));
  const told: Record<string, string[]> = {};
  const frames = new Map<Window, string>();
  const owner = (from: Window): string | undefined => {
    let frame = from;
    for (let depth = 0; depth < 8; depth++) {
      const id = frames.get(frame);
      if (id !== undefined) return id;
      if (frame.parent === frame) break;
      frame = frame.parent;
    }
    return undefined;
  };
  const listen = ({ data, source }: MessageEvent): void => {
    const effect: unknown = (data as { oracle?: unknown } | null)?.oracle;
    const id = source === null ? undefined : (owner(source as Window) ?? "nobody");
    if (typeof effect !== "string" || id === undefined) return;
    const effects = told[id] ?? [];
    told[id] = effects;
    if (!effects.includes(effect)) effects.push(effect);
  };
  window.addEventListener("message", listen);

  const elementsOf = (root: Document | ShadowRoot): Element[] =>
    [...root.querySelectorAll("*")]
      .slice(0, 200)
      .flatMap((element) => [element, ...(element.shadowRoot === null ? [] : elementsOf(element.shadowRoot))]);
  const use = (view: Window & typeof globalThis, depth: number): void => {
    for (const element of elementsOf(view.document)) {
      for (const { name } of [...element.attributes]) {
        if (!/^on/i.test(name)) continue;
        const type = name.slice(2).toLowerCase();
        element.dispatchEvent(new view.Event(type, { cancelable: true }));
        if (element.localName === "body" || element.localName === "frameset") view.dispatchEvent(new view.Event(type));
      }
      const acts =
        element.matches("a, area, button, input, summary, label, option") ||
        [...element.attributes].some(({ localName }) => localName === "href");
      if (acts) element.dispatchEvent(new view.MouseEvent("click", { bubbles: true, cancelable: true, view }));
      if (element instanceof view.HTMLFormElement) element.requestSubmit();
      if (element instanceof view.HTMLIFrameElement && depth < 2) {
        try {
          if (element.contentWindow !== null) use(element.contentWindow as Window & typeof globalThis, depth + 1);
        } catch {
          // Of another origin.
        }
      }
    }
  };

  const loads = exhibits.map(async ({ id, html }) => {
    const frame = document.createElement("iframe");
    frame.name = id;
    frame.srcdoc = html;
    const loaded = new Promise<void>((done) => frame.addEventListener("load", () => done(), { once: true }));
    document.body.append(frame);
    if (frame.contentWindow !== null) frames.set(frame.contentWindow, id);
    await Promise.race([loaded, new Promise<void>((wake) => setTimeout(wake, loadMs))]);
    return frame;
  });
  const shown = await Promise.all(loads);
  for (const frame of shown) {
    try {
      use(frame.contentWindow as Window & typeof globalThis, 0);
    } catch {
      // It went elsewhere.
    }
  }
  await sleep(settleMs);
  window.removeEventListener("message", listen);
  for (const frame of shown) frame.remove();
  return told;
}
