/**
 * A mesh in one machine, without root: etcd, a real API server with Istio's resource definitions, istiod, and an Envoy
 * that istiod programs as an ingress gateway. The gateway's pod is only an object; its address is nobody's.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../hosts/dataplane/envoy/stage.ts";
import { freePorts } from "../tools/free-port.ts";
import type { MeshTools } from "../tools/mesh.ts";

const HOST = "127.0.0.1";
/** Of a network for documentation (RFC 5737). */
const POD = "192.0.2.10";
const NAMESPACE = "istio-system";

/** A mesh that runs; `stop` is owed. */
export interface Mesh {
  /** Where the gateway listens. */
  readonly port: number;
  /** Applies or deletes resources by the API server, which checks them strictly. */
  kubectl(verb: "apply" | "delete", yaml: string): Promise<void>;
  /** Counters of the gateway whose names contain this. */
  stats(part: string): Promise<Record<string, number>>;
  /** What the gateway was told, as text. */
  configuration(): Promise<string>;
  stop(): Promise<void>;
}

type Run = (name: string, file: string, args: readonly string[], env?: NodeJS.ProcessEnv) => void;
type Kubectl = (args: readonly string[]) => Promise<string>;

/** Starts programs whose logs go into a folder; `stop` ends them all and removes the folder. */
function launcher(folder: string): { run: Run; stop: () => Promise<void> } {
  const children: ChildProcess[] = [];
  const run: Run = (name, file, args, env = {}) => {
    const child = spawn(file, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(join(folder, `${name}.log`));
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    children.push(child);
  };
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  return { run, stop };
}

/** Starts everything. @param application port of what the gateway leads to */
export async function startMesh(tools: MeshTools, application: number): Promise<Mesh> {
  const folder = await mkdtemp(join(tmpdir(), "merlon-mesh-"));
  const { run, stop } = launcher(folder);
  try {
    const [port = 0, admin = 0, xds = 0, api = 0, ...others] = await freePorts(10);
    const kubeconfig = await makeCertificates(folder, api);
    startControlPlane(tools, run, api, others);
    const kubectl: Kubectl = (args) => runKubectl(tools, kubeconfig, args);
    await furnish(kubectl, folder, tools.crds, objects(port, application));
    startIstiod(tools, run, folder, kubeconfig, [xds, ...others.slice(2)]);
    writeFileSync(join(folder, "gateway.json"), JSON.stringify(bootstrap(admin, xds)));
    run("gateway", tools.envoy, ["-c", "gateway.json", "--disable-hot-restart", "--concurrency", "1", "-l", "warning"]);
    const get = async (path: string): Promise<string> =>
      await fetch(`http://${HOST}:${admin}${path}`).then((response) => response.text(), String);
    await until(
      () => get("/listeners"),
      (text) => text.includes(`:${port}`),
    );
    return {
      port,
      kubectl: async (verb, yaml) => {
        const applied = join(folder, "applied.yaml");
        writeFileSync(applied, yaml);
        await kubectl([verb, ...(verb === "apply" ? ["--validate=strict"] : []), "-f", applied]);
      },
      stats: async (part) => {
        const lines = (await get(`/stats?filter=${encodeURIComponent(part)}`)).matchAll(/^(\S+): (\d+)$/gm);
        return Object.fromEntries([...lines].map(([, name = "", value]) => [name, Number(value)]));
      },
      configuration: () => get("/config_dump"),
      stop,
    };
  } catch (error) {
    const names = ["apiserver", "istiod", "gateway"];
    const logs = await Promise.all(names.map((name) => tailOf(join(folder, `${name}.log`))));
    await stop();
    throw new Error(`the mesh did not start: ${String(error)}\n${logs.join("\n")}`);
  }
}

/** Gives the API server Istio's resource definitions and what the test's cluster has. */
async function furnish(kubectl: Kubectl, folder: string, crds: string, yaml: string): Promise<void> {
  await until(
    () => kubectl(["get", "--raw", "/readyz"]).catch(String),
    (answer) => answer === "ok",
  );
  await kubectl(["apply", "--server-side", "-f", crds]);
  await kubectl(["wait", "--for=condition=established", "crd", "--all", "--timeout=60s"]);
  const file = join(folder, "objects.yaml");
  writeFileSync(file, yaml);
  await kubectl(["apply", "-f", file]);
  const ready = [{ type: "Ready", status: "True" }];
  const status = { phase: "Running", podIP: POD, podIPs: [{ ip: POD }], conditions: ready };
  const patch = ["--subresource=status", "--type=merge", "-p", JSON.stringify({ status })];
  await kubectl(["patch", "pod", "gateway-1", "-n", NAMESPACE, ...patch]);
}

async function tailOf(path: string): Promise<string> {
  return (await readFile(path, "latin1").catch(() => "")).slice(-1000);
}

/** Certificates for a day, and a kubeconfig with the administrator's. @returns its path */
async function makeCertificates(folder: string, api: number): Promise<string> {
  const openssl = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)("openssl", args, { cwd: folder });
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const ca = ["-keyout", "ca.key", "-out", "ca.crt", "-days", "1", "-subj", "/CN=ca"];
  await openssl("req", "-x509", ...key, ...ca, "-addext", "basicConstraints=critical,CA:TRUE");
  writeFileSync(
    join(folder, "names"),
    `subjectAltName=DNS:localhost,IP:${HOST}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  for (const [name, subject] of [
    ["api", "/CN=api"],
    ["admin", "/O=system:masters/CN=admin"],
  ] as const) {
    await openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "names"];
    await openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, ...signed);
  }
  await openssl("genrsa", "-out", "sa.key", "2048");
  await openssl("rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub");
  const path = join(folder, "kubeconfig");
  const cluster = { server: `https://${HOST}:${api}`, "certificate-authority": join(folder, "ca.crt") };
  const user = { "client-certificate": join(folder, "admin.crt"), "client-key": join(folder, "admin.key") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function runKubectl({ hyper }: MeshTools, kubeconfig: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(hyper, ["kubectl", "--kubeconfig", kubeconfig, ...args])).stdout.trim();
}

function startControlPlane({ etcd, hyper }: MeshTools, run: Run, api: number, [client = 0, peer = 0]: number[]): void {
  const urls = (port: number): string => `http://${HOST}:${port}`;
  run("etcd", etcd, [
    ...["--data-dir", "etcd", "--unsafe-no-fsync", "--log-level", "warn"],
    ...["--listen-client-urls", urls(client), "--advertise-client-urls", urls(client)],
    ...["--listen-peer-urls", urls(peer), "--initial-advertise-peer-urls", urls(peer)],
    ...["--initial-cluster", `default=${urls(peer)}`],
  ]);
  run("apiserver", hyper, [
    ...["kube-apiserver", `--etcd-servers=${urls(client)}`, `--bind-address=${HOST}`, `--secure-port=${api}`],
    ...[`--advertise-address=${HOST}`, "--endpoint-reconciler-type=none", "--authorization-mode=RBAC"],
    ...["--tls-cert-file=api.crt", "--tls-private-key-file=api.key", "--client-ca-file=ca.crt"],
    ...["--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=sa.pub"],
    ...["--service-account-signing-key-file=sa.key", "--service-cluster-ip-range=10.96.0.0/16"],
  ]);
}

/** What a plain Envoy, which lacks Istio's own filters, accepts. */
function startIstiod({ istiod }: MeshTools, run: Run, folder: string, kubeconfig: string, ports: number[]): void {
  const [xds, http, https, secure, monitoring] = ports.map((port) => `${HOST}:${port}`);
  const mesh = { enablePrometheusMerge: false, rootNamespace: NAMESPACE, enableAutoMtls: false };
  writeFileSync(join(folder, "mesh.yaml"), JSON.stringify(mesh));
  const args = [
    ...[
      "discovery",
      "--kubeconfig",
      kubeconfig,
      "--registries",
      "Kubernetes",
      "--meshConfig",
      join(folder, "mesh.yaml"),
    ],
    ...[
      "--httpAddr",
      http ?? "",
      "--httpsAddr",
      https ?? "",
      "--grpcAddr",
      xds ?? "",
      "--secureGRPCAddr",
      secure ?? "",
    ],
    ...["--monitoringAddr", monitoring ?? "", "--ctrlz_port", "0"],
  ];
  run("istiod", istiod, args, {
    PILOT_ENABLE_METADATA_EXCHANGE: "false",
    PILOT_ENABLE_ALPN_FILTER: "false",
    PILOT_ENABLE_TELEMETRY_LABEL: "false",
    POD_NAME: "istiod-0",
    POD_NAMESPACE: NAMESPACE,
    CLUSTER_ID: "Kubernetes",
    PILOT_CERT_PROVIDER: "istiod",
    INJECTION_WEBHOOK_CONFIG_NAME: "",
    VALIDATION_WEBHOOK_CONFIG_NAME: "",
    ENABLE_AUTO_MTLS: "false",
  });
}

/** The gateway's pod and Service, and the way through it to the application. */
function objects(port: number, application: number): string {
  const named = (name: string): string => `metadata: {name: ${name}, namespace: ${NAMESPACE}}`;
  return `apiVersion: v1
kind: Namespace
metadata: {name: ${NAMESPACE}}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
---
apiVersion: v1
kind: ServiceAccount
${named("default")}
---
apiVersion: v1
kind: Service
${named("gateway")}
spec: {clusterIP: None, selector: {istio: ingressgateway}, ports: [{name: http, port: ${port}, targetPort: ${port}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gateway-1, namespace: ${NAMESPACE}, labels: {istio: ingressgateway}}
spec:
  nodeName: node-1
  serviceAccountName: default
  automountServiceAccountToken: false
  containers: [{name: istio-proxy, image: none}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: gateway-1, namespace: ${NAMESPACE}, labels: {kubernetes.io/service-name: gateway}}
addressType: IPv4
ports: [{name: http, port: ${port}, protocol: TCP}]
endpoints:
  - addresses: [${POD}]
    conditions: {ready: true}
    targetRef: {kind: Pod, name: gateway-1, namespace: ${NAMESPACE}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
${named("gateway")}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
${named("application")}
spec:
  hosts: ["*"]
  gateways: [gateway]
  http: [{route: [{destination: {host: application.example, port: {number: ${application}}}}]}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
${named("application")}
spec:
  hosts: [application.example]
  ports: [{number: ${application}, name: http, protocol: HTTP}]
  resolution: STATIC
  location: MESH_EXTERNAL
  endpoints: [{address: ${HOST}}]
`;
}

/** What pilot-agent would write for a gateway. */
function bootstrap(admin: number, xds: number): object {
  const address = (port: number): object => ({ socket_address: { address: HOST, port_value: port } });
  const discovery = { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" };
  const http2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  return {
    node: {
      id: `router~${POD}~gateway-1.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
      cluster: `gateway.${NAMESPACE}`,
      metadata: {
        ...{ NAME: "gateway-1", NAMESPACE, LABELS: { istio: "ingressgateway" }, CLUSTER_ID: "Kubernetes" },
        ...{ ISTIO_VERSION: "1.31.0", INSTANCE_IPS: POD, SERVICE_ACCOUNT: "default", WORKLOAD_NAME: "gateway" },
      },
    },
    admin: { address: address(admin) },
    dynamic_resources: {
      lds_config: discovery,
      cds_config: discovery,
      ads_config: {
        api_type: "DELTA_GRPC",
        set_node_on_first_message_only: true,
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: "xds",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: http2,
          load_assignment: {
            cluster_name: "xds",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(xds) } }] }],
          },
        },
      ],
    },
  };
}
