/** What users of Envoy Gateway apply: an EnvoyExtensionPolicy for a Gateway or a route. */
import { commentedYaml } from "./commented-yaml.ts";
import { type ExtProcFilter, NAME, pluginConfig, type WasmFilter } from "./filter.ts";

/** What the policy is attached to, in its own namespace. */
export interface GatewayTarget {
  readonly name: string;
  readonly namespace: string;
  readonly target: { readonly kind: string; readonly name: string };
}

/** Body modes by Envoy Gateway's names; NONE is to leave the field out. */
const BODIES = {
  NONE: undefined,
  STREAMED: "Streamed",
  BUFFERED: "Buffered",
  BUFFERED_PARTIAL: "BufferedPartial",
  FULL_DUPLEX_STREAMED: "FullDuplexStreamed",
} as const;

const COMMENTS = {
  failOpen: "What happens where Merlon does not answer: true lets requests pass.",
  messageTimeout: "Longest wait for one answer of the server.",
  attributes: "Without source.address every client has the address of Envoy.",
  body: "docs/extproc.md says what each mode can hold back.",
  config: "holdHead: Envoy Gateway lets no module stop at a head, so that the body alone is held.",
  from: "Lets the policy use a Service of another namespace.",
};

function extensionPolicy({ name, namespace, target }: GatewayTarget, extension: object): object {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyExtensionPolicy",
    metadata: { name, namespace },
    spec: { targetRefs: [{ group: "gateway.networking.k8s.io", ...target }], ...extension },
  };
}

/** @param service name and namespace of the ext_proc server's Service */
export function gatewayExtProcYaml(
  place: GatewayTarget,
  plan: ExtProcFilter,
  service: { readonly name: string; readonly namespace: string },
): string {
  const body = BODIES[plan.bodyMode];
  const processor = {
    backendRefs: [{ name: service.name, namespace: service.namespace, port: plan.processor.port }],
    messageTimeout: "200ms",
    failOpen: plan.failure === "open",
    processingMode: {
      request: {
        attributes: ["request.id", "request.time", "source.address"],
        ...(body === undefined ? {} : { body }),
      },
      allowModeOverride: true,
    },
  };
  const grant = {
    apiVersion: "gateway.networking.k8s.io/v1beta1",
    kind: "ReferenceGrant",
    metadata: { name: place.name, namespace: service.namespace },
    spec: {
      from: [{ group: "gateway.envoyproxy.io", kind: "EnvoyExtensionPolicy", namespace: place.namespace }],
      to: [{ group: "", kind: "Service", name: service.name }],
    },
  };
  const head = [
    "Merlon behind Envoy Gateway, by ext_proc. Apply with: kubectl apply -f <this file>",
    "The server's Service needs appProtocol kubernetes.io/h2c, as the one of charts/merlon has.",
  ];
  const objects = [extensionPolicy(place, { extProc: [processor] })];
  return commentedYaml(head, place.namespace === service.namespace ? objects : [...objects, grant], COMMENTS);
}

/** The module in Envoy Gateway's proxies, from a URL or an OCI image. */
export function gatewayWasmYaml(place: GatewayTarget, plan: WasmFilter, failure: "open" | "closed"): string {
  const { wasm, sha256 } = plan;
  const isImage = wasm.startsWith("oci://");
  const code = isImage
    ? { type: "Image", image: { url: wasm.slice("oci://".length) } }
    : { type: "HTTP", http: { url: wasm, sha256 } };
  const extension = {
    name: NAME,
    rootID: NAME,
    code,
    failOpen: failure === "open",
    config: pluginConfig(plan, false),
  };
  const head = [
    "Merlon in Envoy Gateway's proxies, as a Wasm filter. Apply with: kubectl apply -f <this file>",
    "The head of a request with a body reaches the application before the verdict; the body does not.",
  ];
  return commentedYaml(head, [extensionPolicy(place, { wasm: [extension] })], COMMENTS);
}
