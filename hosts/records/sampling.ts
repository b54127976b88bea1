/**
 * Which records are kept whole. Of records that look alike the first ones of each hour are; the others are counted,
 * and the count goes out as a record without the request's content. Deterministic: the same requests at the same times
 * give the same records. Exact: the sum of `count_since_last` over all that goes out is the number of requests that
 * came in.
 */
import type { AttackRecord } from "./record.ts";
import { slimRecord } from "./record-text.ts";

const HOUR_MS = 3_600_000;
/** Records of a group that are kept whole in an hour. */
export const WHOLE_PER_HOUR = 5;
/** Groups that are remembered; with more, the one that was quiet for longest begins anew. */
export const GROUPS_MAX = 2048;

/** References of counted requests that go out with the count, the latest ones: people are shown them and ask. */
export const REFS_MAX = 64;

/** What is told of a request that is only counted. */
export interface Counted {
  readonly id: string;
  readonly ref: string;
  readonly ts: string;
  /** The client; what a list says of it is that of its group. */
  readonly client: Pick<AttackRecord["client"], "ip" | "country" | "asn">;
}

interface Group {
  hour: number;
  whole: number;
  /** Requests since the last that went out. */
  count: number;
  /** The head of a record of the group. */
  like: AttackRecord;
  last: Counted | null;
  refs: string[];
}

/** The groups of one node. */
export class Sampling {
  readonly #emit: (record: AttackRecord) => void;
  readonly #wholePerHour: number;
  readonly #groupsMax: number;
  /** Those that were quiet for longest come first. */
  readonly #groups = new Map<string, Group>();

  /** @param emit takes the records that go out */
  constructor(
    emit: (record: AttackRecord) => void,
    wholePerHour: number = WHOLE_PER_HOUR,
    groupsMax: number = GROUPS_MAX,
  ) {
    this.#emit = emit;
    this.#wholePerHour = wholePerHour;
    this.#groupsMax = groupsMax;
  }

  /**
   * Takes a request.
   * @param atMs when it came, milliseconds since 1970
   * @param make makes the whole record; called only where that goes out
   */
  add(key: string, atMs: number, counted: Counted, make: () => AttackRecord): void {
    const hour = Math.floor(atMs / HOUR_MS);
    const group = this.#groups.get(key);
    if (group !== undefined && group.hour !== hour) {
      // Also where the clock went back: what was counted belongs to the hour that it was counted in.
      this.#flush(group);
      group.hour = hour;
      group.whole = 0;
    }
    this.#groups.delete(key);
    if (group !== undefined) this.#groups.set(key, group);
    if (group !== undefined && group.whole >= this.#wholePerHour) {
      group.count++;
      group.last = counted;
      group.refs.push(counted.ref);
      if (group.refs.length > REFS_MAX) group.refs.shift();
      return;
    }
    const record = make();
    this.#emit(record);
    if (group === undefined) this.#remember(key, hour, record);
    else group.whole++;
  }

  /** Sends what was counted: at the end of an hour or of the process, and in between so that a crash costs little. */
  flush(): void {
    for (const group of this.#groups.values()) this.#flush(group);
  }

  #remember(key: string, hour: number, record: AttackRecord): void {
    if (this.#groups.size >= this.#groupsMax) {
      const [oldest] = this.#groups;
      if (oldest !== undefined) {
        this.#flush(oldest[1]);
        this.#groups.delete(oldest[0]);
      }
    }
    this.#groups.set(key, { hour, whole: 1, count: 0, like: slimRecord(record), last: null, refs: [] });
  }

  #flush(group: Group): void {
    const { count, last, like, refs } = group;
    if (count === 0 || last === null) return;
    group.count = 0;
    group.last = null;
    group.refs = [];
    const { client: of, ...head } = last;
    const client = { ...of, list: like.client.list };
    const sampled = { ...like.sampled, kept: false, count_since_last: count, refs };
    this.#emit({ ...like, ...head, client, sampled });
  }
}
