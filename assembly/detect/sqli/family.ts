/** Words of SQL that are known by how they begin: there are too many of each family to name them all. */
import { lower, startsLower } from "../../bytes/ascii";
import { SqlWord } from "../../tables/words.gen";

/** Packages and views that carry their nature in their prefix, in every dialect. @returns their kind or 0 */
export function familyKind(at: usize, size: u32): u32 {
  switch (lower(load<u8>(at))) {
    case 0x64:
      return startsLower(at, size, "dbms_") ? <u32>SqlWord.PACKAGE : 0;
    case 0x75:
      return startsLower(at, size, "utl_") ? <u32>SqlWord.PACKAGE : 0;
    case 0x78:
      return startsLower(at, size, "xp_") ? <u32>SqlWord.EFFECT : 0;
    case 0x73:
      return startsLower(at, size, "sp_") ? <u32>SqlWord.EFFECT : 0;
    case 0x72:
      return startsLower(at, size, "rdb$") ? <u32>SqlWord.SYSTEM : 0;
    case 0x6d:
      return startsLower(at, size, "mon$") ? <u32>SqlWord.SYSTEM : 0;
    case 0x76:
      return startsLower(at, size, "v$") ? <u32>SqlWord.SYSTEM : 0;
    case 0x67:
      return startsLower(at, size, "gv$") ? <u32>SqlWord.SYSTEM : 0;
    default:
      return 0;
  }
}
