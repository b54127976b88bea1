/** From a stored record to the closest exceptions that let its findings pass. */
import { parse } from "yaml";
import { z } from "zod";
import { type ProposalTerms, proposeExceptions } from "../../policy/proposal.ts";
import type { AttackRecord } from "../../records/record.ts";

const documentSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    match: z.object({
      host: z.string().optional(),
      method: z.string().optional(),
      path: z.string().optional(),
      point: z.string().optional(),
    }),
    ignore: z.object({ stamps: z.array(z.string()).default([]), types: z.array(z.string()).default([]) }),
    reason: z.string(),
    expiresAt: z.string(),
  }),
});

/** A proposal, as the console shows it and as a file would have it. */
export interface RecordProposal {
  readonly items: { draft: z.output<typeof documentSchema>["spec"]; yaml: string }[];
  readonly notes: string[];
}

/** @returns one exception for each point of the record with findings that count */
export function proposalsOf({ request, hits }: AttackRecord, terms: ProposalTerms): RecordProposal {
  // The proposal reads method, path and host only; a record's texts are on one line each.
  const head = `${request.method} ${request.path} HTTP/1.1\r\nhost: ${request.host}\r\n\r\n`;
  const findings = hits.flatMap(({ stamps, point_s, type, severity, cwe, reason, decision }) =>
    stamps.map((stamp) => {
      const counts = decision === "would_block";
      return { type, stamp, cwe, severity, point: point_s, reason, counts, exception: 0, layers: [] };
    }),
  );
  const { documents, notes } = proposeExceptions(Buffer.from(head, "latin1"), findings, terms);
  const items = documents.map((yaml) => ({ draft: documentSchema.parse(parse(yaml)).spec, yaml }));
  return { items, notes: [...notes] };
}
