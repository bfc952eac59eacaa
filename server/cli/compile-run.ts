import { isSteering, numberName, numberPlace } from '../../shared/explained-number.ts';
import type { Target } from '../../shared/explanations.ts';
import { compile, subjectOf } from '../explain/compile.ts';
import { notWritable } from '../files/not-writable.ts';
import { writeWhole } from '../files/write-whole.ts';
import { shownOutput } from '../inference/explained-number.ts';
import { loadNetwork } from '../inference/network-file.ts';
import { writeModel } from '../onnx/write-model.ts';
import { methodChoices } from './method-choices.ts';
import { fitted } from './terminal.ts';

export interface CompileOptions {
  readonly method: string;
  readonly option?: readonly string[];
  readonly target: Target;
  readonly output: string;
}

export async function runCompile(path: string, { method, option, target, output }: CompileOptions): Promise<void> {
  const choices = methodChoices(method, option);
  const network = await loadNetwork(path, 'steering');
  const { number } = shownOutput(network.model, network.sidecar);
  const compiled = compile(network.model, choices, subjectOf(network.sidecar), target);
  await writeWhole(output, writeModel(compiled)).catch((cause: unknown) => {
    throw notWritable(`${output} cannot be written`, cause);
  });
  const added = compiled.outputs.slice(network.model.outputs.length).map(({ name, shape }) => `${name} ${shape!.join('×')}`);
  const lines = [
    `${output}: ${compiled.nodes.length} nodes, output ${added.join(', ')}`,
    `  explains ${isSteering(number) ? numberPlace(number) : numberName(number)}`,
    ...network.notes.map((note) => `  note: ${note}`),
  ];
  process.stdout.write(`${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`);
}
