/**
 * From a record to an exception: the closest scope that lets its findings pass, wider or narrower by a press, with what
 * it would change in stored traffic and which known attacks it would let in. Nothing acts before `Apply`.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../record/bytes.ts";
import type { AttackRecord } from "../record/record.ts";
import { ApiError, api } from "../shell/api.ts";
import { Copy } from "../shell/copy.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { dayText } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { refusalOf, type Session, useSession } from "../shell/session.ts";
import { useSubmit } from "../shell/submit.ts";
import { PreviewView } from "./preview-view.tsx";
import { type Change, followChange } from "./propagation.ts";
import { choicesOf, type Draft, expiring, type Proposed, SIDES, type Side, yamlOf } from "./scope.ts";

const DAYS = [1, 7, 30, 90, 365];
const DAYS_DEFAULT = 30;
const REASON_CHARACTERS_MAX = 500;

/** The record and what follows. */
export interface ExceptionPanelProps {
  readonly record: AttackRecord;
  readonly onClose: () => void;
  /** The exception is in force, or is no longer. */
  readonly onApplied: () => void;
}

/** The panel. */
export function ExceptionPanel({ record, onClose, onApplied }: ExceptionPanelProps) {
  const proposal = useResource(record.id, () => {
    return api.call("proposeExceptions", { body: { record: record.id, days: DAYS_DEFAULT } });
  });
  const { value, error } = proposal;
  const isNothing = error instanceof ApiError && error.code === "CONFLICT";
  return (
    <Dialog title="False positive" isSide onClose={onClose}>
      {error !== null && !isNothing && <Problem error={error} retry={proposal.reload} />}
      {value === null && error === null && <Loading lines={8} />}
      {isNothing && (
        <Empty title="There is nothing to except">
          <p>No finding of this record counts: it is let pass already, or was noted only.</p>
        </Empty>
      )}
      {value?.notes.map((note) => (
        <p key={note} class="notice warn">
          {visible(note)}
        </p>
      ))}
      {value !== null && value.items.length > 0 && (
        <Weighing key={record.id} record={record} items={value.items} onClose={onClose} onApplied={onApplied} />
      )}
    </Dialog>
  );
}

/** Where each side of each draft stands, by its index among the choices. */
type Positions = readonly Readonly<Record<Side, number>>[];

interface WeighingProps extends ExceptionPanelProps {
  readonly items: readonly Proposed[];
}

function exactOf(record: AttackRecord, { ignore }: Draft) {
  const stamps = ignore.stamps;
  const hits = record.hits.filter((hit) => hit.stamps.some((stamp) => stamps.includes(stamp)));
  return { path: record.request.path, types: [...new Set(hits.map(({ type }) => type))] };
}

function firstPositions(record: AttackRecord, { draft }: Proposed): Record<Side, number> {
  const at = (side: Side): number => choicesOf(side, draft, exactOf(record, draft)).proposed;
  return { host: at("host"), method: at("method"), path: at("path"), point: at("point"), stamps: at("stamps") };
}

/** What the person chose of the proposed drafts. */
interface Choice {
  readonly positions: Positions;
  /** Which of the drafts are applied. */
  readonly chosen: readonly boolean[];
  readonly reason: string;
  readonly days: number;
}

function draftsOf(record: AttackRecord, items: readonly Proposed[], choice: Choice, now: number): Draft[] {
  return items.map(({ draft }, index) => {
    const sides = choice.positions[index];
    const scoped = SIDES.reduce((made, side) => {
      return choicesOf(side, draft, exactOf(record, draft)).choices[sides?.[side] ?? 0]?.of(made) ?? made;
    }, draft);
    return expiring({ ...scoped, reason: choice.reason.trim() }, choice.days, now);
  });
}

function Weighing({ record, items, onClose, onApplied }: WeighingProps) {
  const session = useSession();
  const [choice, setChoice] = useState<Choice>(() => ({
    positions: items.map((item) => firstPositions(record, item)),
    chosen: items.map(() => true),
    reason: items[0]?.draft.reason || `false positive ${record.ref}`,
    days: DAYS_DEFAULT,
  }));
  const [now] = useState(Date.now);
  const apply = useRef<HTMLButtonElement>(null);
  // What most want next is a press of `Enter` away.
  useEffect(() => apply.current?.focus(), []);
  const drafts = draftsOf(record, items, choice, now);
  const kept = drafts.filter((_, index) => choice.chosen[index]);
  const refusal = refusalToApply(session, kept, choice.reason);
  const { isBusy, problem, onSubmit } = useSubmit(async () => {
    await applyAll(kept, record, onApplied);
    onClose();
    return false;
  });
  const yaml = (): string => kept.map((draft) => yamlOf(draft, nameOf(record, draft))).join("---\n");
  return (
    <form class="weighing" onSubmit={onSubmit}>
      {items.map((item, index) => (
        <section key={index} class="draft" aria-label={`exception ${index + 1} of ${items.length}`}>
          {items.length > 1 && (
            <label>
              <input
                type="checkbox"
                checked={choice.chosen[index]}
                onChange={() => setChoice({ ...choice, chosen: choice.chosen.with(index, !choice.chosen[index]) })}
              />{" "}
              exception {index + 1} of {items.length}
            </label>
          )}
          <Scope
            record={record}
            draft={item.draft}
            position={choice.positions[index] ?? firstPositions(record, item)}
            onChange={(next) => setChoice({ ...choice, positions: choice.positions.with(index, next) })}
          />
          <Preview draft={drafts[index] ?? item.draft} />
        </section>
      ))}
      <Terms choice={choice} now={now} onChange={(terms) => setChoice({ ...choice, ...terms })} />
      {problem !== null && <Problem error={problem} />}
      {refusal !== null && <p class="notice warn">{refusal} Hand it on as YAML.</p>}
      <footer>
        <button ref={apply} type="submit" class="primary" disabled={isBusy || refusal !== null || kept.length === 0}>
          Apply
        </button>
        <Copy label="Copy as YAML" text={yaml} />
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </footer>
    </form>
  );
}

