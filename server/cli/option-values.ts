import { InvalidArgumentError } from 'commander';

/**
 * Parsers for commander's options; what they refuse becomes a usage error that names the option.
 */
export function parseNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high))
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    return value;
  };
}

export function parseWhole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < low || value > high)
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    return value;
  };
}

export const parseWorkers = parseWhole(1, 64);

export function parseChoice<Choice extends string>(
  choices: readonly Choice[],
): (text: string) => Choice {
  return (text) => {
    const choice = choices.find((each) => each === text);
    if (!choice) throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`);
    return choice;
  };
}

const providers = ['auto', 'cpu', 'webgpu', 'cuda'] as const;

export const parseProvider = parseChoice(providers);
