import { MultiBar, Presets } from 'cli-progress';

/** What a person sees while the demo runs. */
export interface Progress {
  /** A line that stays. */
  say(line: string): void;
  /** How far the activities on documents are. */
  advance(doneCount: number, totalCount: number): void;
  /** Takes the bar away; `say` still works. Safe to call twice. */
  finish(): void;
}

interface Terminal extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** A bar on a terminal, plain lines anywhere else: a tenth of the work each. */
export const createProgress = (output: Terminal): Progress =>
  output.isTTY === true ? createBar(output) : createLines(output);

function createBar(output: Terminal): Progress {
  const bars = new MultiBar(
    {
      stream: output,
      format: '{bar} {value}/{total} activities on documents',
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  let bar: ReturnType<MultiBar['create']> | undefined;
  let finished = false;
  return {
    say: (line) => {
      if (bar === undefined || finished) output.write(`${line}\n`);
      else bars.log(`${line}\n`);
    },
    advance: (doneCount, totalCount) => {
      if (finished) return;
      bar ??= bars.create(totalCount, 0);
      bar.update(doneCount);
    },
    finish: () => {
      if (finished) return;
      finished = true;
      // It prints lines only when it draws, and stopping does not draw.
      bars.update();
      bars.stop();
    },
  };
}

export function createLines(output: NodeJS.WritableStream): Progress {
  let tenthsSaid = 0;
  const say = (line: string): void => void output.write(`${line}\n`);
  return {
    say,
    advance: (doneCount, totalCount) => {
      const tenths = Math.floor((doneCount * 10) / totalCount);
      if (tenths <= tenthsSaid) return;
      tenthsSaid = tenths;
      say(`${String(doneCount)} of ${String(totalCount)} activities on documents done`);
    },
    finish: () => undefined,
  };
}
