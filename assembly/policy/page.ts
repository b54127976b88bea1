/** What a blocked client is shown, for the host that answers from the image: Envoy. Others have the policy itself. */
import { current } from "../decode/transaction";
import { Slot } from "./image";
import { imageHeld } from "./scope";
import { Page, Section, sectionOf, sectionSize } from "./tables";

/** What a page is shown for, by bits of `Page.causes`. */
export enum Cause {
  ATTACK = 1,
  ACL_IP = 2,
}

let texts: usize = 0;

/** Where a text of the page found last lies. */
export function pageText(offset: u32): usize {
  return texts + <usize>offset;
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
