/** `merlon demo`: a weak shop, Merlon in front of it, a live page and the console; hosts/demo does it all. */
import type { Command } from "./command.ts";

/** The command. */
export const demoCommand: Command = {
  name: "demo",
  summary: "see Merlon at work: a weak shop, the proxy and a live page and the console",
  usage: "[flags]",
  least: 0,
  most: 0,
  options: {
    mode: { type: "string", value: "<mode>", about: "monitoring or block; monitoring if not given" },
  },
  details: "Everything listens on loopback alone and ends with the command. Nothing is sent anywhere else.",
  examples: ["merlon demo", "merlon demo --mode block"],
  run: async (input) => {
    const mode = input.choice("mode", ["monitoring", "block"] as const);
    const { runDemo } = await import("../demo/demo.ts");
    await runDemo(mode === undefined ? {} : { mode });
    return 0;
  },
};
