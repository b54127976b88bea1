/**
 * What request sets call their attacks, in Merlon's codes. Sets have a vocabulary each; a report compares them only if
 * equal things have one name. The table is part of docs/cli.md.
 */

/** Merlon's code, and the names of sets that mean it: lower case, everything but letters and digits as one dash. */
export const ATTACK_NAMES: Readonly<Record<string, readonly string[]>> = {
  sqli: ["sql", "sql-injection", "sqlinjection", "community-sqli", "sqli-blind", "injection-sql"],
  nosqli: ["nosql", "nosql-injection", "mongodb", "mongo"],
  xss: ["xss-scripting", "community-xss", "script-injection", "cross-site-scripting", "xss-attack"],
  ptrav: [
    ...["path-traversal", "pathtraver", "pathtraversal", "traversal", "directory-traversal", "dt"],
    ...["lfi", "community-lfi", "community-lfi-multipart", "file-inclusion"],
  ],
  rfi: ["remote-file-inclusion", "community-rfi"],
  rce: [
    ...["shell-injection", "cmdi", "command-injection", "command-injection-ruby", "os-command-injection", "cmdexe"],
    ...["rce-urlparam", "rce-urlpath", "community-rce", "community-rce-rawrequests", "code-injection"],
    ...["server-code-injection", "shellshock", "log4shell", "injection-php", "injection-java"],
  ],
  ssi: ["ss-include", "ssi-injection", "server-side-include"],
  ssti: ["sst-injection", "template-injection", "unwanted-interpolation"],
  xxe: ["community-xxe", "xxe-injection", "xxe-injection-xml", "xml-injection", "xml-external-entity"],
  ldapi: ["ldap", "ldap-injection"],
  crlf: ["crlf-injection", "header-injection", "response-splitting"],
  mail_injection: ["mail-injection", "email-injection", "mail"],
  xpath: ["xpath-injection", "xpathi", "xquery-injection"],
  mass_assignment: ["mass-assignment", "prototype-pollution"],
  ssrf: ["community-ssrf", "server-side-request-forgery"],
  redir: ["open-redirect", "redirect"],
  scanner: ["reputation-scanner", "community-user-agent"],
};

/** The name for attacks of sets that name none. */
const UNCLASSIFIED = "unclassified";

const CODES: ReadonlyMap<string, string> = new Map(
  Object.entries(ATTACK_NAMES).flatMap(([code, names]) => [
    [fold(code), code] as const,
    ...names.map((name) => [name, code] as const),
  ]),
);

/** @returns Merlon's code for a set's class; a class that nobody knows keeps its name */
export function attackCode(className: string | null): string {
  if (className === null || className.trim() === "") return UNCLASSIFIED;
  return CODES.get(fold(className)) ?? className;
}

function fold(className: string): string {
  return className
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
