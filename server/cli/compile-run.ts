import { isSteering, numberName, numberPlace } from '../../shared/explained-number.ts';
import type { Target } from '../../shared/explanations.ts';
import { notWritable } from '../files/not-writable.ts';
import { writeWhole } from '../files/write-whole.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { methodChoices } from './method-choices.ts';
import { fitted } from './terminal.ts';

export interface CompileOptions {
  readonly method: string;
  readonly option?: readonly string[];
  readonly target: Target;
  readonly output: string;
}

export async function runCompile(
  path: string,
  { method, option, target, output }: CompileOptions,
): Promise<void> {
  const choices = methodChoices(method, option);
  const { network, bytes, nodes, added } = await inWorkshop('compiled', {
    path,
    methods: choices,
    target,
  });
  await writeWhole(output, bytes).catch((cause: unknown) => {
    throw notWritable(`${output} cannot be written`, cause);
  });
  const { number } = network.shown;
  const lines = [
    `${output}: ${nodes} nodes, output ${added.map(({ name, shape }) => `${name} ${shape.join('×')}`).join(', ')}`,
    `  explains ${isSteering(number) ? numberPlace(number) : numberName(number)}`,
    ...network.notes.map((note) => `  note: ${note}`),
  ];
  process.stdout.write(`${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`);
}
