import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ERROR_CODES, RoadgazeError, reportOf } from '../../shared/errors.ts';
import { notWritable } from '../files/not-writable.ts';
import { formatError, widthOf } from './terminal.ts';

const debugging = process.env['ROADGAZE_DEBUG'] === '1';

/** What package.json says. */
export function packageInfo(): { readonly version: string; readonly description: string } {
  return JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
    description: string;
  };
}

/**
 * The program without its commands. Sub-commands made with `program.command()` inherit its help and
 * its errors.
 */
export function createProgram(): Command {
  const { version, description } = packageInfo();
  return new Command('roadgaze')
    .description(description)
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({
      helpWidth: Math.min(100, widthOf(process.stdout)),
      showGlobalOptions: false,
      styleTitle: bold,
    })
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError()
    .exitOverride();
}

/** Adds lines to a command's help that a reader can type as they are. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText(
    'after',
    `\n${bold('Examples:')}\n${examples.map((example) => `  ${example}`).join('\n')}`,
  );
}

/** Runs a command line to its end; every failure ends the process with its code's exit status. */
export async function runProgram(program: Command, args: readonly string[]): Promise<void> {
  guardProcess();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) fail(error);
    if (error.exitCode === 0) return;
    if (error.code === 'commander.help') {
      program.outputHelp();
      process.exitCode = ERROR_CODES.USAGE.exit;
      return;
    }
    fail(usageError(error));
  }
}

/** Reports an error on stderr and ends the process. */
export function fail(error: unknown): never {
  const report = reportOf(error);
  process.stderr.write(`${formatError(report, process.stderr)}\n`);
  if (debugging) console.error(error);
  process.exit(ERROR_CODES[report.code].exit);
}

const cleanUps = new Set<() => Promise<void>>();
/** How long a clean-up may take before the process ends all the same; milliseconds. */
const LONGEST_CLEAN_UP = 3000;

/**
 * Has `cleanUp` called when the user interrupts (Ctrl-C, SIGTERM, a terminal that is closed); the
 * process ends after it. Returns what takes that back.
 */
export function onInterrupt(cleanUp: () => Promise<void>): () => void {
  cleanUps.add(cleanUp);
  return () => cleanUps.delete(cleanUp);
}

function guardProcess(): void {
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // A reader that went away, such as `head`, has seen enough.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      fail(notWritable('What the command says cannot be written', error));
    });
  }
  // Deprecations inside libraries are nothing that a user can act on.
  if (!debugging) process.removeAllListeners('warning');
  let interrupted = false;
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => {
      if (interrupted) process.exit(status);
      interrupted = true;
      setTimeout(() => process.exit(status), LONGEST_CLEAN_UP);
      void Promise.allSettled([...cleanUps].map((cleanUp) => cleanUp())).then(() =>
        process.exit(status),
      );
    });
  }
}

/**
 * Commander's `error: unknown option '--foo'\n(Did you mean --bar?)` as a sentence and a next step.
 */
function usageError(error: CommanderError): RoadgazeError {
  const [sentence = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const text = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.$/, '')}.`;
  const hint = suggestion.replace(/^\(|\)$/g, '') || 'See what there is with --help.';
  return new RoadgazeError('USAGE', text, hint, { cause: error });
}

function bold(text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? `\u001b[1m${text}\u001b[22m` : text;
}
