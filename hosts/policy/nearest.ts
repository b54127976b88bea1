/** The word that a person probably meant: for unknown fields, values, commands and flags. */

/** Longer words are not compared: nobody mistypes them by a letter or two. */
const WORD_CHARS_MAX = 64;

/**
 * @param word what was written
 * @param known what could have been meant
 * @returns the known word with the fewest edits, or undefined where none is close
 */
export function nearestOf(word: string, known: Iterable<string>): string | undefined {
  if (word.length > WORD_CHARS_MAX) return undefined;
  const written = fold(word);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const candidate of known) {
    if (candidate.length > WORD_CHARS_MAX) continue;
    const distance = editsBetween(written, fold(candidate));
    if (distance >= least) continue;
    // Half of a short word replaced is another word, not a slip.
    if (distance > 0 && distance * 2 > Math.min(written.length, candidate.length)) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** @returns ` — did you mean "mode"?` or what else reads well, or "" where nothing is near */
export function suggestion(word: string, known: Iterable<string>): string {
  const near = nearestOf(word, known);
  return near === undefined ? "" : `did you mean "${near}"?`;
}

/** Case and separators are what people mix up most: `modeallowoverride`, `inspect-bytes`. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (before[j - 2] ?? 0) + 1);
      }
      row.push(edits);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
