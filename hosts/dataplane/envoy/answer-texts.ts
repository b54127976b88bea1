/**
 * What clients are told, word for word as hosts/core/block-page.ts does in Node; test/hosts/dataplane/envoy holds both
 * together. `{{…}}` is filled in by answer.ts. Each text is one literal, since joined ones would be joined at run time.
 */

/** Page for browsers. */
export const PAGE: string = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>{{title}}</title><style>{{style}}</style></head>
<body><main><h1>{{title}}</h1><p>{{text}}</p>
<dl><dt>Reference</dt><dd>{{reference}}</dd><dt>Time</dt><dd>{{time}}</dd></dl>
</main></body></html>
`;
/** Its style; the hash in PAGE_FIELDS is of these bytes. */
export const STYLE: string = `:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;
background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:34rem;width:100%;border:1px solid var(--line);border-radius:.5rem;padding:2rem}
h1{font-size:1.35rem;margin:0 0 .75rem}p{margin:0 0 1.25rem;color:var(--soft)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1rem;margin:0}dt{color:var(--soft)}
dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere;user-select:all;-webkit-user-select:all}
p.detail{margin:1.25rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line)}`;
/** Problem details for programs (RFC 9457). */
export const PROBLEM: string = `{"type":"about:blank","title":"{{title}}","status":{{status}},\
"detail":"{{text}}","reference":"{{reference}}","time":"{{time}}"}
`;

/** Fields of every answer, a line each: name, colon, space, value. */
export const FIELDS: string = `x-merlon-ref: {{reference}}
cache-control: no-store
`;
/** Fields that ask to come again. */
export const RETRY_FIELDS: string = `retry-after: 2
`;
/** Fields of answers that are no gRPC. */
export const WEB_FIELDS: string = `vary: accept
x-content-type-options: nosniff
referrer-policy: no-referrer
`;
/** Fields of our page, of a policy's page, of problem details. */
export const PAGE_FIELDS: string = `content-type: text/html; charset=utf-8
content-security-policy: {{strict}}; style-src 'sha256-EEsXfmdb+L9fj363Bt8ZM3jmWye+zxfKBj7KROSh7u4='
`;
export const OWN_PAGE_FIELDS: string = `content-type: text/html; charset=utf-8
content-security-policy: {{strict}}; style-src 'unsafe-inline'; img-src data:
`;
export const PROBLEM_FIELDS: string = `content-type: application/problem+json
content-security-policy: {{strict}}
`;
/** What nothing but styles and pictures may go beyond. */
export const STRICT: string = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Fields of gRPC, and of gRPC-Web, whose status Envoy does not write. */
export const GRPC_FIELDS: string = `merlon-ref: {{reference}}
`;
export const GRPC_WEB_FIELDS: string = `content-type: application/grpc-web+proto
grpc-status: {{grpc}}
grpc-message: {{title}}
merlon-ref: {{reference}}
`;

/** Titles and texts. */
export const BLOCKED_TITLE: string = "Request blocked";
export const BLOCKED_TEXT: string = `This request looked like an attack and was not passed on. \
If that is wrong, tell the owner of this site and give the reference.`;
export const UNINSPECTED_TITLE: string = "Request could not be checked";
export const UNINSPECTED_TEXT: string = `The request could not be checked and was therefore not passed on. \
Try again shortly.`;
export const TOO_LARGE_TITLE: string = "Request too large";
export const TOO_LARGE_TEXT: string = "The request is larger than is allowed here.";
