/** The one error class of the hosts: a stable code, what was expected and what came. */

/** Every code, documented here and never reused. */
export const ERROR_CODES = {
  MERLON_USAGE: "the command line cannot be understood",
  MERLON_POLICY: "the policy file is not valid",
  MERLON_EXPRESSION: "an expression is not valid",
  MERLON_POLICY_VERSION: "the policy image was made for another engine",
  MERLON_LISTEN: "the listen address cannot be bound",
  MERLON_UPSTREAM: "the upstream address is not usable",
  MERLON_TLS: "a certificate or key cannot be used",
  MERLON_ENGINE: "the core cannot be loaded or is not the one expected",
  MERLON_INPUT: "an input file cannot be read",
  MERLON_STORE: "the store of records cannot be opened, read or written",
  MERLON_SEARCH: "a search cannot be understood",
  MERLON_RECORDS: "records cannot be kept where they should be, or sent where they should go",
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** An error that a person can act on. The message holds what, why and the fix, and no payload bytes. */
export class MerlonError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MerlonError";
    this.code = code;
  }
}
