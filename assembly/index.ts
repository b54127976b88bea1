/** The module's face: Merlon's ABI, the layout of its records, and the Proxy-Wasm callbacks. Nothing else. */
export * from "./abi/exports";
export * from "./abi/layout";
export * from "./abi/limits";
export { Anomaly, Limit, Status } from "./abi/status";
import { start } from "./abi/start";

start();
