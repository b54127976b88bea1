/** Where a page may put a value raw, or nearly so: one document a context, as careless programs write them. */

const PAGE = (body: string): string => `<!doctype html><title>t</title><body>${body}</body>`;
/** JSON inside a script element, as a careful program writes it. */
const json = (value: string): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** The contexts by their names; each puts the value into a document. */
export const CONTEXTS = {
  text: (value) => PAGE(`<div>${value}</div>`),
  double: (value) => PAGE(`<input name="q" value="${value}">`),
  single: (value) => PAGE(`<input name='q' value='${value}'>`),
  bare: (value) => PAGE(`<input name=q value=${value}>`),
  href: (value) => PAGE(`<a href="${value}">go</a>`),
  frame: (value) => PAGE(`<iframe src="${value}"></iframe>`),
  comment: (value) => PAGE(`<!-- ${value} -->`),
  textarea: (value) => PAGE(`<textarea>${value}</textarea>`),
  title: (value) => `<!doctype html><title>${value}</title><body>x</body>`,
  style: (value) => PAGE(`<style>p { color: ${value}; }</style>`),
  singleString: (value) => PAGE(`<script>var a = '${value}';</script>`),
  doubleString: (value) => PAGE(`<script>var a = "${value}";</script>`),
  template: (value) => PAGE(`<script>var a = \`${value}\`;</script>`),
  argument: (value) => PAGE(`<script>function show() {} show({ id: '${value}', n: [1] });</script>`),
  handler: (value) => PAGE(`<p onclick="function go() {} go('${value}')">x</p>`),
  document: (value) => PAGE(`<script>var a = { "q": ${JSON.stringify(value)} };</script>`),
  sink: (value) => PAGE(`<div id=d></div><script>d.innerHTML = ${json(value)};</script>`),
  location: (value) => PAGE(`<script>location = ${json(value)};</script>`),
} satisfies Readonly<Record<string, (value: string) => string>>;

/** A context's name. */
export type ContextName = keyof typeof CONTEXTS;
/** All of them. */
export const CONTEXT_NAMES: readonly ContextName[] = Object.keys(CONTEXTS).filter(isContext);

function isContext(name: string): name is ContextName {
  return Object.hasOwn(CONTEXTS, name);
}
