/**
 * @file The streams of the process as the {@link Io} of a command.
 */
import type { Io, Sink } from "./commands.js";

/** What a command may touch of this process. */
export function processIo(argv: readonly string[], signal: AbortSignal): Io {
  return { stdout: sink(process.stdout), stderr: sink(process.stderr), signal, argv };
}

/** A stream whose reader may leave (`mas-audit … | head`): what it would have read is dropped, the run goes on. */
function sink(stream: NodeJS.WriteStream): Sink {
  let open = true;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    open = false;
  });
  return {
    write: (text) => {
      if (open) stream.write(text);
    },
    isTerminal: isTerminal(stream),
    get columns() {
      return isTerminal(stream) ? stream.columns : 80;
    },
    colour: wantsColour(stream),
  };
}

function wantsColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR: off, TERM: terminal } = process.env;
  return isTerminal(stream) && (off === undefined || off === "") && terminal !== "dumb";
}

/** `isTTY` is absent, not false, on a pipe; what is absent would let the colour library decide, which paints under CI. */
function isTerminal({ isTTY }: { readonly isTTY?: boolean }): boolean {
  return isTTY ?? false;
}
