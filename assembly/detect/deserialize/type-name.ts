/**
 * Documents that name the class to be built: JSON of Fastjson, Jackson, JSON.NET and their kin, XML of XMLDecoder and
 * XStream, functions in the JSON of node-serialize.
 *
 * A class counts by its name space, where the name stands in the key that readers take classes from (`@type`,
 * `$type`, `@class`); elsewhere only a class that is known for what it does (the words GADGET of source/words/).
 */
import { equalsLower, isAlpha, isDigit, isSpace, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { Decoder, decode } from "../../decode/decoder";
import { hasOther, layer } from "../../decode/layer";
import { findLastName, lastNameAt, lastNameSize, Place } from "../../decode/point";
import { Has, wordPayload } from "../../decode/profile";
import { place } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { OTHER_MASK, OTHER_SHIFT, OtherWord } from "../../tables/words.gen";
import { report } from "../match";

/** Longest class name, with what .NET adds of its assembly. */
const NAME_BYTES_MAX: u32 = 256;
/** Longest key with escapes in it. */
const ESCAPED_BYTES_MAX: u32 = 64;

/**
 * Name spaces whose classes act when a reader builds them or sets their properties, as the names begin, a line each.
 * Plain values and collections of the same libraries do not stand here.
 */
const SPACES: string = `java.net.inet
java.net.url
java.net.socket
java.net.serversocket
java.lang.autocloseable
java.lang.class
java.lang.runtime
java.lang.process
java.rmi.
java.beans.
java.util.priorityqueue
java.util.serviceloader
javax.naming.
javax.management.
javax.script.
javax.swing.
javax.imageio.
com.sun.
sun.
jdk.
org.apache.xalan.
org.apache.xpath.
org.apache.commons.collections
org.apache.commons.beanutils
org.apache.commons.dbcp
org.apache.commons.configuration
org.apache.commons.fileupload
org.apache.commons.io.
org.apache.commons.jelly
org.apache.commons.proxy
org.apache.tomcat.dbcp
org.apache.ibatis.
org.apache.shiro.
org.apache.xbean.
org.apache.cocoon.
org.apache.aries.
org.apache.axis2.
org.apache.openjpa.
org.apache.activemq.
org.apache.catalina.
org.springframework.context.support.
org.springframework.beans.
org.springframework.aop.
org.springframework.jndi.
org.springframework.transaction.
org.codehaus.groovy.
oracle.toplink.internal.
org.hibernate.jmx.
org.hibernate.property.
org.jboss.
org.python.
com.mchange.
com.zaxxer.
com.caucho.
com.ibatis.
com.rometools.
com.mysql.
ch.qos.logback.
net.sf.ehcache.
br.com.anteros.
oracle.jdbc
oracle.jms
groovy.
clojure.
bsh.
ognl.
system.windows.data.
system.windows.markup.
system.windows.resourcedictionary
system.windows.forms.axhost
system.windows.forms.bindingsource
system.diagnostics.process
system.configuration.install.
system.security.principal.
system.security.claims.
system.identitymodel.
system.management.automation.
system.workflow.
system.activities.presentation.
system.web.ui.
system.resources.
system.io.fileinfo
microsoft.visualstudio.
microsoft.exchange.
`;

/** Names of one value that are compared with the rows. */
const NAMES_MAX: u32 = 32;
let looked: u32 = 0;

/** Whether the bytes begin with a row, case ignored. */
function inSpaces(at: usize, size: u32): bool {
  if (looked == NAMES_MAX) return false;
  looked++;
  let row = changetype<usize>(SPACES);
  const end = row + ((<usize>SPACES.length) << 1);
  while (row < end) {
    let i: u32 = 0;
    while (i < size && load<u16>(row) != 0x0a) {
      const c = <u32>load<u8>(at + <usize>i);
      if (<u32>load<u16>(row) != (c - 65 < 26 ? c + 32 : c)) break;
      i++;
      row += 2;
    }
    if (load<u16>(row) == 0x0a) return true;
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
  return false;
}

/** End of the qualified class name at `at`, and whether its last part is a known gadget. */
let gadget: bool = false;
let dots: u32 = 0;
function nameEnd(at: usize, end: usize): usize {
  gadget = false;
  dots = 0;
  const stop = at + <usize>NAME_BYTES_MAX < end ? at + <usize>NAME_BYTES_MAX : end;
  let part = at;
  let p = at;
  while (p < stop) {
    const c = <u32>load<u8>(p);
    const inside = isAlpha(c) || isDigit(c) || c == 0x5f;
    if (!inside) {
      if (isGadget(part, <u32>(p - part))) gadget = true;
      if (c != 0x2e && c != 0x24) break;
      if (p == part || isDigit(load<u8>(part))) break;
      dots++;
      part = p + 1;
    }
    p++;
  }
  if (p == stop && isGadget(part, <u32>(p - part))) gadget = true;
  return p;
}

function isGadget(at: usize, size: u32): bool {
  return ((wordPayload(at, size) >> OTHER_SHIFT) & OTHER_MASK) == <u32>OtherWord.GADGET;
}

/** Keys from which readers take the class. */
function isTypeKey(at: usize, size: u32): bool {
  if (equalsLower(at, size, "@type") || equalsLower(at, size, "$type")) return true;
  if (equalsLower(at, size, "@class") || equalsLower(at, size, "__type")) return true;
  return equalsLower(at, size, "javaclass") || equalsLower(at, size, "@clazz");
}

/** The last name with its escapes undone, which hide a key from who reads bytes: `"@\\u0074ype"`. */
const plainName: usize = memory.data(ESCAPED_BYTES_MAX + 64, 16);

/** Whether the last name is such a key. */
function isLastTypeKey(): bool {
  if (
    lastNameSize > ESCAPED_BYTES_MAX ||
    findByte(lastNameAt, lastNameAt + <usize>lastNameSize, 0x5c) == lastNameAt + <usize>lastNameSize
  ) {
    return isTypeKey(lastNameAt, lastNameSize);
  }
  return isTypeKey(plainName, decode(Decoder.ESCAPE, lastNameAt, lastNameSize, plainName));
}

/** Whether words of class names occur. */
function mayName(): bool {
  return hasOther(OtherWord.NAMESPACE) || hasOther(OtherWord.GADGET) || hasOther(OtherWord.NOTE);
}

/** Whether a class to be built may be named. */
export function typeMay(): bool {
  if (!(layer.has & Has.DOT) || !mayName()) return false;
  if (place == Place.JSON && layer.size <= NAME_BYTES_MAX) return true;
  if (load<u8>(layer.at) == 0x3c) return (layer.has & Has.GREATER) != 0;
  return (layer.has & Has.BRACE) != 0 && (layer.has & (Has.MARK | Has.DOLLAR)) != 0;
}

/** A leaf of JSON that is a class name as a whole: `Lcom.x.Y;` and `[com.x.Y` are the machine's own spelling. */
function judgeLeaf(end: usize): void {
  let at = layer.at;
  while (at + 1 < end && (load<u8>(at) == 0x5b || (load<u8>(at) == 0x4c && load<u8>(at + 1) - 97 < 26))) at++;
  const stop = nameEnd(at, end);
  const size = <u32>(stop - at);
  if (dots < 1) return;
  const rest = stop < end ? <u32>load<u8>(stop) : 0x3b;
  if (rest != 0x3b && rest != 0x2c && rest != 0x5b && rest != 0x60) return;
  if (rest != 0x2c && <u32>(end - stop) > 3 && rest != 0x5b && rest != 0x60) return;
  const named = findLastName();
  if (named && isLastTypeKey() ? gadget || inSpaces(at, size) : gadget && dots > 1 && (!named || isBare())) {
    report(Signature.DESERIALIZE_TYPE, layer.at, stop);
  }
}

/** Whether the name that holds the leaf says nothing of a text: short keys like `class`, `type`, `val`. */
function isBare(): bool {
  const size = lastNameSize;
  if (size > 5) return false;
  return (
    equalsLower(lastNameAt, size, "class") ||
    equalsLower(lastNameAt, size, "type") ||
    equalsLower(lastNameAt, size, "val")
  );
}

/** `"@type": "com.x.Y"` in text that is no document that could be parsed. */
function judgeText(end: usize): void {
  let at = layer.at;
  while (at + 12 < end) {
    const c = <u32>load<u8>(at);
    if ((c == 0x40 || c == 0x24) && startsLower(at + 1, <u32>(end - at - 1), "type")) {
      let p = at + 5;
      const stop = p + 12 < end ? p + 12 : end;
      while (p < stop && !isAlpha(load<u8>(p))) p++;
      const name = p;
      p = nameEnd(name, end);
      if (dots && (gadget || inSpaces(name, <u32>(p - name)))) {
        report(Signature.DESERIALIZE_TYPE, at, p);
        return;
      }
      at = p;
    } else at++;
  }
}

/** Elements of XMLDecoder's documents that build or call (java.beans.XMLEncoder). */
function isBuilder(at: usize, size: u32): bool {
  return equalsLower(at, size, "java") || equalsLower(at, size, "object") || equalsLower(at, size, "void");
}

/** Classes that a document of plain values never names: they call what the document says. */
function isCaller(at: usize, size: u32): bool {
  if (startsLower(at, size, "java.beans.") || startsLower(at, size, "java.lang.process")) return true;
  return startsLower(at, size, "java.lang.runtime") || startsLower(at, size, "javax.imageio.");
}

/** `class="com.x.Y"` among the attributes of the tag whose name ends at `at`. @returns the end of the name, or 0 */
function classOf(at: usize, end: usize, builder: bool): usize {
  const stop = at + <usize>NAME_BYTES_MAX < end ? at + <usize>NAME_BYTES_MAX : end;
  while (at + 8 < stop && load<u8>(at) != 0x3e && load<u8>(at) != 0x3c) {
    if (isSpace(load<u8>(at)) && startsLower(at + 1, <u32>(stop - at - 1), "class")) {
      let p = at + 6;
      while (p < stop && (isSpace(load<u8>(p)) || load<u8>(p) == 0x3d || load<u8>(p) == 0x22 || load<u8>(p) == 0x27))
        p++;
      const name = p;
      p = nameEnd(name, end);
      if (!dots) return 0;
      const size = <u32>(p - name);
      if (builder && (startsLower(name, size, "java.") || inSpaces(name, size))) return p;
      return gadget || isCaller(name, size) ? p : 0;
    }
    at++;
  }
  return 0;
}

/** `<class><string>com.x.Y` of XMLDecoder, behind the first name. @returns the end of the class's name, or 0 */
function classInside(at: usize, end: usize): usize {
  if (at >= end || load<u8>(at) != 0x3e) return 0;
  at++;
  while (at < end && isSpace(load<u8>(at))) at++;
  if (!startsLower(at, <u32>(end - at), "<string>")) return 0;
  const name = at + 8;
  const stop = nameEnd(name, end);
  return dots && (gadget || inSpaces(name, <u32>(stop - name))) ? stop : 0;
}

/** A document of XML: an element that is a class, or an attribute that names one. */
function judgeMarkup(end: usize): void {
  let at = layer.at;
  while (at < end) {
    at = findByte(at, end, 0x3c);
    if (at + 4 >= end) return;
    const tag = at + 1;
    if (!isAlpha(load<u8>(tag))) {
      at = tag;
      continue;
    }
    let p = nameEnd(tag, end);
    const size = <u32>(p - tag);
    const element = dots > 1 && inSpaces(tag, size);
    if (!element) p = equalsLower(tag, size, "class") ? classInside(p, end) : classOf(p, end, isBuilder(tag, size));
    if (p) {
      report(Signature.DESERIALIZE_TYPE, at, p);
      return;
    }
    at = tag + <usize>size;
  }
}

/** The mark of a function in the JSON of node-serialize; of a Java stream in c3p0. */
function judgeFunction(end: usize): void {
  const at = layer.at;
  if (layer.size > 14 && startsLower(at, layer.size, "_$$nd_func$$_"))
    report(Signature.DESERIALIZE_FUNCTION, at, at + 13);
  else if (startsLower(at, layer.size, "hexasciiserializedmap:aced")) report(Signature.DESERIALIZE_JAVA, at, end);
}

/** Looks for classes and functions to be built. */
export function typeLex(end: usize): void {
  if (hasOther(OtherWord.GADGET)) judgeFunction(end);
  if (!typeMay()) return;
  looked = 0;
  if (place == Place.JSON && layer.size <= NAME_BYTES_MAX) judgeLeaf(end);
  if (load<u8>(layer.at) == 0x3c) judgeMarkup(end);
  else if (layer.has & Has.BRACE) judgeText(end);
}
