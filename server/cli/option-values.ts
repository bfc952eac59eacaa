import { InvalidArgumentError } from 'commander';

/** Parsers for commander's options; what they refuse becomes a usage error that names the option. */
export function parseNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high)) throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    return value;
  };
}

export function parseWorkers(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
  return value;
}

const providers = ['auto', 'cpu', 'webgpu', 'cuda'] as const;

export function parseProvider(text: string): (typeof providers)[number] {
  const provider = providers.find((name) => name === text);
  if (!provider) throw new InvalidArgumentError(`It must be one of ${providers.join(', ')}.`);
  return provider;
}
