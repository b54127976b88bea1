/**
 * What users of Istio apply: an EnvoyFilter that puts Merlon into gateways or sidecars, with ext_proc's cluster or with
 * the module, and for a WasmPlugin the resource of that name. Istio gives a WasmPlugin no
 * `allow_on_headers_stop_iteration`, so only the EnvoyFilter form can hold a head until its body was judged.
 */
import { commentedYaml } from "./commented-yaml.ts";
import {
  agentCluster,
  COMMENTS,
  type ExtProcFilter,
  extProcFilter,
  NAME,
  pluginConfig,
  processorCluster,
  type RecordAgent,
  TYPES,
  type WasmFilter,
  wasmClusters,
  wasmFilter,
} from "./filter.ts";
import { recordStream } from "./record-log.ts";

/** Where Istio puts the filter. */
export interface IstioPlace {
  readonly name: string;
  readonly namespace: string;
  readonly context: "gateway" | "sidecar";
  /** Labels of the pods; empty for all of the namespace, of the mesh in the root namespace. */
  readonly selector: Readonly<Record<string, string>>;
}

const ISTIO_COMMENTS = {
  ...COMMENTS,
  workloadSelector: "Pods that get the filter, by their labels.",
  context: "GATEWAY, or SIDECAR_INBOUND for what reaches a pod.",
  tls: "Istio's own certificates; the server's pod needs a sidecar.",
  h2UpgradePolicy: "gRPC needs HTTP/2, whatever the Service's appProtocol says.",
  failStrategy: "The other strategies never come back after a trap.",
  access_log: "Records go to the agent by gRPC, of the requests that have one and of no others.",
  pluginConfig: "holdHead: a WasmPlugin may not stop at a head, so that the body alone is held.",
};

const CONTEXTS = { gateway: "GATEWAY", sidecar: "SIDECAR_INBOUND" } as const;

function metadataOf({ name, namespace }: IstioPlace): object {
  return { name, namespace, labels: { "app.kubernetes.io/name": "merlon" } };
}

function selectorOf({ selector }: IstioPlace, field: "labels" | "matchLabels"): object {
  return Object.keys(selector).length === 0 ? {} : { [field]: selector };
}

/** Adds clusters, and the filter in front of the router: authentication and routing of Istio's own come before. */
function envoyFilter(place: IstioPlace, clusters: readonly object[], filter: object): object {
  const context = CONTEXTS[place.context];
  const added = clusters.map((value) => ({
    applyTo: "CLUSTER",
    match: { context },
    patch: { operation: "ADD", value },
  }));
  const chain = { filter: { name: "envoy.filters.network.http_connection_manager" } };
  const inserted = {
    applyTo: "HTTP_FILTER",
    match: {
      context,
      listener: {
        filterChain: { filter: { ...chain.filter, subFilter: { name: "envoy.filters.http.router" } } },
      },
    },
    patch: { operation: "INSERT_BEFORE", value: filter },
  };
  return patches(place, [...added, inserted]);
}

function patches(place: IstioPlace, configPatches: readonly object[]): object {
  const selector = selectorOf(place, "labels");
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: metadataOf(place),
    spec: { ...(Object.keys(selector).length === 0 ? {} : { workloadSelector: selector }), configPatches },
  };
}

/** An EnvoyFilter by which the proxies send records to an agent, whatever put the module into them. */
function recordsFilter(place: IstioPlace, agent: RecordAgent): object {
  const context = CONTEXTS[place.context];
  const name = "envoy.filters.network.http_connection_manager";
  const manager = `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`;
  const logging = { typed_config: { "@type": manager, access_log: [recordStream()] } };
  return patches({ ...place, name: `${place.name}-records` }, [
    { applyTo: "CLUSTER", match: { context }, patch: { operation: "ADD", value: agentCluster(agent) } },
    {
      applyTo: "NETWORK_FILTER",
      match: { context, listener: { filterChain: { filter: { name } } } },
      patch: { operation: "MERGE", value: logging },
    },
  ]);
}

/** What goes beside the module: nothing without an agent. */
function recordsOf(place: IstioPlace, { agent }: WasmFilter): object[] {
  return agent === undefined ? [] : [recordsFilter(place, agent)];
}

/** An EnvoyFilter for ext_proc. @param mesh go through Istio's own cluster of the service, with its certificates */
export function istioExtProcYaml(place: IstioPlace, plan: ExtProcFilter, mesh: boolean): string {
  const { host, port } = plan.processor;
  const head = ["Merlon behind Istio's proxies, by ext_proc. Apply with: kubectl apply -f <this file>"];
  if (!mesh) {
    head.push("Envoy reaches the server by a cluster of its own; the server's pod needs no sidecar.");
    return commentedYaml(head, [envoyFilter(place, [processorCluster(plan)], extProcFilter(plan))], ISTIO_COMMENTS);
  }
  head.push("Envoy reaches the server by Istio's own cluster of the Service, with mutual TLS of the mesh.");
  const rule = {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: metadataOf(place),
    spec: {
      host,
      trafficPolicy: {
        tls: { mode: "ISTIO_MUTUAL" },
        connectionPool: { http: { h2UpgradePolicy: "UPGRADE", http2MaxRequests: 100_000 } },
      },
    },
  };
  const filter = extProcFilter(plan, `outbound|${port}||${host}`);
  return commentedYaml(head, [rule, envoyFilter(place, [], filter)], ISTIO_COMMENTS);
}

/** An EnvoyFilter with the module, which can hold heads. */
export function istioWasmYaml(place: IstioPlace, plan: WasmFilter): string {
  const head = [
    "Merlon in Istio's proxies, as a Wasm filter. Apply with: kubectl apply -f <this file>",
    "An EnvoyFilter and no WasmPlugin, because that cannot make heads wait for the verdict on their body.",
  ];
  const filter = envoyFilter(place, wasmClusters(plan), wasmFilter(plan));
  return commentedYaml(head, [filter, ...recordsOf(place, plan)], ISTIO_COMMENTS);
}

/** A WasmPlugin, for meshes that allow no EnvoyFilter. */
export function istioPluginYaml(place: IstioPlace, plan: WasmFilter): string {
  const head = [
    "Merlon in Istio's proxies, as a WasmPlugin. Apply with: kubectl apply -f <this file>",
    "The head of a request with a body reaches the application before the verdict; the body does not.",
    "Where that matters, print the EnvoyFilter: leave out --form wasm-plugin.",
  ];
  const url = /^[a-z]+:\/\//.test(plan.wasm) ? plan.wasm : `file://${plan.wasm}`;
  const selector = selectorOf(place, "matchLabels");
  const plugin = {
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "WasmPlugin",
    metadata: metadataOf(place),
    spec: {
      ...(Object.keys(selector).length === 0 ? {} : { selector }),
      url,
      ...(plan.sha256 === undefined ? {} : { sha256: plan.sha256 }),
      pluginName: NAME,
      failStrategy: "FAIL_RELOAD",
      // What a pod sends is somebody else's to judge; a gateway has no such sides.
      ...(place.context === "sidecar" ? { match: [{ mode: "SERVER" }] } : {}),
      pluginConfig: pluginConfig(plan, false),
    },
  };
  return commentedYaml(head, [plugin, ...recordsOf(place, plan)], ISTIO_COMMENTS);
}
