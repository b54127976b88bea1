/** Where a policy service is and who asks, as flags say it; the same for hosts that follow and commands that change. */
import { readFileSync } from "node:fs";
import { MerlonError } from "../../core/error.ts";
import { IdentityFiles } from "../../policy/follow/identity-files.ts";
import type { ServiceAddress } from "../../policy/follow/service-client.ts";
import { type Input, type Option, usage } from "../command.ts";
import { showWord } from "../text.ts";

const TOKEN_CHARS_MAX = 256;

/** The flags. */
export const SERVICE_OPTIONS: Readonly<Record<string, Option>> = {
  "policy-url": { type: "string", value: "<url>", about: "policy service, such as https://policy.example:9443" },
  "policy-ca": { type: "string", value: "<file>", about: "authorities (PEM) that the service is verified by" },
  "policy-cert": { type: "string", value: "<file>", about: "certificate (PEM) that the service knows this node by" },
  "policy-key": { type: "string", value: "<file>", about: "key of that certificate (PEM)" },
  identity: {
    type: "string",
    value: "<folder>",
    about: "key and certificate of a node that enrols; it renews them itself",
  },
  "node-token-file": { type: "string", value: "<file>", about: "token of merlon node add --bearer, instead of both" },
};

/** @returns the service of the flags, undefined without one; @throws MerlonError MERLON_USAGE, MERLON_INPUT */
export function serviceAddressOf(input: Input): ServiceAddress | undefined {
  const url = input.text("policy-url");
  const caFile = input.text("policy-ca");
  const certFile = input.text("policy-cert");
  const keyFile = input.text("policy-key");
  const tokenFile = input.text("node-token-file");
  if (url === undefined) {
    const given = Object.keys(SERVICE_OPTIONS).find((flag) => input.flag(flag));
    if (given === undefined) return undefined;
    throw usage(`--${given} has no --policy-url`, "it says how a policy service is asked", "write its address too");
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw usage("the node's certificate is set in part", "it needs its key", "write --policy-cert and --policy-key");
  }
  const folder = input.text("identity");
  const others = [certFile, tokenFile].filter((given) => given !== undefined);
  if (folder !== undefined && others.length > 0) {
    throw usage("--identity stands beside another identity", "a node is known by one", "keep one of them");
  }
  if (tokenFile !== undefined) readToken(tokenFile);
  const identity = folder === undefined ? {} : { identity: identityIn(folder) };
  return {
    ...identity,
    url,
    caFile,
    certFile,
    keyFile,
    ...(tokenFile === undefined ? {} : { token: () => readToken(tokenFile) }),
  };
}

/** @returns what a command shows that runs once: what is in the folder */
function identityIn(folder: string): NonNullable<ServiceAddress["identity"]> {
  const files = new IdentityFiles(folder);
  return () => files.read()?.material;
}

/**
 * The file is read at every request, so that a new token counts at once; it is a few bytes.
 * @throws MerlonError MERLON_INPUT
 */
export function readToken(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `the token file ${showWord(path)} cannot be read — check the path`, {
      cause,
    });
  }
  if (/^[\x21-\x7e]+$/.test(text) && text.length <= TOKEN_CHARS_MAX) return text;
  throw new MerlonError(
    "MERLON_INPUT",
    `${showWord(path)} holds no token — one line of "merlon node add --bearer" is expected`,
  );
}
