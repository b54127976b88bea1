/** Imported only by the checked build, which the checker module satisfies. See guard.ts. */

/** Tells the checker what may be done with `size` bytes at `at`: see `GuardState`. */
export declare function guard_mark(at: usize, size: u32, state: u32): void;
/** Asks the checker whether a bulk copy may touch these bytes; traps if not. */
export declare function guard_range(at: usize, size: u32): void;
