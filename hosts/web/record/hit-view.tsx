/** One hit of a record: why it matched, and its bytes in every layer of decoding, from those that were sent. */
import { useState } from "preact/hooks";
import { Filterable } from "../attacks/filterable.tsx";
import { Severity, TypeBadge } from "./badge.tsx";
import { fromBase64, hexLines, markedOf, visible, visibleText } from "./bytes.ts";
import type { Hit } from "./record.ts";
import { decisionText, layerText, severityText, weaknessHref } from "./words.ts";

type LayerOfHit = Hit["layers"][number];

/** A hit with its layers. */
export function HitView({ hit, isMasked }: { readonly hit: Hit; readonly isMasked: boolean }) {
  const [isHex, setIsHex] = useState(false);
  return (
    <section class={`hit ${hit.decision}`}>
      <header>
        <h3>
          <TypeBadge type={hit.type} /> in{" "}
          <Filterable field="point" value={hit.point_s}>
            <code>{visible(hit.point_s)}</code>
          </Filterable>
        </h3>
        <button type="button" class="quiet" aria-pressed={isHex} onClick={() => setIsHex(!isHex)}>
          hex
        </button>
      </header>
      <p>
        {visible(hit.reason)}.{" "}
        <span class="soft">
          <Severity severity={hit.severity} /> {severityText(hit.severity)} · {visible(decisionText(hit.decision))}
          {hit.exception !== null && ` (${visible(hit.exception)})`}
        </span>
      </p>
      <p class="signs">
        {hit.stamps.map((stamp) => (
          <Filterable key={stamp} field="stamp" value={stamp}>
            <code>{visible(stamp)}</code>
          </Filterable>
        ))}
        {hit.cwe.map((cwe) => (
          <Weakness key={cwe} cwe={cwe} />
        ))}
        {hit.cve.map((cve) => (
          <span key={cve}>{visible(cve)}</span>
        ))}
        {hit.subtype !== undefined && <span>{visible(hit.subtype)}</span>}
        {isMasked && <span class="badge masked">masked: hidden bytes are *</span>}
      </p>
      <ol class="layers">
        {hit.layers.map((layer, index) => (
          <LayerView key={`${index}-${layer.as}`} layer={layer} isHex={isHex} />
        ))}
      </ol>
      {hit.layers.length === 0 && (
        <p>
          <code>{visible(hit.payload)}</code>
        </p>
      )}
    </section>
  );
}

function Weakness({ cwe }: { readonly cwe: string }) {
  const href = weaknessHref(cwe);
  if (href === null) return <span>{visible(cwe)}</span>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {cwe}
    </a>
  );
}

function LayerView({ layer, isHex }: { readonly layer: LayerOfHit; readonly isHex: boolean }) {
  const bytes = fromBase64(layer.excerpt_b64);
  return (
    <li>
      <span class="layer-name">{visible(layerText(layer.as))}</span>
      {isHex ? <HexView bytes={bytes} layer={layer} /> : <TextView bytes={bytes} layer={layer} />}
      <span class="layer-span" title="first and last byte of what matched, in this layer">
        {layer.span[0]}–{layer.span[1]}
      </span>
    </li>
  );
}

interface BytesProps {
  readonly bytes: Uint8Array;
  readonly layer: LayerOfHit;
}

function TextView({ bytes, layer }: BytesProps) {
  const { before, marked, after, isCutBefore, isCutAfter } = markedOf(bytes, layer.excerpt_at, layer.span);
  return (
    <code class="bytes">
      {isCutBefore && "…"}
      {visibleText(before)}
      <mark>{visibleText(marked)}</mark>
      {visibleText(after)}
      {isCutAfter && "…"}
    </code>
  );
}

function HexView({ bytes, layer }: BytesProps) {
  return (
    <div class="hex">
      {hexLines(bytes, layer.excerpt_at, layer.span).map(({ at, cells }) => (
        <div key={at}>
          <span class="soft">{at.toString(16).padStart(4, "0")}</span>
          <code>
            {cells.map(({ hex, isMarked }, index) => (
              <span key={index}>{isMarked ? <mark>{hex}</mark> : hex} </span>
            ))}
          </code>
          <code>
            {cells.map(({ text, isMarked }, index) => (
              <span key={index}>{isMarked ? <mark>{text}</mark> : text}</span>
            ))}
          </code>
        </div>
      ))}
    </div>
  );
}
