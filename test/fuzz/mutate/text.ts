import type { Random } from '../../../recordings/scene/world/random.ts';

export const NUMBERS: readonly string[] = [
  '0',
  '-0',
  '1',
  '-1',
  '0.5',
  '1e-320',
  '1e308',
  '1e309',
  '-1e999',
  '9007199254740993',
  '4294967296',
  '2147483648',
  '-2147483649',
  '18446744073709551616',
  '1700000000',
  '1700000000000',
  '1700000000000000000',
  'NaN',
  'nan',
  'Infinity',
  '-inf',
  '0x10',
  '1_000',
  '1,5',
  '١',
  '+3',
  '.5',
  '5.',
  '--1',
  '1e',
  '',
];
const PIECES: readonly string[] = [
  '\0',
  '\ufeff',
  '\u202e',
  '\u2028',
  '\ud800',
  '\u001b[31m',
  '"',
  '""',
  "'",
  '\\',
  '\\u0000',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '<',
  '>',
  '#',
  '%',
  '%00',
  '%zz',
  '@',
  ':',
  '/',
  '../',
  '//',
  '?',
  '&',
  '=',
  ';',
  ',',
  '\t',
  '\r',
  '\n',
  '\r\n',
  ' ',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  '😀',
  'é',
  'ﬀ',
  'İ',
  '[deg]',
  '[1]',
  '[',
  'µ',
  'x'.repeat(300),
];
const TOKEN = /[\p{L}_][\p{L}\d_]*|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\s+|./gsu;

/** One to four changes of words, numbers, signs and lines. */
export function mutateText(text: string, random: Random, most = 4): string {
  let result = text;
  for (let count = 1 + random.below(most); count > 0; count--)
    result = random.chance(0.2) ? mutateLines(result, random) : mutateTokens(result, random);
  return result;
}

function mutateTokens(text: string, random: Random): string {
  const tokens = text.match(TOKEN) ?? [];
  const at = random.below(tokens.length + 1);
  const token = tokens[at] ?? '';
  const change = random.below(7);
  if (change === 0) tokens.splice(at, 1);
  else if (change === 1) tokens.splice(at, 0, token);
  else if (change === 2) tokens.splice(at, 0, random.pick(PIECES));
  else if (change === 3) tokens[at] = random.pick(PIECES);
  else if (change === 4) tokens.splice(at, 1, tokens[random.below(tokens.length)] ?? '');
  else if (change === 5)
    tokens[at] = token.toUpperCase() === token ? token.toLowerCase() : token.toUpperCase();
  else {
    const numbers = tokens.flatMap((each, index) => (/\d/.test(each) ? [index] : []));
    tokens[numbers.length > 0 ? random.pick(numbers) : at] = random.pick(NUMBERS);
  }
  return tokens.join('');
}

function mutateLines(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const other = random.below(lines.length);
  const change = random.below(5);
  if (change === 0) lines.splice(at, 1);
  else if (change === 1) lines.splice(other, 0, lines[at]!);
  else if (change === 2) [lines[at], lines[other]] = [lines[other]!, lines[at]!];
  else if (change === 3) lines[at] = lines[at]!.slice(0, random.below(lines[at]!.length + 1));
  else return text.slice(0, random.below(text.length + 1));
  return lines.join('\n');
}
