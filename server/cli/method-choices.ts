import { InvalidArgumentError, type Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';
import { TARGETS, type Target } from '../../shared/explanations.ts';
import { METHODS } from '../../shared/methods.ts';
import type { MethodChoice, MethodOption } from '../explain/method-options.ts';

/** Parser for commander's `--target`. */
export function parseTarget(text: string): Target {
  const target = TARGETS.find((each) => each === text);
  if (!target)
    throw new InvalidArgumentError(
      'It must be + (what pushes the output up), - (what pushes it down) or abs (what makes it larger).',
    );
  return target;
}

export const TARGET_OPTION_HELP =
  'what is explained: + the output, - the output turned round, abs its size';
export const METHOD_OPTION_HELP =
  'an option of a method, as name=value or method.name=value; may be given more than once';

/** Parser for an option that may be given more than once. */
export function collectValues(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/**
 * `--method a,b` with its `--option`s. Throws USAGE; whether methods and options exist is found
 * where they are used.
 */
export function methodChoices(
  methods: string,
  options: readonly string[] = [],
): readonly MethodChoice[] {
  const ids = methods
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  if (ids.length === 0)
    throw new RoadgazeError(
      'USAGE',
      '--method names no method.',
      'Name one or several, as in --method visualbackprop,gradient.',
    );
  const given = options.map((text) => parseOption(text, ids));
  return ids.map((id) => ({
    id,
    options: Object.fromEntries(
      given.filter((option) => option.id === id).map(({ name, value }) => [name, value]),
    ),
  }));
}

function parseOption(
  text: string,
  ids: readonly string[],
): { id: string; name: string; value: string } {
  const parts = /^(?:([^.=]+)\.)?([^.=]+)=(.+)$/.exec(text);
  if (!parts)
    throw new RoadgazeError(
      'USAGE',
      `--option ${text} is not of the form name=value.`,
      'Write it as in --option steps=128, or --option integratedgradients.steps=128.',
    );
  const [, method, name, value] = parts;
  const [only, ...others] = ids;
  if (method === undefined && others.length > 0) {
    throw new RoadgazeError(
      'USAGE',
      `--option ${text} does not say which of several methods it is for.`,
      `Write --option METHOD.${name}=${value}, METHOD being one of: ${ids.join(', ')}.`,
    );
  }
  const id = method ?? only!;
  if (!ids.includes(id))
    throw new RoadgazeError(
      'USAGE',
      `--option ${text} is for a method that --method does not name.`,
      `Add it: --method ${[...ids, id].join(',')}.`,
    );
  return { id, name: name!, value: value! };
}

interface ListedMethod {
  readonly id: string;
  readonly options: readonly MethodOption[];
}

/**
 * Adds the methods to the help of a command. Their code is loaded for this alone: it takes a tenth of
 * a second that other starts need not spend.
 */
export async function addMethodList(command: Command, { iterative = false } = {}): Promise<void> {
  const { compiledMethods } = await import('../explain/methods.ts');
  const { iterativeMethods } = iterative
    ? await import('../explain/iterative/methods.ts')
    : { iterativeMethods: [] };
  const list = methodList([...compiledMethods, ...iterativeMethods]);
  command.addHelpText('after', `\nMethods and their options:\n${list}`);
}

/** Methods with their names and options. */
function methodList(methods: readonly ListedMethod[]): string {
  const width = Math.max(...methods.map(({ id }) => id.length));
  return methods
    .flatMap(({ id, options }) => [
      `  ${id.padEnd(width)}  ${METHODS.find((method) => method.id === id)?.name ?? id}`,
      ...options.map(
        (option) =>
          `  ${' '.repeat(width)}    ${option.name}=${option.fallback}${option.kind === 'choice' ? ` (${option.choices.join(', ')})` : ''}`,
      ),
    ])
    .join('\n');
}
