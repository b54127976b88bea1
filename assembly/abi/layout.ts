/**
 * Offsets and sizes of the records that hosts read, as exported globals: a host reads the layout and repeats none of
 * it. Names are RECORD_FIELD. The records are defined where they are made, in report/.
 */
import { LayerHead, MatchHead } from "../report/record";
import { Result } from "../report/result";

/** The result's fixed head: bytes from its begin to each field; RESULT_HEAD_BYTES is where the first match begins. */
export const RESULT_SIZE: u32 = offsetof<Result>("size");
export const RESULT_ACTION: u32 = offsetof<Result>("action");
export const RESULT_WOULD: u32 = offsetof<Result>("would");
export const RESULT_SHADOW: u32 = offsetof<Result>("shadow");
export const RESULT_MODE: u32 = offsetof<Result>("mode");
export const RESULT_MATCHES: u32 = offsetof<Result>("matches");
export const RESULT_MATCHES_DROPPED: u32 = offsetof<Result>("matchesDropped");
export const RESULT_LIMITS: u32 = offsetof<Result>("limits");
export const RESULT_ANOMALIES: u32 = offsetof<Result>("anomalies");
export const RESULT_INSPECTED: u32 = offsetof<Result>("inspected");
export const RESULT_BODY_BYTES: u32 = offsetof<Result>("bodyBytes");
export const RESULT_INCIDENT: u32 = offsetof<Result>("incident");
export const RESULT_CLIENT_HIGH: u32 = offsetof<Result>("clientHigh");
export const RESULT_CLIENT_LOW: u32 = offsetof<Result>("clientLow");
export const RESULT_APPLICATION: u32 = offsetof<Result>("application");
export const RESULT_PAGE: u32 = offsetof<Result>("page");
export const RESULT_HOLD_BYTES: u32 = offsetof<Result>("holdMost");
export const RESULT_FAILURES: u32 = offsetof<Result>("failures");
export const RESULT_COUNTED: u32 = offsetof<Result>("counted");
export const RESULT_HEAD_BYTES: u32 = offsetof<Result>();

/** A match's fixed head: bytes from its begin to each field; the point's name and the layers follow it. */
export const MATCH_SIZE: u32 = offsetof<MatchHead>("size");
export const MATCH_SIGNATURE: u32 = offsetof<MatchHead>("signature");
export const MATCH_SEVERITY: u32 = offsetof<MatchHead>("severity");
export const MATCH_POINT_SIZE: u32 = offsetof<MatchHead>("pointSize");
export const MATCH_LAYERS: u32 = offsetof<MatchHead>("layers");
export const MATCH_SPARED: u32 = offsetof<MatchHead>("spared");
export const MATCH_EXCEPTION: u32 = offsetof<MatchHead>("exception");
export const MATCH_RULE_SIZE: u32 = offsetof<MatchHead>("ruleSize");
export const MATCH_HEAD_BYTES: u32 = offsetof<MatchHead>();

/** A layer's fixed head: bytes from its begin to each field; the excerpt follows it. */
export const LAYER_DECODER: u32 = offsetof<LayerHead>("decoder");
export const LAYER_START: u32 = offsetof<LayerHead>("start");
export const LAYER_END: u32 = offsetof<LayerHead>("end");
export const LAYER_EXCERPT_AT: u32 = offsetof<LayerHead>("excerptAt");
export const LAYER_EXCERPT_SIZE: u32 = offsetof<LayerHead>("excerptSize");
export const LAYER_HEAD_BYTES: u32 = offsetof<LayerHead>();
