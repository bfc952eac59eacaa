import { writeFile } from 'node:fs/promises';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import { compile, subjectOf } from '../explain/compile.ts';
import { loadNetwork } from '../inference/network-file.ts';
import { writeModel } from '../onnx/write-model.ts';
import { methodChoices } from './method-choices.ts';

export interface CompileOptions {
  readonly method: string;
  readonly option?: readonly string[];
  readonly target: Target;
  readonly output: string;
}

export async function runCompile(path: string, { method, option, target, output }: CompileOptions): Promise<void> {
  const choices = methodChoices(method, option);
  const network = await loadNetwork(path, 'steering');
  const compiled = compile(network.model, choices, subjectOf(network.sidecar), target);
  try {
    await writeFile(output, writeModel(compiled));
  } catch (cause) {
    throw new RoadgazeError('OUTPUT_NOT_WRITABLE', `${output} cannot be written (${(cause as NodeJS.ErrnoException).code}).`, 'Give another path with -o.', { cause });
  }
  const added = compiled.outputs.slice(network.model.outputs.length).map(({ name, shape }) => `${name} ${shape!.join('×')}`);
  process.stdout.write(`${output}: ${compiled.nodes.length} nodes, output ${added.join(', ')}\n`);
}
