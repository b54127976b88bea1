/** Thresholds in words: for records, and for `merlon policy explain`. */
import { secondsText } from "../duration.ts";
import { type Definition, definitionsOf, keyPartText, type Threshold } from "./threshold.ts";

/** What a kind counts. */
const COUNTED: Readonly<Record<Definition["kind"], string>> = {
  rate: "requests",
  brute_force: "failed answers",
  forced_browsing: "answers that there is no such page",
  bola: "different objects",
  multi_attack: "different attacks",
};

/** @returns `10 requests in 1m by ip`; nothing in it was written by a client */
export function limitText({ kind, requests, perSeconds, burst, key }: Definition): string {
  const atOnce = burst === 0 ? "" : `, ${burst} at once,`;
  return `${requests} ${COUNTED[kind]} in ${secondsText(perSeconds)}${atOnce} by ${key.map(keyPartText).join(" and ")}`;
}

function consequence({ action, status, forSeconds }: Definition): string {
  if (action === "report") return "beyond that they are reported";
  if (action !== "block") return `beyond that the client is on the ${action} list for ${secondsText(forSeconds)}`;
  const time = forSeconds === 0 ? "" : ` for ${secondsText(forSeconds)}`;
  return `beyond that requests are answered ${status}${time}`;
}

/**
 * @param counted the thresholds that a request counts for, as bits
 * @returns a line for each
 */
export function countedThresholds(thresholds: readonly Threshold[], counted: readonly [number, number]): string[] {
  return definitionsOf(thresholds).flatMap((definition, number) => {
    const bits = counted[number < 32 ? 0 : 1];
    if (((bits >>> (number % 32)) & 1) === 0) return [];
    return [`${definition.name}: ${limitText(definition)}; ${consequence(definition)}`];
  });
}
