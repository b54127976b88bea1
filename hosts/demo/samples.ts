/** Requests that the live page's buttons send through the proxy: attacks, and texts that only look like some. */

/** One request, and what it is there to show. */
export interface Sample {
  readonly id: string;
  readonly label: string;
  /** What it shows, one sentence. */
  readonly about: string;
  readonly harmless: boolean;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TUTORIAL = `How do I list the customers of one city?
Write SELECT name, city FROM customers WHERE city = 'Paris' ORDER BY name; and read the rows.
A UNION joins the rows of two queries, as in SELECT name FROM customers UNION SELECT name FROM suppliers.
Never build such a statement by joining strings: use parameters, and <script> tags stay text as well.`;

function get(id: string, label: string, path: string, about: string): Sample {
  return { id, label, about, harmless: false, method: "GET", path, headers: {}, body: "" };
}

/** All samples in the order of the buttons; `id` is unique. */
export const SAMPLES: readonly Sample[] = [
  get(
    "sqli",
    "SQL injection",
    "/?id=0+union+select+name,password,0+from+users",
    "A second SELECT is added to the shop's statement and lists its users.",
  ),
  get(
    "xss",
    "Script injection",
    "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E",
    "The search page repeats its question, so a script in it would run in the visitor's browser.",
  ),
  get(
    "ptrav",
    "Path traversal",
    "/manual?name=..%252f..%252f..%252fetc%252fpasswd",
    "The file name climbs out of its folder; it is percent-encoded twice to hide the slashes.",
  ),
  get(
    "rce",
    "Shell command",
    "/search?q=lamp;$(printf%20%27c%5C141t%27)%20/etc/passwd;w%27h%27oami",
    "A second command after a semicolon, its name taken apart by quotes.",
  ),
  {
    id: "nested",
    label: "Hidden in JSON and base64",
    about: "A tag that would steal cookies, as base64 in a JSON document: found after both are undone.",
    harmless: false,
    method: "POST",
    path: "/reviews",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: Buffer.from("<img src=x onerror=alert(document.cookie)>").toString("base64") }),
  },
  {
    id: "tutorial",
    label: "A harmless SQL tutorial",
    about: "Speaks of SELECT, UNION and script tags, and is only a text: it must pass.",
    harmless: true,
    method: "POST",
    path: "/reviews",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ text: TUTORIAL }).toString(),
  },
  {
    id: "visit",
    label: "An ordinary visit",
    about: "A visitor opens the product page.",
    harmless: true,
    method: "GET",
    path: "/?id=2",
    headers: {},
    body: "",
  },
];
