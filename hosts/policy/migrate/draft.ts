/** What the readers of manifests share: a policy while it is put together, and where they tell what they found. */
import type { Written } from "./settings.ts";

/** Whose objects are read. */
export const ORIGINS = ["wallarm", "ingress-nginx"] as const;
export type Origin = (typeof ORIGINS)[number];

/** A policy while it is put together. */
export interface Draft {
  readonly name: string;
  readonly from: string;
  defaults: Written;
  readonly scopes: object[];
  readonly rules: object[];
}

/** Prefixes of annotations of Ingresses. */
export const INGRESS_PREFIXES = ["nginx.ingress.kubernetes.io/", "nginx.org/"] as const;

/** What a reader tells of its findings. */
export interface Report {
  /** Something was carried over. */
  taken(): void;
  /** Something was not, or not whole. */
  left(place: string, what: string, why: string): void;
}

/** @returns a name as Kubernetes and file systems take it */
export function plainName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain.slice(0, 60).replace(/-+$/, "") || "policy";
}
