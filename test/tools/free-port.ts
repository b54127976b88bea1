/** Ports for processes that must be told theirs before they start. */
import { once } from "node:events";
import { createServer } from "node:net";

/** @returns ports of the loopback interface that nothing listens on now, each another one */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a listening server has no port");
    ports.push(address.port);
  }
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}

/** @returns one of them */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
