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

/** What to show, how long to wait for each document, and how long after the last was used. */
export interface Show {
  readonly exhibits: readonly Exhibit[];
  readonly loadMs: number;
  readonly settleMs: number;
}

/** What was told of each document, by its id. */
export type Told = Readonly<Record<string, readonly string[]>>;

/** Replaces what a script would show itself by. Serialised into pages, so that it may use nothing from outside. */
export function watch(): void {
  const page = window;
  const root = page.top ?? page;
  const compile = Function;
  const tell = (effect: string): void => root.postMessage({ oracle: effect }, "*");

  /** What tells for the frame whose code called a function of the top page: by the functions on the stack. */
  const tellOfCaller = (): unknown => {
    const before: unknown = Reflect.get(Error, "prepareStackTrace");
    Reflect.set(Error, "prepareStackTrace", (_: unknown, sites: unknown) => sites);
    const sites: unknown = new Error("stack").stack;
    Reflect.set(Error, "prepareStackTrace", before);
    if (!Array.isArray(sites)) return undefined;
    for (const site of sites) {
      const called: unknown = site.getFunction();
      if (typeof called !== "function") continue;
      const compiler: unknown = Reflect.get(called, "oracleCompiler");
      const program: unknown = typeof compiler === "function" ? compiler("return window") : undefined;
      const home: unknown = typeof program === "function" ? program() : undefined;
      if (home !== page && typeof home === "object" && home !== null) return Reflect.get(home, "oracleTell");
    }
    return undefined;
  };
  Object.defineProperty(compile.prototype, "oracleCompiler", { value: compile });
  Object.defineProperty(page, "oracleTell", { value: tell });

  const noted = (effect: string): void => {
    const other = page === root ? tellOfCaller() : tell;
    if (typeof other === "function") other(effect);
    else tell(`${effect} somewhere`);
  };

  Object.defineProperty(page, "oracleNoted", { value: noted });
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
  page.addEventListener("error", (event) => {
    if (event instanceof ErrorEvent && !/SyntaxError/.test(event.message)) tell("error");
  });
}

/** Replaces what compiles text, reaches other sites or reads secrets; runs behind `watch`, and uses what it left. */
export function watchCode(): void {
  const page = window;
  const compile = Function;
  const note: unknown = Reflect.get(page, "oracleNoted");
  const noted = (effect: string): unknown => (typeof note === "function" ? note(effect) : undefined);
  // The oracle's own program runs on the top page.
  if (page === page.top) return;
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
    const original: (handler: TimerHandler, ms?: number, ...rest: unknown[]) => unknown = page[name].bind(page);
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
}

/** Shows documents, waits for them, uses them, and collects what was told. Serialised into the top page. */
export async function run({ exhibits, loadMs, settleMs }: Show): Promise<Told> {
  const sleep = (ms: number) => new Promise<void>((wake) => requestAnimationFrame(() => setTimeout(wake, ms)));
  const told: Record<string, string[]> = {};
  const frames = new Map<MessageEventSource, string>();
  const owner = (from: MessageEventSource): string => {
    let frame: unknown = from;
    for (let depth = 0; depth < 8 && typeof frame === "object" && frame !== null; depth++) {
      for (const [view, id] of frames) if (view === frame) return id;
      frame = Reflect.get(frame, "parent");
    }
    return "nobody";
  };
  const listen = ({ data, source }: MessageEvent): void => {
    const effect: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "oracle") : undefined;
    if (typeof effect !== "string" || source === null) return;
    const id = owner(source);
    const effects = told[id] ?? [];
    told[id] = effects;
    if (!effects.includes(effect)) effects.push(effect);
  };
  window.addEventListener("message", listen);

  const elementsOf = (root: Document | ShadowRoot): Element[] =>
    [...root.querySelectorAll("*")]
      .slice(0, 200)
      .flatMap((element) => [element, ...(element.shadowRoot === null ? [] : elementsOf(element.shadowRoot))]);
  const use = (document: Document | null, depth: number): void => {
    const view = document?.defaultView;
    if (document === null || view == null) return;
    for (const element of elementsOf(document)) {
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
        use(element.contentDocument, depth + 1);
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
      use(frame.contentDocument, 0);
    } catch {
      // A handler of the document took something away.
    }
  }
  await sleep(settleMs);
  window.removeEventListener("message", listen);
  for (const frame of shown) frame.remove();
  return told;
}
