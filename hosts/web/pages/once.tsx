/** A secret that is shown once: after this it can only be replaced. */
import { Copy } from "../shell/copy.tsx";

/** A secret and what it is for. */
export interface OnceProps {
  /** `Password of ada`. */
  readonly title: string;
  readonly secret: string;
  readonly onDone: () => void;
}

/** The secret, until the person says that it is kept. */
export function Once({ title, secret, onDone }: OnceProps) {
  return (
    <div class="notice warn once" role="alert">
      <p>
        <b>{title}</b>, shown this once:
      </p>
      <p>
        <code>{secret}</code> <Copy label="Copy" text={() => secret} />
      </p>
      <button type="button" onClick={onDone}>
        I have kept it
      </button>
    </div>
  );
}
