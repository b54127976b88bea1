/**
 * Every bound of the core, each with its unit. Reaching one sets a bit of `Limit` in the result: never a silent cut.
 * Hosts read these as exported globals of the module and repeat none of them.
 */

/** Bytes that a host can hand over in one call: a head block or a chunk of body. */
export const INPUT_BYTES_MAX: u32 = 262144;
/** Working memory of one call, reset when the call returns. */
export const SCRATCH_BYTES: u32 = 2097152;
/** Bytes of a response that are looked at. */
export const RESPONSE_BYTES_MAX: u32 = 65536;
/** Size of one block of parked memory. */
export const BLOCK_BYTES: u32 = 4096;
/** Blocks that all parked transactions share: the cap of the module's growth, 96 MiB. */
export const BLOCKS_MAX: u32 = 24576;
/** Transactions open at once in one instance. */
export const TRANSACTIONS_MAX: u32 = 16384;
/** Header fields looked at in one head. */
export const HEADERS_MAX: u32 = 512;
/** Pairs of one query, cookie header or form from which on their number is told; many servers take no more. */
export const PAIRS_MAX: u32 = 2048;
/** A shorter value cannot hold an attack: it takes a character to leave a context and two to do something. */
export const VALUE_BYTES_MIN: u32 = 3;
/** A value longer than this is inspected in windows of this size. */
export const VALUE_BYTES_MAX: u32 = 32768;
/** Bytes that two windows of one value share. */
export const VALUE_OVERLAP_BYTES: u32 = 2048;
/** Bytes kept of one parameter's name. */
export const NAME_BYTES_MAX: u32 = 128;
/** Bytes kept of all names on the way to a value of a structured body. */
export const PATH_BYTES_MAX: u32 = 768;
/** Nesting of a structured body whose names are kept. */
export const DEPTH_MAX: u32 = 64;
/** Nesting of a structured body that is followed at all; deeper, the rest is read as plain text. */
export const DEPTH_FOLLOWED_MAX: u32 = 512;
/** Values inside values: JSON in a parameter, a URL in a header, a document in a token in a document. */
export const NEST_MAX: u32 = 4;
/** Segments of a point's name. */
export const SEGMENTS_MAX: u32 = 96;
/** Distinct readings of one value. */
export const LAYERS_MAX: u32 = 10;
/** Times that the encodings are undone one after another. */
export const ROUNDS_MAX: u32 = 3;
/** Decoders on the way from the raw bytes to one reading. */
export const CHAIN_MAX: u32 = 8;
/** Matches kept with a transaction; more are counted. */
export const MATCHES_MAX: u32 = 16;
/** Bytes of one layer that go with a match. */
export const EXCERPT_BYTES_MAX: u32 = 128;
/** Bytes of a point's name in text form. */
export const POINT_TEXT_BYTES_MAX: u32 = 512;
/** Body bytes between two decision points. */
export const DECISION_BYTES: u32 = 16384;
/** Bytes of duplicate parameters kept to be joined. */
export const POLLUTION_BYTES_MAX: u32 = 16384;
/** Names watched for duplicates. */
export const POLLUTION_NAMES_MAX: u32 = 128;
/** Bytes of one part's header block in a multipart body that are looked at in one piece; a longer one is cut. */
export const PART_HEAD_BYTES_MAX: u32 = 16384;
/** Parts of a multipart document inside a value that are looked at. */
export const PARTS_MAX: u32 = 2048;
/** Longest multipart boundary: RFC 2046 §5.1.1 allows 70, real clients exceed it. */
export const BOUNDARY_BYTES_MAX: u32 = 200;
/** Bytes of a raw HTTP/1 head. */
export const HEAD_BYTES_MAX: u32 = 262144;
/** Codings around one body that are undone: `gzip, gzip` has two. */
export const CODINGS_MAX: u32 = 2;
/** Bytes that may come out of the compressed bytes of one body. */
export const INFLATED_BYTES_MAX: u32 = 10485760;
/** Bytes that may come out of compressed values of one request, such as files of a form. */
export const VALUES_INFLATED_BYTES_MAX: u32 = 1048576;
/** What comes out is a bomb where it is so many times what went in, from so many bytes on. */
export const BOMB_RATIO: u32 = 200;
export const BOMB_BYTES_MIN: u32 = 1048576;
/** Messages inside messages of protobuf that are followed; deeper ones are read as text. */
export const MESSAGES_NESTED_MAX: u32 = 16;
/** Tokens that a lexer keeps of one window. */
export const TOKENS_MAX: u32 = 4096;
/** Work that a value brings for each of its bytes, in units of about a nanosecond or one visit of one byte. */
export const FUEL_PER_BYTE: u32 = 128;
/** Work that a text brings whose parts were values with a grant of their own, for each of its bytes. */
export const FUEL_AGAIN_PER_BYTE: u32 = 48;
/** Work that a transaction has beside that, for values that are short and dear. */
export const FUEL_ALLOWANCE: u32 = 32768;
/** Work that values may leave to later ones. */
export const FUEL_SAVED_MAX: u32 = 4194304;
/** Internal entities of one XML document that are undone, and bytes of all their names and values. */
export const ENTITIES_MAX: u32 = 24;
export const ENTITY_BYTES_MAX: u32 = 1024;
/** Bytes of one entity declaration that are read for its value. */
export const DECLARATION_BYTES_MAX: u32 = 2048;
/** Bytes that all references of one document may become, and entities inside entities that are undone. */
export const EXPANDED_BYTES_MAX: u32 = 8192;
export const ENTITY_DEPTH_MAX: u32 = 4;
/** Selections inside selections, and aliases, of a GraphQL document above which it is told. */
export const GQL_DEPTH_MAX: u32 = 24;
export const GQL_ALIASES_MAX: u32 = 100;
/** Bytes of a policy image. */
export const POLICY_BYTES_MAX: u32 = 4194304;
/** Policies beside each other in one instance: plugin configurations that share one in Envoy. */
export const BANKS_MAX: u32 = 16;
/** Segments of a path that scopes can name; what lies deeper fits only what ends in `**`. */
export const PATH_SEGMENTS_MAX: u32 = 32;
/** Branches of the tree of paths that a request can be on at once; the compiler refuses what could need more. */
export const BRANCHES_MAX: u32 = 64;
/** Scopes that one request fits; the compiler refuses what could need more. */
export const SCOPES_FIT_MAX: u32 = 64;
/** Scopes with exceptions or masks of their own that a transaction remembers, the closest ones. */
export const SCOPES_KEPT_MAX: u32 = 24;
/** Rules of a policy, terms that all of them ask, and those of them that follow the body as it streams by. */
export const RULES_MAX: u32 = 512;
export const RULE_TERMS_MAX: u32 = 1024;
export const RULE_STREAMS_MAX: u32 = 32;
/** Specifications that one body is held against at once, those of the candidate among them. */
export const SCHEMA_READERS_MAX: u32 = 4;
/** Thresholds of a policy: requests are counted for them by the bits of one number. */
export const THRESHOLDS_MAX: u32 = 64;
/** Values that a rule's program has at hand at once. */
export const RULE_STACK_MAX: u32 = 16;
/**
 * Work of rules beside that of lexers: for a head and each decision, and for each layer of a value for each of its
 * bytes, as if it had some more. The compiler refuses rules that could need more for a layer.
 */
export const RULE_FUEL_HEAD: u32 = 4194304;
export const RULE_FUEL_PER_BYTE: u32 = 256;
export const RULE_FUEL_BYTES_MORE: u32 = 8;
/** Bytes of the line that names a rule in its matches. */
export const RULE_LINE_BYTES_MAX: u32 = 640;
/** Bytes of the trace that explain asks for. */
export const TRACE_BYTES_MAX: u32 = 1048576;
