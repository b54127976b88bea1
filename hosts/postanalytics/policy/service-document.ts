/** What a policy service has, as the console shows it, and changes of the console as the service takes them. */

import { dateText } from "../../policy/date.ts";
import type { Edit } from "../../policy/edit.ts";
import { entryText } from "../../policy/ip-list.ts";
import { parseObjects, withObjects } from "../../policy/policy-text.ts";
import type { Policy } from "../../policy/schema.ts";
import { type FleetEdit, inFleetMode } from "../../policy/service/fleet-mode.ts";
import type { PolicyDocument } from "../../policy/wire.ts";
import type { Change, ExceptionDraft, ListedSource, PolicyInForce } from "./door.ts";
import { type Added, draftOf, exceptionYaml, keyOfSource, type Overlay } from "./overlay.ts";

/** Stands for who is not known: a command, or another console. No user has this name. */
const SOMEBODY = "(a command)";

/**
 * @param made what this console has changed, for the names of those who did
 * @returns the policy in force; @throws MerlonError MERLON_POLICY where the added objects cannot be read
 */
export function inForceOf(
  name: string,
  document: PolicyDocument,
  base: { readonly policy: Policy; readonly text: string },
  made: Overlay,
): PolicyInForce {
  const { version, hash, publishedAt, added, mode } = document;
  const objects = parseObjects(added, "the service's objects");
  const exceptions = new Map<string, Added<ExceptionDraft>>();
  // What a console cannot say, it does not take back either: such an exception stands with those of the file.
  const whole = objects.exceptions.filter(({ ignore }) => ignore.all);
  for (const exception of objects.exceptions) {
    if (exception.ignore.all) continue;
    exceptions.set(exception.name, { ...byOf(made.exceptions.get(exception.name)), item: draftOf(exception) });
  }
  const sources = new Map<string, Added<ListedSource>>();
  for (const { list, entries } of objects.ipLists) {
    for (const entry of entries) {
      const source = entryText(entry);
      const expiresAt = entry.expiresAt === undefined ? null : dateText(entry.expiresAt);
      const key = keyOfSource(list, source);
      sources.set(key, {
        ...byOf(made.sources.get(key)),
        item: { list, source, expiresAt, reason: entry.reason ?? "" },
      });
    }
  }
  const isMine = made.mode?.item.mode === mode?.mode && made.mode?.item.reason === mode?.reason;
  const overlay: Overlay = {
    ...{ exceptions, sources },
    mode: mode === null ? null : { ...byOf(isMine ? made.mode : null), item: mode },
  };
  const said = mode === null ? "" : `# the policy service says: mode ${mode.mode}, whatever else is written here\n`;
  return {
    ...{ name, origin: "service", text: base.text, overlay, generation: version, sha256: hash, since: publishedAt },
    base: withObjects(base.policy, { exceptions: whole, ipLists: [] }),
    policy: inFleetMode(withObjects(base.policy, objects), mode),
    additions: said + (added === "" ? "" : `---\n${added}`),
  };
}

function byOf(added: Added<unknown> | null | undefined): { readonly by: string; readonly at: number } {
  return { by: added?.by ?? SOMEBODY, at: added?.at ?? 0 };
}

/** @returns what the service is asked to do */
export function editOf(change: Change): FleetEdit {
  switch (change.kind) {
    case "mode":
      return { op: "mode.set", mode: change.mode, reason: change.reason };
    case "exception":
      return change.draft === null
        ? { op: "exception.undo", name: change.name }
        : { op: "exception.apply", text: exceptionYaml(change.name, change.draft) };
    case "source":
      return sourceEdit(change);
  }
}

function sourceEdit({ list, source, entry }: Extract<Change, { kind: "source" }>): Edit {
  if (entry === null) return { op: "list.remove", entry: source, list };
  const { expiresAt, reason } = entry;
  return {
    ...{ op: "list.add", list, entry: source, reason },
    ...(expiresAt === null ? {} : { expiresAt: Math.floor(Date.parse(expiresAt) / 1000) }),
  };
}
