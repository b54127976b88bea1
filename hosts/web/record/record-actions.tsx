/** What an analyst does with a record: call it what it is, deny its client, put it aside. Each has its key. */
import { useState } from "preact/hooks";
import { ExceptionPanel } from "../exceptions/exception-panel.tsx";
import { api, messageOf } from "../shell/api.ts";
import { useKeys } from "../shell/keys.ts";
import { goTo, hrefOf } from "../shell/route.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { toast } from "../shell/toasts.tsx";
import type { AttackRecord } from "./record.ts";

/** The record and what follows. */
export interface RecordActionsProps {
  readonly record: AttackRecord;
  /** The record's label or the policy has changed. */
  readonly onChanged: () => void;
  /** Puts its line aside; absent where there is no list. */
  readonly onMute?: (() => void) | undefined;
}

/** The row of buttons. */
export function RecordActions({ record, onChanged, onMute }: RecordActionsProps) {
  const session = useSession();
  const [isExcepting, setIsExcepting] = useState(false);
  const [labelRefusal, exceptRefusal] = [refusalOf(session, "labelRecord"), refusalOf(session, "proposeExceptions")];
  const denyRefusal = refusalOf(session, "addIpEntry");
  const isTrue = record.labels?.verdict === "true_attack";
  const label = async (verdict: "true_attack" | null): Promise<void> => {
    if (labelRefusal !== null) return void toast({ tone: "bad", text: labelRefusal });
    try {
      const note = record.labels?.note ?? null;
      await api.call("labelRecord", { path: { id: record.id }, body: { verdict, note } });
      onChanged();
      if (verdict === null) return;
      const undo = { label: "undo", run: () => void label(null) };
      toast({ tone: "good", text: `${record.ref} is marked as a true attack`, action: undo });
    } catch (error) {
      toast({ tone: "bad", text: messageOf(error) });
    }
  };
  const except = (): void => {
    if (exceptRefusal === null) setIsExcepting(true);
    else toast({ tone: "bad", text: exceptRefusal });
  };
  const deny = (): void => {
    if (denyRefusal !== null) return void toast({ tone: "bad", text: denyRefusal });
    goTo(hrefOf("ip-lists", "", { add: record.client.ip, reason: `attack ${record.ref}` }));
  };
  const mark = (): void => void label(isTrue ? null : "true_attack");
  useKeys("This record", [
    { key: "f", says: "false positive: make an exception", run: except },
    { key: "t", says: "true attack", run: mark },
    { key: "d", says: "deny its client", run: deny },
    ...(onMute === undefined ? [] : [{ key: "m", says: "mute: leave it out of this list", run: onMute }]),
  ]);
  return (
    <div class="actions">
      <button type="button" class="primary" title={exceptRefusal ?? "key f"} onClick={except}>
        False positive
      </button>
      <button type="button" aria-pressed={isTrue} title={labelRefusal ?? "key t"} onClick={mark}>
        True attack
      </button>
      <button type="button" title={denyRefusal ?? "key d"} onClick={deny}>
        Deny client
      </button>
      {onMute !== undefined && (
        <button type="button" title="key m" onClick={onMute}>
          Mute
        </button>
      )}
      <a href={hrefOf("record", record.id)}>Open alone</a>
      {isExcepting && <ExceptionPanel record={record} onClose={() => setIsExcepting(false)} onApplied={onChanged} />}
    </div>
  );
}
