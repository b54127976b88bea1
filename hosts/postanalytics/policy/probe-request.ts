/** Puts a text where a point's name says, in a request that a scope fits: to try what an exception would let pass. */

/** Where to; what is undefined may be anything. */
export interface ProbePlace {
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  /** A path template. */
  readonly path?: string | undefined;
  /** A pattern of points. */
  readonly point?: string | undefined;
}

interface Parts {
  readonly query?: string;
  readonly header?: readonly [name: string, value: string];
  readonly body?: readonly [type: string, content: string];
}

const BOUNDARY = "merlon-probe";
const FORM = "application/x-www-form-urlencoded";

/** Percent-encodes everything that an address or a form could read in another way. */
function encoded(text: string): string {
  return Buffer.from(text)
    .toString("latin1")
    .replace(/[^A-Za-z0-9._~-]/g, (char) => {
      return `%${char.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`;
    });
}

/** @returns segments of a point's name with their escapes undone; stars stand for a name of no meaning */
function segmentsOf(point: string): string[] {
  const written = point.match(/(?:\\.|[^.\\])+/gs) ?? [];
  return written.filter((one) => one !== "**").map((one) => (one === "*" ? "x" : one.replace(/\\(.)/gs, "$1")));
}

function jsonOf(segments: readonly string[], text: string): unknown {
  const [kind, name = "x", ...rest] = segments;
  if (kind === "hash") return { [name]: jsonOf(rest, text) };
  if (kind !== "array") return kind === undefined ? text : null;
  // An item has a number, or none where all items are meant.
  return [jsonOf(/^\d+$|^x$/.test(segments[1] ?? "") ? rest : segments.slice(1), text)];
}

function xmlOf(segments: readonly string[], text: string): string | null {
  const [kind, name = "", ...rest] = segments;
  if (kind === undefined) return text.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
  if (kind !== "xml_tag" || !/^[A-Za-z][\w.-]*$/.test(name)) return null;
  const inner = xmlOf(rest, text);
  return inner === null ? null : `<${name}>${inner}</${name}>`;
}

function bodyOf([kind, ...rest]: readonly string[], text: string): Parts | null {
  const [name = ""] = rest;
  if (kind === undefined) return { body: ["text/plain", text] };
  if (kind === "form_urlencoded") {
    return rest.length === 1 ? { body: [FORM, `${encoded(name)}=${encoded(text)}`] } : null;
  }
  if (kind === "json_doc") {
    const value = jsonOf(rest, text);
    return JSON.stringify(value).includes("null") ? null : { body: ["application/json", JSON.stringify(value)] };
  }
  if (kind === "xml") {
    const content = xmlOf(rest, text);
    return content === null ? null : { body: ["application/xml", content] };
  }
  if (kind !== "multipart" || rest.length !== 1 || /["\r\n]/.test(name)) return null;
  const part = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n--${BOUNDARY}--\r\n`;
  return { body: [`multipart/form-data; boundary=${BOUNDARY}`, part] };
}

function partsOf(point: string | undefined, text: string): Parts | null {
  const [kind, ...rest] = segmentsOf(point ?? "query.x");
  const [name = "x", inner, last = "x", ...more] = rest;
  if (kind === "query") return rest.length <= 1 ? { query: `${encoded(name)}=${encoded(text)}` } : null;
  if (kind === "post") return bodyOf(rest, text);
  if (kind !== "header" || more.length > 0 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return null;
  if (inner === "cookie") return /[=;\s]/.test(last) ? null : { header: ["cookie", `${last}=${encoded(text)}`] };
  if (inner === "query") return { header: [name, `https://probe.invalid/?${encoded(last)}=${encoded(text)}`] };
  return inner === undefined && !/[\r\n\0]/.test(text) ? { header: [name, text] } : null;
}

/** @returns the request as HTTP/1.1, or null where nothing can be put there */
export function probeRequest(place: ProbePlace, text: string): Buffer | null {
  const isPath = place.point === "path" || place.point?.startsWith("path.") === true;
  const template = place.path ?? (isPath ? "/*" : "/");
  const steps = template.split("/").slice(1);
  const open = steps.lastIndexOf("*");
  if (isPath && open < 0) return null;
  const parts = isPath ? {} : partsOf(place.point, text);
  if (parts === null) return null;
  const filled = steps
    .filter((step) => step !== "**")
    .map((step, at) => {
      return step === "*" ? (isPath && at === open ? encoded(text) : "1") : step;
    });
  const target = `/${filled.join("/")}${parts.query === undefined ? "" : `?${parts.query}`}`;
  const method = place.method ?? (parts.body === undefined ? "GET" : "POST");
  const host = (place.host ?? "probe.invalid").replace(/^\*\./, "probe.");
  const [type = "", content = ""] = parts.body ?? [];
  const headers = [
    `host: ${host}`,
    ...(parts.header === undefined ? [] : [`${parts.header[0]}: ${parts.header[1]}`]),
    ...(parts.body === undefined ? [] : [`content-type: ${type}`, `content-length: ${Buffer.byteLength(content)}`]),
  ];
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${content}`);
}
