import { RoadgazeError } from '../../shared/errors.ts';

/**
 * Something that must not happen, whatever the input. Finds with the same key are the same defect,
 * as far as one can tell from outside.
 */
export interface Find {
  readonly key: string;
  /** For people: the error, and where. */
  readonly text: string;
}

/** A defect that a target found by itself, such as two answers that differ. */
export class Defect extends Error {}

/** What became of an input that ended with an error: a find, or the error's code. */
export function judge(error: unknown): Find | string {
  if (!(error instanceof RoadgazeError)) return findOf(error);
  if (error.code === 'INTERNAL') return findOf(error);
  const fault = faultOf(error);
  return fault === null
    ? error.code
    : {
        key: `badly told, ${fault}: ${error.code} ${placeOf(error)}`,
        text: `${error.code} ${fault}: ${error.message} (${error.hint})\n${placesOf(error)}`,
      };
}

/** What is wrong with how an error is told; null: nothing. */
function faultOf({ message, hint }: RoadgazeError): string | null {
  if (!/[.?!]$/.test(message) || hint === '') return 'no sentence';
  if (/\bundefined\b|\[object /.test(message)) return 'a value of the program in it';
  return message.length > 4000 ? 'too long' : null;
}

function findOf(error: unknown): Find {
  const [name, message] =
    error instanceof Error
      ? [error.constructor.name, error.message.split('\n', 1)[0]!]
      : ['thrown', String(error)];
  return {
    key: `${name} ${plain(message)} ${placeOf(error)}`,
    text: `${name}: ${message.slice(0, 500)}\n${placesOf(error)}`,
  };
}

/** Without what differs from input to input: numbers and names. */
function plain(message: string): string {
  return message
    .replace(/"[^"]*"|'[^']*'/g, '…')
    .replace(/-?\d[\d.e+]*/g, '#')
    .slice(0, 100);
}

/** A line of a stack trace that is about the project's own code. */
const OWN_LINE = /(?:\/|\()((?:server|shared|test|recordings)\/[\w./-]+\.[tj]s):(\d+)/;

const ownPlaces = (error: unknown) =>
  (error instanceof Error ? (error.stack ?? '') : '').split('\n').flatMap((line) => {
    const [, file, row] = line.includes('node_modules') ? [] : (OWN_LINE.exec(line) ?? []);
    return file ? [{ file, row, name: /at (?:async )?([\w.#<>]+) \(/.exec(line)?.[1] ?? '' }] : [];
  });

/** The file and function of the product that failed; without its line, which other changes move. */
function placeOf(error: unknown): string {
  const [place] = ownPlaces(error).filter(({ file }) => !file.startsWith('test/'));
  return place ? `${place.file} ${place.name}`.trim() : '';
}

const placesOf = (error: unknown) =>
  ownPlaces(error)
    .slice(0, 5)
    .map(({ file, row, name }) => `at ${name} ${file}:${row}`)
    .join('\n');
