/** How a filter in Envoy reaches its policy service: a cluster of Envoy's, and what the plugin is told of it. */
import { type Input, usage } from "../command.ts";
import type { ListenAddress } from "../protection/listen-address.ts";
import { serviceAddressOf } from "../protection/service-address.ts";
import { showWord } from "../text.ts";

/** Name of the cluster. */
export const POLICY_CLUSTER = "merlon-policy";

/** The policy service as Envoy reaches it: files are on Envoy's machine. */
export interface FilterService {
  readonly address: ListenAddress;
  /** What the service is called in requests. */
  readonly authority: string;
  /** Authorities (PEM) that its certificate is checked against; absent for plain HTTP. */
  readonly ca?: string | undefined;
  readonly client?: { readonly cert: string; readonly key: string } | undefined;
  /** Secret of the node; it stands in Envoy's configuration. Empty where a certificate is shown. */
  readonly token: string;
}

/** @returns the policy service of the flags, undefined without one; @throws MerlonError MERLON_USAGE, MERLON_INPUT */
export function filterServiceOf(input: Input): FilterService | undefined {
  const given = serviceAddressOf(input);
  if (given === undefined) return undefined;
  const url = URL.canParse(given.url) ? new URL(given.url) : undefined;
  const isWhole = url?.pathname === "/" && url.search === "" && url.username === "" && url.hash === "";
  if (url === undefined || !isWhole || !["http:", "https:"].includes(url.protocol)) {
    const why = "it takes http or https, a host and a port, and nothing behind";
    throw usage(`--policy-url is "${showWord(given.url)}"`, why, "write https://policy.example:9443");
  }
  const isTls = url.protocol === "https:";
  if (isTls && given.caFile === undefined) {
    const why = "Envoy believes any certificate unless it is told whom to trust";
    throw usage("--policy-ca is missing", why, "write the path of a PEM file on Envoy's machine");
  }
  const { certFile: cert, keyFile: key } = given;
  const port = Number(url.port) || (isTls ? 443 : 80);
  return {
    address: { host: url.hostname.replace(/^\[|\]$/g, ""), port },
    authority: url.host,
    ca: isTls ? given.caFile : undefined,
    client: cert === undefined || key === undefined ? undefined : { cert, key },
    token: given.token?.() ?? "",
  };
}

/** @returns what the plugin is told of its service */
export function followSettings(service: FilterService | undefined): object {
  if (service === undefined) return {};
  const { authority, token } = service;
  const settings = { policyCluster: POLICY_CLUSTER, policyAuthority: authority };
  return token === "" ? settings : { ...settings, policyToken: token };
}
