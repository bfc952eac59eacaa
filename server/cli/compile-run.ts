import { writeFile } from 'node:fs/promises';
import { RoadgazeError } from '../../shared/errors.ts';
import { compile, subjectOf } from '../explain/compile.ts';
import { loadNetwork } from '../inference/network-file.ts';
import { writeModel } from '../onnx/write-model.ts';

export async function runCompile(path: string, { method, output }: { method: string; output: string }): Promise<void> {
  const network = await loadNetwork(path, 'steering');
  const compiled = compile(network.model, [{ id: method }], subjectOf(network.sidecar));
  try {
    await writeFile(output, writeModel(compiled));
  } catch (cause) {
    throw new RoadgazeError('OUTPUT_NOT_WRITABLE', `${output} cannot be written (${(cause as NodeJS.ErrnoException).code}).`, 'Give another path with -o.', { cause });
  }
  const shape = compiled.outputs.at(-1)!.shape!.join('×');
  process.stdout.write(`${output}: ${compiled.nodes.length} nodes, output explanation ${shape}\n`);
}
