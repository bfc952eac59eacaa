import { RoadgazeError } from '../../shared/errors.ts';

/** An option of a method, as `--option name=value` sets it. */
export type MethodOption =
  | {
      readonly name: string;
      readonly about: string;
      readonly kind: 'number';
      readonly fallback: number;
      readonly least?: number;
      readonly most?: number;
      readonly whole?: boolean;
    }
  | {
      readonly name: string;
      readonly about: string;
      readonly kind: 'choice';
      readonly fallback: string;
      readonly choices: readonly string[];
    };

/** Values by name; every option of the method has one. */
export type OptionValues = Readonly<Record<string, number | string>>;

/** A method with the options that differ from their fallbacks, as a person gave them. */
export interface MethodChoice {
  readonly id: string;
  readonly options?: Readonly<Record<string, string | number>>;
}

/**
 * Fills in what was not given. Throws METHOD_OPTION_INVALID, naming the option and what it takes.
 */
export function optionValues(
  method: { readonly id: string; readonly options: readonly MethodOption[] },
  given: Readonly<Record<string, string | number>> = {},
): OptionValues {
  const unknown = Object.keys(given).find(
    (name) => !method.options.some((option) => option.name === name),
  );
  if (unknown !== undefined) {
    const known = method.options.map((option) => option.name).join(', ');
    throw new RoadgazeError(
      'METHOD_OPTION_INVALID',
      `${method.id} has no option "${unknown}".`,
      known ? `Its options are: ${known}.` : 'It has no options.',
    );
  }
  return Object.fromEntries(
    method.options.map((option) => [
      option.name,
      option.name in given ? valueOf(method.id, option, given[option.name]!) : option.fallback,
    ]),
  );
}

function valueOf(id: string, option: MethodOption, given: string | number): number | string {
  if (option.kind === 'choice') {
    if (option.choices.includes(String(given))) return String(given);
    throw new RoadgazeError(
      'METHOD_OPTION_INVALID',
      `${id} does not take ${option.name}=${given}.`,
      `${option.name} is one of: ${option.choices.join(', ')}.`,
    );
  }
  const { least = -Infinity, most = Infinity, whole = false } = option;
  const value = typeof given === 'string' && given.trim() === '' ? NaN : Number(given);
  if (
    Number.isFinite(value) &&
    value >= least &&
    value <= most &&
    (!whole || Number.isInteger(value))
  )
    return value;
  const limits = [least > -Infinity ? `from ${least}` : '', most < Infinity ? `to ${most}` : '']
    .filter(Boolean)
    .join(' ');
  throw new RoadgazeError(
    'METHOD_OPTION_INVALID',
    `${id} does not take ${option.name}=${given}.`,
    `${option.name} is a ${whole ? 'whole ' : ''}number${limits ? ` ${limits}` : ''}.`,
  );
}
