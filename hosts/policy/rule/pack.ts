/**
 * Packs: virtual patches that come with Merlon, for well-known holes whose requests no grammar shows, because each part
 * of them is ordinary by itself. A policy asks for a pack by its name; a rule of its own with a patch's name takes its
 * place. What is attacked by its grammar (commands, templates, traversal) is no matter of packs: signatures find it.
 *
 * Every patch has its attack and its harmless neighbours in test/data/policy/packs.yaml.
 */
import type { z } from "zod";
import type { Policy } from "../schema.ts";
import { type PACKS, type Rule, ruleSchema } from "./rule.ts";

type Written = Omit<z.input<typeof ruleSchema>, "name" | "kind" | "reference"> & { readonly cve: string };

const KNOWN_CVE: readonly Written[] = [
  {
    cve: "CVE-2025-55182",
    type: "rce",
    match: { method: "POST" },
    // React Server Components: a reference of the reply format that walks to a constructor.
    when: String.raw`(has(header["next-action"]) || has(header["rsc-action-id"])) &&
      point["post.**"].exists(v, v.matches(r'\$[0-9A-Fa-f]*:(?:[^":]*:)*(?:__proto__|constructor)\b'))`,
  },
  {
    cve: "CVE-2025-29927",
    type: "auth",
    // Next.js skips its middleware for a header that only itself may send.
    when: 'has(header["x-middleware-subrequest"])',
  },
  {
    cve: "CVE-2025-31324",
    type: "file_upload_violation",
    // SAP NetWeaver Visual Composer takes uploads without a login.
    when: 'method == "POST" && path.lowerAscii().startsWith("/developmentserver/metadatauploader")',
  },
  {
    cve: "CVE-2025-53770",
    type: "deserialize",
    // SharePoint's tool pane believes a referer that says that the user has just signed out.
    when: `method == "POST" && path.lowerAscii().endsWith("/toolpane.aspx") &&
      header["referer"].lowerAscii().contains("/_layouts/signout.aspx")`,
  },
  {
    cve: "CVE-2024-0012",
    type: "auth",
    // PAN-OS takes a client's word that it needs no login.
    when: 'header["x-pan-authcheck"].lowerAscii() == "off"',
  },
  {
    cve: "CVE-2024-1709",
    type: "auth",
    // ScreenConnect runs its set-up again for a path that goes on behind the wizard.
    when: 'path.lowerAscii().contains("/setupwizard.aspx/")',
  },
  {
    cve: "CVE-2023-22518",
    type: "auth",
    // Confluence restores a back-up for anyone.
    when: String.raw`method == "POST" &&
      path.matches(r"^(?:/[^/]+)?/json/setup-restore(?:-local|-progress)?\.action$")`,
  },
  {
    cve: "CVE-2023-4966",
    type: "infoleak",
    // NetScaler answers a host of thousands of characters with its memory.
    when: 'path.startsWith("/oauth/idp/.well-known/openid-configuration") && size(host) > 1024',
  },
  {
    cve: "CVE-2023-20198",
    type: "auth",
    // Cisco IOS XE's web interface, and the implant that asks for a logout with a hash.
    when: 'path.startsWith("/webui/logoutconfirm.html") && has(query.logon_hash)',
  },
  {
    cve: "CVE-2023-35078",
    type: "auth",
    // Ivanti EPMM's interface for machines, by a path that asks for no login.
    when: 'path.lowerAscii().startsWith("/mifs/aad/api/v2/")',
  },
  {
    cve: "CVE-2022-40684",
    type: "auth",
    // FortiOS believes a header that says that the request comes from itself.
    when: String.raw`path.startsWith("/api/v2/") &&
      header["forwarded"].lowerAscii().matches(r'(?:for|by)="?\[?127\.0\.0\.1\]?')`,
  },
  {
    cve: "CVE-2021-26855",
    type: "ssrf",
    // Exchange's front end asks the server that a cookie names.
    when: String.raw`path.lowerAscii().matches(r"^/(?:ecp|owa)/") && cookie["X-BEResource"].matches(r"[^~]~\d")`,
  },
  {
    cve: "CVE-2017-10271",
    type: "deserialize",
    match: { method: "POST" },
    // WebLogic's work contexts make any object that their XML names.
    when: String.raw`path.matches(r"^/(?:wls-wsat|_async)/") &&
      body.matches(r"(?i)<(?:object|void|java|class)\b")`,
  },
];

const rules = new Map<string, readonly Rule[]>();

/** @returns the rules of a pack */
export function packRules(pack: (typeof PACKS)[number]): readonly Rule[] {
  const known =
    rules.get(pack) ??
    KNOWN_CVE.map((written) => {
      const reference = `https://www.cve.org/CVERecord?id=${written.cve}`;
      return ruleSchema.parse({ ...written, name: written.cve.toLowerCase(), kind: "vpatch", reference });
    });
  rules.set(pack, known);
  return known;
}

/** All rules that a policy has: its own, and those of its packs whose names it does not use itself. */
export function rulesOf({ rules: own = [], packs = [] }: Pick<Policy, "rules" | "packs">): readonly Rule[] {
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...[...new Set(packs)].flatMap(packRules).filter(({ name }) => !names.has(name))];
}
