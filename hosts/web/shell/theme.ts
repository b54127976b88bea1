/** Light, dark, or as the system says. The choice stays in this browser. */

/** What a person may choose. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT_AS = "merlon-theme";

/** The choice of before; `system` where there is none, or the browser keeps nothing. */
export function keptTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return THEMES.find((theme) => theme === kept) ?? "system";
  } catch {
    return "system";
  }
}

/** Shows a theme and keeps it, where the browser keeps anything. */
export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEPT_AS, theme);
  } catch {
    // Private windows of some browsers refuse; the choice then lasts as long as the page.
  }
  dispatchEvent(new Event("merlon-theme"));
}

/** The choice that a press of the switch comes to. */
export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
}
