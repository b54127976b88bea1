/**
 * `node test/adversary/main.ts [--all] [--seed 1] [--most 400] [--examples 3] [--operator sql] [--set own|oas_mal]`:
 * changes attacks that this build of Merlon catches (`node hosts/build.ts release`) in ways that leave them attacks,
 * and prints what each operator loses. Without `--all` each operator makes at most `--most` requests. Fails below the
 * gate.
 */
import { parseArgs } from "node:util";
import { layOut, percent, showBytes } from "../../hosts/cli/text.ts";
import { Engine } from "../../hosts/core/engine.ts";
import type { Attack } from "./attack.ts";
import { campaign, KEPT_MIN, type Tally, total } from "./campaign.ts";
import { OPERATORS } from "./operators.ts";
import { ownAttacks, SETS, setAttacks } from "./sources.ts";

const SHOWN_CHARACTERS = 240;

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    most: { type: "string", default: "400" },
    examples: { type: "string", default: "3" },
    operator: { type: "string", default: "" },
    set: { type: "string", default: "" },
  },
});

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function readAttacks(engine: Engine): Promise<Attack[]> {
  const attacks = values.set === "" || values.set === "own" ? ownAttacks(engine) : [];
  print(`own suites: ${attacks.length} attacks`);
  for (const name of SETS.filter((one) => values.set === "" || values.set === one)) {
    const found = await setAttacks(engine, name);
    print(found === undefined ? `skipped: the set ${name} is not here` : `${name}: ${found.length} values`);
    attacks.push(...(found ?? []));
  }
  return attacks;
}

function report(tallies: readonly Tally[]): void {
  const right = (title: string) => ({ title, right: true });
  const columns = [{ title: "operator" }, right("mutated"), right("kept"), right("lost"), right("%")];
  print(
    layOut(
      columns,
      tallies.map(({ operator, mutated, kept }) => {
        return [operator, `${mutated}`, `${kept}`, `${mutated - kept}`, percent(kept, mutated)];
      }),
    ),
  );
  for (const { operator, losses } of tallies) {
    for (const { attack, seed, shown } of losses) {
      const value = showBytes(Buffer.from(attack.value, "latin1"), SHOWN_CHARACTERS);
      print(`${operator}, seed ${seed}, ${attack.source} ${attack.type} ${attack.where}\n  was ${value}`);
      print(`  is  ${showBytes(Buffer.from(shown, "latin1"), SHOWN_CHARACTERS)}`);
    }
  }
}

const engine = Engine.load();
const tallies = campaign(
  engine,
  await readAttacks(engine),
  OPERATORS.filter(({ name }) => name.includes(values.operator)),
  {
    seed: Number(values.seed),
    examples: Number(values.examples),
    most: values.all ? Number.POSITIVE_INFINITY : Number(values.most),
  },
);
report(tallies);
const { mutated, kept, share } = total(tallies);
print(`seed ${values.seed}: ${kept} of ${mutated} kept, ${percent(kept, mutated)}`);
process.exitCode = share >= KEPT_MIN ? 0 : 1;
