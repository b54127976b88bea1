/**
 * The ABI of traces: `trace_begin`, the calls of one or more transactions, `trace_end`, and what stands at `trace_at`.
 * For explain alone; a data plane never begins one.
 */
import { Trace, TraceEntry, traceAt, traceBegin, traceEnd } from "../report/trace";
import { Status } from "./status";

/** Offsets of a trace's begin and of its entries, see report/trace.ts. */
export const TRACE_ENTRIES: u32 = offsetof<Trace>("entries");
export const TRACE_DROPPED: u32 = offsetof<Trace>("dropped");
export const TRACE_HEAD_BYTES: u32 = offsetof<Trace>();
export const TRACE_ENTRY_SIZE: u32 = offsetof<TraceEntry>("size");
export const TRACE_ENTRY_PLACE: u32 = offsetof<TraceEntry>("place");
export const TRACE_ENTRY_NEST: u32 = offsetof<TraceEntry>("nest");
export const TRACE_ENTRY_BASE: u32 = offsetof<TraceEntry>("base");
export const TRACE_ENTRY_LAYER_SIZE: u32 = offsetof<TraceEntry>("layerSize");
export const TRACE_ENTRY_WORDS: u32 = offsetof<TraceEntry>("words");
export const TRACE_ENTRY_LEXERS: u32 = offsetof<TraceEntry>("lexers");
export const TRACE_ENTRY_FOUND: u32 = offsetof<TraceEntry>("found");
export const TRACE_ENTRY_WORK: u32 = offsetof<TraceEntry>("work");
export const TRACE_ENTRY_POINT_SIZE: u32 = offsetof<TraceEntry>("pointSize");
export const TRACE_ENTRY_DECODERS: u32 = offsetof<TraceEntry>("decoders");
export const TRACE_ENTRY_EXCERPT_SIZE: u32 = offsetof<TraceEntry>("excerptSize");
export const TRACE_ENTRY_HEAD_BYTES: u32 = offsetof<TraceEntry>();

/** Begins a trace of all that is looked at from now on; an earlier one is lost. @returns PASS, LIMIT for no memory */
export function trace_begin(): u32 {
  return traceBegin() ? <u32>Status.PASS : <u32>Status.LIMIT;
}

/** Ends the trace. */
export function trace_end(): void {
  traceEnd();
}

/** @returns address of the trace, 0 where none was begun; it is good until the next begins */
export function trace_at(): usize {
  return traceAt();
}