interface TermsProps {
  readonly choice: Choice;
  readonly now: number;
  readonly onChange: (terms: Partial<Choice>) => void;
}

/** Why, and until when. */
function Terms({ choice, now, onChange }: TermsProps) {
  return (
    <div class="terms">
      <label class="grow">
        Reason
        <input
          value={choice.reason}
          maxLength={REASON_CHARACTERS_MAX}
          onInput={(event) => onChange({ reason: event.currentTarget.value })}
        />
      </label>
      <label>
        Ends after
        <select value={choice.days} onChange={(event) => onChange({ days: Number(event.currentTarget.value) })}>
          {DAYS.map((count) => (
            <option key={count} value={count}>
              {count} {count === 1 ? "day" : "days"}, {dayText(now + count * 86_400_000)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function refusalToApply(session: Session, drafts: readonly Draft[], reason: string): string | null {
  const refusal = refusalOf(session, "applyException");
  if (refusal !== null) return `You may not apply it: ${refusal}.`;
  if (!session.policyWrite.allowed) return `This console may not change the policy: ${session.policyWrite.reason}.`;
  if (drafts.length > 0 && reason.trim() === "") return "Write a reason, for whoever finds it next year.";
  return null;
}

/** A name of lower-case letters, for a policy file. */
function nameOf(record: AttackRecord, { match }: Draft): string {
  const point = (match.point ?? "any").toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return `fp-${record.ref.toLowerCase()}-${point}`.slice(0, 63).replace(/-+$/, "");
}

async function applyAll(drafts: readonly Draft[], record: AttackRecord, onApplied: () => void): Promise<void> {
  const changes: Change[] = [];
  for (const draft of drafts) {
    changes.push(await api.call("applyException", { body: { draft, record: record.id } }));
  }
  const change = changes.at(-1);
  if (change === undefined) return;
  const undo = async (): Promise<Change> => {
    let last = change;
    for (const { name } of changes) last = await api.call("removeException", { path: { name } });
    return last;
  };
  onApplied();
  const what = drafts.length === 1 ? "Exception" : `${drafts.length} exceptions`;
  // The message tells how it goes on; nothing waits for it.
  void followChange({ what, change, undo, onSettled: onApplied });
}

interface ScopeProps {
  readonly record: AttackRecord;
  readonly draft: Draft;
  readonly position: Readonly<Record<Side, number>>;
  readonly onChange: (position: Record<Side, number>) => void;
}

const SIDE_NAMES: Readonly<Record<Side, string>> = {
  host: "host",
  method: "method",
  path: "path",
  point: "point",
  stamps: "ignore",
};

function Scope({ record, draft, position, onChange }: ScopeProps) {
  const exact = exactOf(record, draft);
  return (
    <ul class="scope" aria-label="scope">
      {SIDES.map((side) => {
        const { choices } = choicesOf(side, draft, exact);
        const at = Math.min(position[side], choices.length - 1);
        const choice = choices[at];
        const move = (by: number): void => onChange({ ...position, [side]: at + by });
        return (
          <li key={side} class={choice?.isAny === true ? "any" : ""} data-side={side}>
            <span class="side">{SIDE_NAMES[side]}</span>
            <code>{visible(choice?.text ?? "")}</code>
            <button type="button" aria-label={`narrower ${side}`} disabled={at === 0} onClick={() => move(-1)}>
              −
            </button>
            <button
              type="button"
              aria-label={`wider ${side}`}
              disabled={at >= choices.length - 1}
              onClick={() => move(1)}
            >
              +
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Preview({ draft }: { readonly draft: Draft }) {
  const { match, ignore } = draft;
  // Reason and end change nothing of what it would do.
  const preview = useResource(JSON.stringify([match, ignore]), () => {
    const reason = draft.reason === "" ? "not said yet" : draft.reason;
    return api.call("previewException", { body: { draft: { ...draft, reason } } });
  });
  if (preview.error !== null) return <Problem error={preview.error} retry={preview.reload} />;
  if (preview.value === null) return <Loading lines={3} />;
  return <PreviewView preview={preview.value} isOld={preview.isLoading} />;
}
