/** The door of `merlon`: gives the program its arguments and streams, and the process its exit code. */
import { runProgram } from "./program.ts";

// Whoever reads the results may have had enough of them: `merlon evaluate … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const { stdin, stdout, stderr } = process;
process.exitCode = await runProgram(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  interactive: stderr.isTTY === true,
});
