/** What a blocked client is shown, read from the image: Node's hosts have the policy itself. */
import { current } from "../../../assembly/decode/transaction";
import { Slot } from "../../../assembly/policy/image";
import { imageHeld } from "../../../assembly/policy/scope";
import { Page, Section, sectionOf, sectionSize } from "../../../assembly/policy/tables";

/** What a page is shown for, by bits of `Page.causes`. */
export enum Cause {
  ATTACK = 1,
  ACL_IP = 2,
  /** No cause: everyone gets the page, whatever they accept. */
  FOR_ALL = 4,
}

let texts: usize = 0;

/** Where a text of the page found last lies. */
export function pageText(offset: u32): usize {
  return texts + <usize>offset;
}

/** Whether everyone gets the page, whatever they accept. */
export function isForAll(page: Page): bool {
  return (page.causes & <u32>Cause.FOR_ALL) != 0;
}

/** @returns the page for the current transaction, or null where the policy has none for this cause */
export function pageHeld(cause: Cause): Page {
  const image = imageHeld(Slot.ACTIVE);
  texts = sectionOf(image, Section.TEXTS);
  const rows = sectionOf(image, Section.PAGES);
  if (!rows || sectionSize < offsetof<Page>()) return changetype<Page>(0);
  /* Another image's page may not be there. */
  const held = current.page < sectionSize / offsetof<Page>() ? current.page : 0;
  const page = changetype<Page>(rows + <usize>(held * offsetof<Page>()));
  return page.causes & <u32>cause ? page : changetype<Page>(0);
}
