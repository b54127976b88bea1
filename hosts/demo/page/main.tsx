/** The live page: numbers, the switch, the buttons, and the list of verdicts as they come. */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
  ApiError,
  type FeedEvent,
  type FeedSummary,
  follow,
  getEvents,
  getState,
  openSession,
  type SampleInfo,
  type State,
  sendSample,
  setMode,
} from "./api.ts";
import { List, outcome } from "./list.tsx";

const EVENTS_SHOWN = 200;
const RETRY_MS = 2000;

function Spark({ values }: { values: readonly number[] }) {
  const most = Math.max(1, ...values);
  const points = values.map((value, i) => `${i * 2},${30 - (28 * value) / most}`).join(" ");
  return (
    <svg class="spark" viewBox="0 0 118 32" role="img" aria-label="requests in each of the last 60 seconds">
      <polyline points={points} />
    </svg>
  );
}

function Numbers({ summary }: { summary: FeedSummary }) {
  const last = summary.perSecond.at(-2) ?? 0;
  return (
    <div class="numbers">
      <div>
        <b>{last}</b> requests/s <Spark values={summary.perSecond} />
      </div>
      <div>
        <b>{summary.requests}</b> seen
      </div>
      <div>
        <b>{summary.attacks}</b> attacks
      </div>
      <div>
        <b>{summary.blocked}</b> blocked
      </div>
      <div>
        <b>{(summary.addedP50 / 1000).toFixed(2)}</b> ms added <small>p99 {(summary.addedP99 / 1000).toFixed(2)}</small>
      </div>
    </div>
  );
}

function ModeSwitch({ mode, onChange }: { mode: string; onChange: (mode: string) => void }) {
  const blocking = mode === "block";
  return (
    <button
      type="button"
      class={`switch ${blocking ? "on" : ""}`}
      role="switch"
      aria-checked={blocking}
      onClick={() => onChange(blocking ? "monitoring" : "block")}
    >
      {blocking ? "Blocking attacks" : "Only watching"}
    </button>
  );
}

function Samples({ samples, onSend }: { samples: readonly SampleInfo[]; onSend: (sample: SampleInfo) => void }) {
  return (
    <div class="samples">
      {samples.map((sample) => (
        <button
          key={sample.id}
          type="button"
          class={sample.harmless ? "harmless" : "hostile"}
          title={sample.about}
          onClick={() => onSend(sample)}
        >
          {sample.label}
        </button>
      ))}
    </div>
  );
}

const NOTHING: FeedSummary = { requests: 0, attacks: 0, blocked: 0, addedP50: 0, addedP99: 0, perSecond: [0, 0] };

function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return "the demo does not answer: is it still running?";
}

/** Joins what is shown with what came, newest first; ids sort by time, and a verdict may come twice. */
function merged(before: readonly FeedEvent[], come: readonly FeedEvent[]): FeedEvent[] {
  const byId = new Map([...before, ...come].map((event) => [event.id, event]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, EVENTS_SHOWN);
}

/** Everything the page knows, kept up to date by the stream. */
function useLive() {
  const [state, setState] = useState<State | null>(null);
  const [events, setEvents] = useState<readonly FeedEvent[]>([]);
  const [summary, setSummary] = useState<FeedSummary>(NOTHING);
  const [mode, setShownMode] = useState("monitoring");
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let over = false;
    const run = async (): Promise<void> => {
      await openSession();
      const first = await getState();
      setState(first);
      setShownMode(first.mode);
      setProblem("");
      const failed = (error: unknown): void => setProblem(messageOf(error));
      await follow({
        // Asked for when the stream is open already, so that no verdict falls between the two.
        opened: () => void getEvents().then((come) => setEvents((before) => merged(before, come)), failed),
        verdict: (event) => setEvents((before) => merged(before, [event])),
        summary: (next) => {
          setSummary(next);
          setShownMode(next.mode);
        },
      });
    };
    const loop = async (): Promise<void> => {
      while (!over) {
        await run().catch((error: unknown) => setProblem(messageOf(error)));
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    };
    void loop(); // ends with the page
    return () => {
      over = true;
    };
  }, []);
  return { state, events, summary, mode, setShownMode, problem, setProblem };
}

function readRef(): string {
  return new URLSearchParams(location.hash.slice(1)).get("ref") ?? "";
}

function App() {
  const { state, events, summary, mode, setShownMode, problem, setProblem } = useLive();
  const [openRef, setOpenRef] = useState(readRef());
  const [answer, setAnswer] = useState("");
  const [attacksOnly, setAttacksOnly] = useState(false);
  useEffect(() => {
    const follow = (): void => setOpenRef(readRef());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const attempt = (work: Promise<void>): void => void work.catch((error: unknown) => setProblem(messageOf(error)));
  const changeMode = (next: string): void => attempt(setMode(next).then(() => setShownMode(next)));
  const send = (sample: SampleInfo): void =>
    attempt(
      sendSample(sample.id).then((status) => {
        setAnswer(`${sample.label}: ${status === 0 ? "no answer" : `answered ${status}`}. ${sample.about}`);
      }),
    );
  const open = (ref: string): void => {
    setOpenRef(ref);
    history.replaceState(null, "", ref === "" ? location.pathname : `#ref=${ref}`);
  };
  const shown = attacksOnly ? events.filter((event) => outcome(event) !== "passed") : events;
  return (
    <main>
      <header>
        <h1>
          <img src="/icon.svg" alt="" width="28" height="28" /> Merlon <span>live</span>
        </h1>
        <ModeSwitch mode={mode} onChange={changeMode} />
      </header>
      {problem !== "" && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <Numbers summary={summary} />
      <Samples samples={state?.samples ?? []} onSend={send} />
      <p class="answer" role="status">
        {answer}
      </p>
      <div class="list-head">
        <h2>Last requests</h2>
        <label>
          <input type="checkbox" checked={attacksOnly} onChange={(e) => setAttacksOnly(e.currentTarget.checked)} />{" "}
          attacks only
        </label>
      </div>
      <List events={shown} openRef={openRef} onOpen={open} proxyPort={state?.proxyPort ?? 8080} />
    </main>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
