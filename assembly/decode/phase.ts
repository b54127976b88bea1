/** Where a transaction stands. Calls must come in this order; a later phase never goes back. */
export enum Phase {
  OPEN = 0,
  REQUEST_BODY = 1,
  REQUEST_DONE = 2,
  RESPONSE_BODY = 3,
  RESPONSE_DONE = 4,
  RAW_HEAD = 5,
  RAW_BODY = 6,
}
