/** What the short names of records mean, in words for a person. A name that is not here is shown as it is. */

type Words = Readonly<Record<string, string>>;

const TYPES: Words = {
  auth: "Broken authentication",
  blocked_source: "Denied client",
  crlf: "Header injection",
  data_bomb: "Decompression bomb",
  deserialize: "Unsafe deserialisation",
  file_upload_violation: "Dangerous upload",
  gql_aliases: "GraphQL aliases",
  gql_depth: "GraphQL depth",
  gql_introspection: "GraphQL introspection",
  infoleak: "Information leak",
  ldapi: "LDAP injection",
  mail_injection: "Mail injection",
  mass_assignment: "Mass assignment",
  nosqli: "NoSQL injection",
  ptrav: "Path traversal",
  rce: "Remote code execution",
  redir: "Open redirect",
  rfi: "Remote file inclusion",
  scanner: "Scanner",
  sqli: "SQL injection",
  ssi: "Server-side include",
  ssrf: "Server-side request forgery",
  ssti: "Template injection",
  vpatch: "Known vulnerability",
  xpath: "XPath injection",
  xss: "Cross-site scripting",
  xxe: "XML external entity",
};

const LAYERS: Words = {
  raw: "as sent",
  percent: "percent-decoded",
  form: "form-decoded",
  utf8: "long UTF-8 undone",
  htmlentity: "HTML references undone",
  escape: "backslash escapes undone",
  json_string: "JSON string",
  base64: "base64-decoded",
  joined: "values joined",
  quoted_printable: "quoted-printable undone",
  utf16: "UTF-16 read",
  ebcdic: "EBCDIC read",
};

const ACTIONS: Words = {
  blocked: "blocked",
  monitored: "watched",
  passed_fail_open: "not inspected",
  partially_blocked: "cut off late",
};

const DECISIONS: Words = {
  would_block: "counts: reason enough to block",
  excepted: "let pass by an exception",
  experimental: "experimental: noted only",
  counted: "noted: below what blocks",
};

const SEVERITIES = ["", "note", "low", "medium", "high", "critical"];

const MODES: Words = {
  off: "off: nothing is inspected",
  monitoring: "monitoring: attacks are recorded and let through",
  safe_blocking: "safe blocking: attacks from gray-listed clients are stopped",
  block: "block: attacks are stopped",
};

const LIMITS: Words = {
  headers: "more headers than are read",
  pairs: "more parameters than are read",
  depth: "nested deeper than is read",
  layers: "encoded more times than is undone",
  nest: "formats inside formats beyond what is read",
  fuel: "more work than one request may cause",
  memory: "more memory than one request may hold",
  oversize: "a longer body than is inspected",
  pollution: "more repeated names than are joined",
  part_head: "a longer head of a part than is read",
  name: "a longer name than is kept",
  tokens: "more tokens than a lexer reads",
  inflated: "inflates beyond what is read",
  entities: "more entities than are expanded",
};

const ANOMALIES: Words = {
  json: "JSON that parsers read in different ways",
  multipart: "multipart that parsers read in different ways",
  form: "a form that parsers read in different ways",
  head: "a head that servers read in different ways",
  content_type: "a content type that does not fit or comes twice",
  encoding: "a content encoding that does not fit",
  protobuf: "Protocol Buffers that parsers read in different ways",
  xml: "XML that parsers read in different ways",
};

const read = (words: Words, name: string): string => (Object.hasOwn(words, name) ? (words[name] ?? name) : name);

/** `SQL injection` for `sqli`. */
export const typeText = (type: string): string => read(TYPES, type);
/** `base64-decoded` for `base64`. */
export const layerText = (decoder: string): string => read(LAYERS, decoder);
/** `watched` for `monitored`. */
export const actionText = (action: string): string => read(ACTIONS, action);
/** Why a hit did or did not count. */
export const decisionText = (decision: string): string => read(DECISIONS, decision);
/** What a mode does. */
export const modeText = (mode: string): string => read(MODES, mode);
/** What was too much. */
export const limitText = (limit: string): string => read(LIMITS, limit);
/** What is read in different ways. */
export const anomalyText = (anomaly: string): string => read(ANOMALIES, anomaly);
/** `critical` for 5. */
export const severityText = (severity: number): string => SEVERITIES[severity] ?? String(severity);

/** Colours of types: what the attack reaches for. */
const HUES: Words = {
  sqli: "amber",
  nosqli: "amber",
  ldapi: "amber",
  xpath: "amber",
  mail_injection: "amber",
  xss: "violet",
  ssi: "violet",
  rce: "red",
  ssti: "red",
  deserialize: "red",
  vpatch: "red",
  ptrav: "blue",
  rfi: "blue",
  xxe: "blue",
  file_upload_violation: "blue",
  infoleak: "blue",
  ssrf: "teal",
  redir: "teal",
  crlf: "teal",
};

/** Name of the colour in which a type is shown; `grey` for those without one. */
export const typeHue = (type: string): string => (Object.hasOwn(HUES, type) ? (HUES[type] ?? "grey") : "grey");

/** A weakness at its catalogue; null for what is no CWE number. */
export function weaknessHref(cwe: string): string | null {
  const [, number] = /^CWE-(\d{1,6})$/.exec(cwe) ?? [];
  return number === undefined ? null : `https://cwe.mitre.org/data/definitions/${number}.html`;
}
