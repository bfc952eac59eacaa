import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../bench/measure.ts';
import { repositoryRoot } from '../support/paths.ts';
import { reduceFind, runTarget, type RunResult, type SavedFind } from './run-target.ts';
import { corpusOf, targetModule, targetNames } from './targets.ts';

/**
 * `npm run fuzz [-- --target onnx,nut --seconds 300 --seed 7 --from 0 --count 1000 --file PATH]`:
 * inputs made to go wrong, for every part that reads what comes from outside. `--seconds` are
 * shared by the targets. Ends with status 1 where there is a find.
 */
const { values: options } = parseArgs({
  options: {
    target: { type: 'string', default: targetNames.join() },
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: 'Infinity' },
    file: { type: 'string', multiple: true },
  },
});
const names = options.target.split(',');
const [seconds, seed, from, count] = [
  options.seconds,
  options.seed,
  options.from,
  options.count,
].map(Number) as [number, number, number, number];
const unknown = names.find((name) => !targetNames.includes(name));
if (unknown !== undefined || ![seconds, seed, from, count].every((value) => value >= 0)) {
  console.error(
    unknown === undefined
      ? '--seconds, --seed, --from and --count take numbers from 0 up.'
      : `There is no target "${unknown}"; there are ${targetNames.join(', ')}.`,
  );
  process.exit(2);
}

const rows = [['target', 'inputs', 'finds', 'how inputs ended']];
const files = options.file?.map((file) => resolve(file));
let found = 0;
console.log(`Seed ${seed}.`);
for (const name of names) {
  const result = await runTarget({
    module: targetModule(name),
    seed,
    from,
    count: files ? 0 : count,
    files: files ?? corpusOf(name),
    seconds: seconds / names.length,
    onProgress: (inputs, finds) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r${name}: ${inputs} inputs, ${finds} finds `);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  for (const find of result.finds) console.log(await told(name, find));
  found += result.finds.length;
  rows.push([name, String(result.inputs), String(result.finds.length), endsOf(result)]);
}
console.log(table(rows));
process.exitCode = found > 0 ? 1 : 0;

function endsOf({ outcomes, inputs }: RunResult): string {
  const words = [...outcomes]
    .filter(([word]) => !word.startsWith('FIND'))
    .sort((a, b) => b[1] - a[1]);
  return words
    .slice(0, 8)
    .map(
      ([word, times]) =>
        `${word} ${((100 * times) / inputs).toFixed(times * 100 < inputs ? 2 : 0)}%`,
    )
    .join(', ');
}

/** Keeps a find's input, smaller where that is cheap, and says how to see it again. */
async function told(name: string, find: SavedFind): Promise<string> {
  const folder = join(repositoryRoot, '.roadgaze', 'fuzz', name);
  mkdirSync(folder, { recursive: true });
  const ended = /^(?:hang|memory|crash)/.test(find.key);
  const input = ended ? find.input : await reduceFind(targetModule(name), find);
  const path = join(
    folder,
    `${find.key.replaceAll(/[^\w]+/g, '-').slice(0, 80)}-${seed}-${find.index}`,
  );
  writeFileSync(path, input);
  const again = [
    ...(find.index >= 0
      ? [`npm run fuzz -- --target ${name} --seed ${seed} --from ${find.index} --count 1`]
      : []),
    `npm run fuzz -- --target ${name} --file ${relative(repositoryRoot, path)}`,
  ];
  return [
    `FIND in ${name}: ${find.key}`,
    ...find.text.split('\n').map((line) => `  ${line}`),
    ...again.map((line) => `  again: ${line}`),
  ].join('\n');
}
