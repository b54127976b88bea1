/**
 * The one namespace of variables: what a request has, which rules and search share, and what only a record has. A name
 * means the same wherever it may be used.
 */
import { INT, IP, listOf, mapOf, type Schema, STRING, TIMESTAMP } from "./schema.ts";

/** Readings of a request's values, and the size at which as many of them are all that is inspected by default. */
const READINGS_MAX = 4096;
const READING_CHARS_MAX = 2560;
const BODY_CHARS_MAX = 1_048_576;

/** What is known of a request while it is inspected: for rules, and for records as they keep it. */
export const REQUEST_VARIABLES: Schema = {
  method: { type: STRING, charsMax: 64, about: "the method, as sent" },
  host: { type: STRING, charsMax: 255, about: "the host that was asked for, in lower case, without port" },
  path: { type: STRING, about: "the path without query, percent escapes undone once" },
  query: {
    type: mapOf(STRING),
    about: "values of the query by name, escapes undone once; of one name joined by commas",
  },
  header: {
    type: mapOf(STRING),
    foldsNames: true,
    about: "header fields by name in any case; of one name joined by commas",
  },
  cookie: { type: mapOf(STRING), about: "cookies by name, escapes undone once; of one name joined by commas" },
  body: { type: STRING, charsMax: BODY_CHARS_MAX, about: "the inspected part of the body, compression undone" },
  point: {
    type: mapOf(listOf(STRING)),
    charsMax: READING_CHARS_MAX,
    entriesMax: READINGS_MAX,
    about: "every reading of the values at the points of this name, which may hold * and one **",
  },
  ip: { type: IP, about: "the client's address, by the policy's trusted proxies" },
  app: { type: STRING, charsMax: 63, about: "the application's name, or its number" },
  now: { type: TIMESTAMP, about: "the time" },
};

/** What a record has beyond that: for search and alerts. */
export const RECORD_VARIABLES: Schema = {
  ...REQUEST_VARIABLES,
  country: { type: STRING, charsMax: 2, about: "the client's country, two letters as in ISO 3166" },
  asn: { type: INT, about: "number of the client's network, 0 where it is not known" },
  type: { type: listOf(STRING), charsMax: 32, entriesMax: 16, about: "attack types found, such as sqli" },
  stamp: { type: listOf(STRING), charsMax: 64, entriesMax: 16, about: "stamps of what was found, such as sqli-union" },
  severity: { type: INT, about: "highest severity found, 1 to 5" },
  action: {
    type: STRING,
    charsMax: 32,
    about: "what was done: blocked, monitored, passed_fail_open, partially_blocked",
  },
  status: { type: INT, about: "status of the answer, 0 where none was seen" },
  ts: { type: TIMESTAMP, about: "when it was" },
};
