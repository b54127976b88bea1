/**
 * Mail injection: a value that a program puts into the head of a mail or into its talk with a mail server.
 *
 * What an attack IS: an address, or one other token, and on the next line what mail reads there: a field that says
 * whom the mail goes to or what it holds (RFC 5322 §3.6, RFC 2045), a command of SMTP with its address (RFC 5321 §4.1)
 * or a tagged command of IMAP (RFC 9051 §6). What is none: quoted mails and lists of addresses in a text. They begin
 * with a field or with words, and a list has no field names. `Bcc` behind any break is crlf.ts's too.
 */
import { equalsLower, isAlpha, isDigit, isRow, isSpace } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { layer } from "../decode/layer";
import { spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { firstIsAddress, lineAt, lineEnd, linesBegin, linesGate, linesNext } from "./lines";
import { report } from "./match";

/** Fields with addresses, and fields that change what the mail is. */
const ADDRESSED: string = `to
cc
bcc
from
sender
reply-to
return-path
errors-to
disposition-notification-to
`;
const DESCRIBED: string = `subject
mime-version
content-type
content-transfer-encoding
x-mailer
`;
/** Commands behind a tag. */
const TAGGED: string = `append
authenticate
capability
check
close
copy
create
delete
examine
expunge
fetch
list
login
logout
lsub
noop
rename
search
select
starttls
status
store
subscribe
uid
unsubscribe
`;

/** Whether the current layer can hold such an attack. */
export function mailGate(): bool {
  return linesGate();
}

/** Whether the rest of the line holds an address. */
function hasAddress(at: usize): bool {
  at = findByte(at, lineEnd, 0x40);
  return at + 1 < lineEnd && (isAlpha(load<u8>(at + 1)) || isDigit(load<u8>(at + 1)) || load<u8>(at + 1) == 0x5b);
}

/** A field of a mail. @returns whether the line is one that follows an address on purpose */
function isField(): bool {
  const colon = findByte(lineAt, lineEnd, 0x3a);
  let stop = colon;
  while (stop > lineAt && isSpace(load<u8>(stop - 1))) stop--;
  const size = <u32>(stop - lineAt);
  if (colon == lineEnd || size < 2) return false;
  if (isRow(ADDRESSED, lineAt, size))
    return hasAddress(colon + 1) && (firstIsAddress || equalsLower(lineAt, size, "bcc"));
  return firstIsAddress && colon + 1 < lineEnd && isRow(DESCRIBED, lineAt, size);
}

/** `RCPT TO:` or `MAIL FROM:` with an address. */
function isEnvelope(): bool {
  const colon = findByte(lineAt, lineEnd, 0x3a);
  const size = <u32>(colon - lineAt);
  if (!equalsLower(lineAt, size, "rcpt to") && !equalsLower(lineAt, size, "mail from")) return false;
  return hasAddress(colon) || findByte(colon, lineEnd, 0x3c) < lineEnd;
}

/** `A1 SELECT …`: a tag of letters and digits, or a dot, and a command in capitals. */
function isTagged(): bool {
  let at = lineAt;
  if (load<u8>(at) == 0x2e) at++;
  else {
    while (at < lineEnd && isAlpha(load<u8>(at))) at++;
    const digits = at;
    if (at == lineAt || at - lineAt > 5) return false;
    while (at < lineEnd && isDigit(load<u8>(at))) at++;
    if (at == digits) return false;
  }
  if (at >= lineEnd || load<u8>(at) != 0x20) return false;
  const word = ++at;
  while (at < lineEnd && <u32>load<u8>(at) - 65 < 26) at++;
  if (at < lineEnd && !isSpace(load<u8>(at))) return false;
  return isRow(TAGGED, word, <u32>(at - word));
}

/** Looks for such attacks in the current layer. */
export function mailLex(): void {
  if (!mailGate() || !linesBegin() || !spend(layer.size * 2)) return;
  while (linesNext()) {
    if (isField()) {
      report(Signature.MAIL_INJECTION_HEADER, lineAt, lineEnd);
      return;
    }
    if (isEnvelope() || isTagged()) {
      report(Signature.MAIL_INJECTION_COMMAND, lineAt, lineEnd);
      return;
    }
  }
}
