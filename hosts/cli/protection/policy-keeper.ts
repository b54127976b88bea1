/**
 * Keeps the core's policy at what the policy file says: compiled and loaded in one step when the file is replaced, the
 * last good one kept when the new one is not valid.
 */
import type { Engine } from "../../core/engine.ts";
import { MerlonError } from "../../core/error.ts";
import type { HostPolicy } from "../../core/host-policy.ts";
import type { Mode } from "../../core/verdict.ts";
import { applyPolicy, withMode } from "../../policy/apply.ts";
import { namesNobodyKnows } from "../../policy/lint.ts";
import { type PolicyWatch, readPolicyFile, watchPolicyFile } from "../../policy/policy-file.ts";
import { defaultPolicy, hostPolicyOf, type Policy } from "../../policy/schema.ts";

const LOOK_MS = 500;

/** Where a policy comes from. */
export interface PolicySource {
  /** Path of the file; the built-in policy where absent. */
  readonly path: string | undefined;
  /** A mode that stands whatever the file and its console rules say. */
  readonly mode: Mode | undefined;
}

/** The policy in force. */
export class PolicyKeeper {
  readonly #engine: Engine;
  readonly #source: PolicySource;
  readonly #say: (line: string) => void;
  readonly #used: (policy: Policy) => void;
  #policy: Policy;
  #host: HostPolicy;
  #watch: PolicyWatch | undefined;

  private constructor(
    engine: Engine,
    source: PolicySource,
    say: (line: string) => void,
    used: (policy: Policy) => void,
    policy: Policy,
  ) {
    this.#engine = engine;
    this.#source = source;
    this.#say = say;
    this.#used = used;
    this.#policy = policy;
    this.#host = hostPolicyOf(policy);
  }

  /**
   * Reads the policy and loads it into the core.
   * @param say takes lines for the operator, about later changes as well
   * @param used called with each later policy once the core has it
   * @throws MerlonError MERLON_INPUT, MERLON_POLICY, MERLON_POLICY_VERSION
   */
  static async open(
    engine: Engine,
    source: PolicySource,
    say: (line: string) => void,
    used: (policy: Policy) => void = () => {},
  ): Promise<PolicyKeeper> {
    const file = source.path === undefined ? undefined : await readPolicyFile(source.path);
    const keeper = new PolicyKeeper(engine, source, say, used, lastWord(file?.policy ?? defaultPolicy, source));
    keeper.#load(keeper.#policy);
    if (source.path !== undefined && file !== undefined) keeper.#listen(source.path, file.text);
    return keeper;
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** What the host itself must do by the policy. */
  get host(): HostPolicy {
    return this.#host;
  }

  /** Takes what is written in the place of the core: it adds something, and puts both into force by `enforce`. */
  adder: ((written: Policy) => void) | null = null;

  /** Puts a policy into force. @throws MerlonError MERLON_POLICY; the policy before then stays */
  enforce(policy: Policy): void {
    this.#load(policy);
    this.#used(policy);
    this.#policy = policy;
    this.#host = hostPolicyOf(policy);
  }

  /** Looks at the file now; resolves when its content is in force or refused. */
  async check(): Promise<void> {
    await this.#watch?.check();
  }

  close(): void {
    this.#watch?.close();
  }

  #listen(path: string, text: string): void {
    this.#watch = watchPolicyFile(
      path,
      text,
      { changed: (policy) => this.#change(path, policy), refused: (error) => this.#refuse(error) },
      LOOK_MS,
    );
  }

  #change(path: string, written: Policy): void {
    const policy = lastWord(written, this.#source);
    try {
      if (this.adder === null) this.enforce(policy);
      else this.adder(policy);
    } catch (error) {
      this.#refuse(error instanceof MerlonError ? error : new MerlonError("MERLON_POLICY", "it cannot be compiled"));
      return;
    }
    this.#say(`policy ${path} is in force, mode ${this.#policy.mode}`);
  }

  #refuse(error: MerlonError): void {
    this.#say(`${error.message} (the policy before stays in force)`);
  }

  #load(policy: Policy): void {
    applyPolicy(this.#engine, policy);
    for (const line of namesNobodyKnows(policy, this.#engine.signatures)) this.#say(line);
  }
}

/** The policy, with the mode of the command line where it has one. */
function lastWord(policy: Policy, { mode }: PolicySource): Policy {
  return mode === undefined ? policy : withMode(policy, mode);
}
