/**
 * One process of the fleet: hosts that follow a policy service, each with a core of its own. Tells its parent, by IPC,
 * when each has a policy in force that the parent can name by its hash.
 */
import { Engine } from "../../hosts/core/engine.ts";
import { applyReady, readyOf } from "../../hosts/policy/apply.ts";
import { Follower } from "../../hosts/policy/follow/follower.ts";

const [url = "", token = "", count = "1", name = "p"] = process.argv.slice(2);

const followers = Array.from({ length: Number(count) }, (_, index) => {
  const engine = Engine.load();
  return new Follower(
    {
      use: (bundle) => {
        applyReady(engine, readyOf(bundle));
        process.send?.({ hash: bundle.hash, at: Date.now(), host: `${name}-${index}` });
      },
      show: () => {},
      observe: () => ({ counters: {}, hits: [], comparison: null }),
      say: () => {},
    },
    { url, token: () => token, instance: `${name}-${index}`, kind: "bench", merlon: "0" },
  );
});
await Promise.all(followers.map((follower) => follower.start()));
process.send?.({ ready: true });
process.once("message", () => {
  void Promise.all(followers.map((follower) => follower.close())).then(() => process.exit(0));
});
