/** YAML that explains itself: documents with a comment in front of the fields that somebody will ask about. */
import { Document, isScalar, visit } from "yaml";

/** What is said of a field where it stands first, by its name. */
export type Comments = Readonly<Record<string, string>>;

/**
 * @param head lines in front of everything
 * @param objects a document each, divided by `---`
 */
export function commentedYaml(head: readonly string[], objects: readonly object[], comments: Comments): string {
  const told = new Set<string>();
  const documents = objects.map((object) => {
    const document = new Document(object, { aliasDuplicateObjects: false });
    visit(document, {
      Pair: (_, { key }) => {
        const name = isScalar(key) ? String(key.value) : "";
        const text = Object.hasOwn(comments, name) ? comments[name] : undefined;
        if (text === undefined || told.has(name) || !isScalar(key)) return;
        told.add(name);
        key.commentBefore = ` ${text}`;
      },
    });
    return document.toString({ lineWidth: 0 });
  });
  return `${head.map((line) => `# ${line}\n`).join("")}${documents.join("---\n")}`;
}
