/** Comments stand in front of the field that they are about, once, and change nothing. */
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { commentedYaml } from "../../../../hosts/cli/connector/commented-yaml.ts";

test("each field is explained where it stands first", () => {
  const objects: object[] = [{ a: { b: 1, c: ["x: y"] } }, { b: "no", toString: "# d" }];
  const yaml = commentedYaml(["head", "lines"], objects, { b: "why b", e: "nobody" });
  expect(yaml).toBe(
    '# head\n# lines\na:\n  # why b\n  b: 1\n  c:\n    - "x: y"\n---\nb: "no"\ntoString: "# d"\n'.replace('"no"', "no"),
  );
  expect(parseAllDocuments(yaml).map((document) => (document as { toJS(): unknown }).toJS())).toEqual(objects);
});
