import type { Model, Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';

/** The network with what VisualBackProp must know of it. */
export interface TrunkGraph {
  readonly model: Model;
  readonly shapes: Shapes;
  readonly made: ReadonlyMap<string, Node>;
  /** Values that depend on the picture. */
  readonly fromImage: ReadonlySet<string>;
  /** Values that the explained output depends on. */
  readonly reaching: ReadonlySet<string>;
}
