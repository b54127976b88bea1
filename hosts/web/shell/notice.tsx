/** What a view says where its answer is missing: on its way, refused, or nothing there. */
import type { ComponentChildren } from "preact";
import { Component } from "preact";
import { messageOf } from "./api.ts";

/** What went wrong and why, with a way to try again. */
export function Problem({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) {
  return (
    <div class="problem" role="alert">
      <span>{messageOf(error)}</span>
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Room for what is on its way, as high as it will be. */
export function Loading({ lines = 6 }: { readonly lines?: number }) {
  return (
    <div class="loading" role="status" aria-label="loading">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="ghost" />
      ))}
    </div>
  );
}

interface BoundaryProps {
  /** Where another view begins, an error of the last is over. */
  readonly place: string;
  readonly children: ComponentChildren;
}

/** Keeps the page standing where a view fails: what failed is told in its place. */
export class Boundary extends Component<BoundaryProps, { error: unknown; place: string }> {
  override state = { error: null, place: "" };

  static override getDerivedStateFromError(error: unknown): object {
    return { error };
  }

  static override getDerivedStateFromProps({ place }: BoundaryProps, state: { place: string }): object | null {
    return place === state.place ? null : { error: null, place };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return <>{this.props.children}</>;
    return (
      <Empty title="This view failed">
        <p>{messageOf(error)}</p>
        <p>It is a fault of the console, not of your data. Another view, or loading the page again, goes on.</p>
        <button type="button" onClick={() => this.setState({ error: null })}>
          Show it again
        </button>
      </Empty>
    );
  }
}
