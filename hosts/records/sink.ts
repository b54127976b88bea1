/** Where records go: whatever takes them and says so once it has them for good. */

/** What became of a batch. */
export type SinkAnswer =
  /** All of it is kept; the sum is the batch's length. */
  | { readonly kind: "stored"; readonly stored: number; readonly duplicates: number }
  /** It is too large to be taken at once. */
  | { readonly kind: "too_large" }
  /** Something in it is no record to whoever takes it. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The sender is not known, or may not send. */
  | { readonly kind: "denied"; readonly reason: string }
  /** Not now. @see afterMs the least time to wait, 0 where nothing was said */
  | { readonly kind: "later"; readonly reason: string; readonly afterMs: number };

/** Takes records. */
export interface RecordSink {
  /**
   * @param batch records as JSON, without line ends
   * @param droppedEver requests whose records the spool had to leave out since it began
   * @returns never rejects
   */
  send(batch: readonly Buffer[], droppedEver: number): Promise<SinkAnswer>;
  /** Ends what is in progress. */
  close(): Promise<void>;
}
