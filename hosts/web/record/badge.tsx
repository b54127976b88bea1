/** Types, outcomes and severities as they are shown everywhere: a colour, and always the word beside it. */
import { visible } from "./bytes.ts";
import { severityText, typeHue, typeText } from "./words.ts";

/** An attack's type. */
export function TypeBadge({ type }: { readonly type: string }) {
  return (
    <span class={`badge hue-${typeHue(type)}`} title={visible(type)}>
      {visible(typeText(type))}
    </span>
  );
}

const OUTCOMES = {
  blocked: ["blocked", "bad"],
  partly: ["partly blocked", "warn"],
  watched: ["watched", "warn"],
  failed: ["not inspected", "bad"],
} as const;

/** What became of a request, or of all requests of a group. */
export function Outcome({ outcome }: { readonly outcome: keyof typeof OUTCOMES }) {
  const [text, tone] = OUTCOMES[outcome];
  return <span class={`outcome ${outcome} ${tone}`}>{text}</span>;
}

const SEVERITIES_MAX = 5;

/** How severe, as dots and in words. */
export function Severity({ severity }: { readonly severity: number }) {
  const dots = Math.min(SEVERITIES_MAX, Math.max(0, severity));
  return (
    <span class={`severity s${dots}`} title={`severity ${severity} of ${SEVERITIES_MAX}`}>
      <span aria-hidden="true">{"●".repeat(dots)}</span>
      <span class="spoken">severity {severityText(severity)}</span>
    </span>
  );
}

const LABELS = { false_positive: "false positive", true_attack: "true attack" } as const;

/** What an analyst said; nothing where nobody did. */
export function LabelBadge({ verdict }: { readonly verdict: keyof typeof LABELS | null | undefined }) {
  if (verdict === null || verdict === undefined) return null;
  return <span class={`badge label-${verdict}`}>{LABELS[verdict]}</span>;
}
