/**
 * Views of the list with a name: those that everybody has, and those that a person saved. These stay in the browser;
 * to hand one on, send its address.
 */
import { hrefOf } from "../shell/route.ts";

/** A view as it is kept: its name and the parameters of its address. */
export interface SavedView {
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What is kept of an address: how to look, not what is open. */
export const VIEW_PARAMS = ["where", "window", "group", "order"] as const;
const KEPT_AS = "merlon-views";
const VIEWS_MAX = 50;
const NAME_CHARACTERS_MAX = 60;
const VALUE_CHARACTERS_MAX = 4096;

/** Views that everybody has. */
export const SHIPPED_VIEWS: readonly SavedView[] = [
  { name: "All", params: {} },
  { name: "New since yesterday", params: { window: "24h", group: "type,point,host,path", order: "first_seen" } },
  { name: "Blocked", params: { where: 'action == "blocked"' } },
  { name: "By client", params: { group: "ip", order: "count" } },
  { name: "Incidents", params: { where: "incident", group: "none", window: "7d" } },
];

/** The parameters of an address that make a view. */
export function viewParams(params: URLSearchParams): Record<string, string> {
  return Object.fromEntries(VIEW_PARAMS.map((name) => [name, params.get(name) ?? ""]).filter(([, value]) => value));
}

/** Where a view is. */
export function hrefOfView({ params }: SavedView): string {
  return hrefOf("attacks", "", params);
}

/** Whether the address shows this view. */
export function isShown({ params }: SavedView, shown: URLSearchParams): boolean {
  return VIEW_PARAMS.every((name) => (params[name] ?? "") === (shown.get(name) ?? ""));
}

function viewOf(value: unknown): SavedView | null {
  if (typeof value !== "object" || value === null || !("name" in value) || !("params" in value)) return null;
  const { name, params } = value;
  if (typeof name !== "string" || name === "" || typeof params !== "object" || params === null) return null;
  const kept = Object.entries(params).flatMap(([key, text]) => {
    const isOurs = VIEW_PARAMS.some((one) => one === key) && typeof text === "string";
    return isOurs && text.length <= VALUE_CHARACTERS_MAX ? [[key, text] as const] : [];
  });
  return { name: name.slice(0, NAME_CHARACTERS_MAX), params: Object.fromEntries(kept) };
}

/** Views of this browser; what cannot be read is left out. */
export function savedViews(): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(kept) ? kept.slice(0, VIEWS_MAX).flatMap((one) => viewOf(one) ?? []) : [];
  } catch {
    return [];
  }
}

/** Keeps a view; one of the same name gives way. @returns whether the browser kept it */
export function saveView(view: SavedView): boolean {
  return keep([...savedViews().filter(({ name }) => name !== view.name), view].slice(-VIEWS_MAX));
}

/** Forgets a view. @returns whether the browser did */
export function forgetView(name: string): boolean {
  return keep(savedViews().filter((view) => view.name !== name));
}

function keep(views: readonly SavedView[]): boolean {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(views));
    return true;
  } catch {
    return false;
  }
}
