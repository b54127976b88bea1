/** What a case of the differential test is: one odd but plausible way to write a value into a request. */
import type { Pair } from "../../assembly/core.ts";

/** What a parser is to read: a body with its type, a query, or a Cookie header. */
export type Kind = "multipart" | "form" | "json" | "xml" | "query" | "cookie";

/** The bytes of a request that hold a value. */
export interface Written {
  /** Fields of the head; those of a body's kind have a Content-Type or tell why not by lacking one. */
  readonly fields: readonly Pair[];
  /** Body, query or Cookie value, one byte a character. */
  readonly text: string;
}

/** One way to write a value. */
export interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly write: (value: string) => Written;
  /** A back end that reads the value here and is none of the parsers of the test: it must be seen all the same. */
  readonly readBy?: string;
  /** Nobody writes it so by chance: that readers disagree is told, and the value is not always found. */
  readonly told?: true;
  /** It shows an attack of its own whatever the value: a head inside a value, a character set to hide in. */
  readonly suspect?: true;
}

/** A body of a type. */
export function typed(type: string, text: string): Written {
  return { fields: [["content-type", type]], text };
}

/** UTF-16 or UTF-32 as one byte a character. */
export function wide(text: string, set: "utf16le" | "utf16be" | "utf32le" | "utf32be"): string {
  const [size, low] = [set.startsWith("utf16") ? 2 : 4, set.endsWith("le")];
  return [...text]
    .map((c) => {
      const unit = Buffer.alloc(size);
      if (low) unit.writeUIntLE(c.charCodeAt(0), 0, size);
      else unit.writeUIntBE(c.charCodeAt(0), 0, size);
      return unit.toString("latin1");
    })
    .join("");
}
