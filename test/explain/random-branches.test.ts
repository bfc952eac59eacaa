import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { Network, randomNumbers, type ConvolutionForm } from '../support/network.ts';
import { randomFloats, runNetwork } from '../support/onnx-runtime.ts';

interface Value {
  readonly name: string;
  readonly channels: number;
  readonly size: readonly [number, number];
}

/**
 * Grows a network at random: chains, residual sums, concatenations, gates and pooling, nested up to
 * `depth`.
 */
class Grower {
  readonly network: Network;
  readonly #random: (low?: number, high?: number) => number;

  constructor(seed: number) {
    this.network = new Network({ seed, opset: [9, 11, 13, 18][seed % 4]! });
    this.#random = randomNumbers(seed * 7919);
  }

  #whole(low: number, high: number): number {
    return Math.floor(this.#random(low, high + 1));
  }

  #convolution(value: Value, to: number, form: ConvolutionForm): Value {
    const size = [0, 1].map(
      (axis) =>
        Math.floor(
          (value.size[axis]! + form.pads![axis]! + form.pads![axis + 2]! - form.kernel[axis]!) /
            (form.strides?.[axis] ?? 1),
        ) + 1,
    ) as [number, number];
    return {
      name: this.network.convolution(value.name, { from: value.channels, to }, form),
      channels: to,
      size,
    };
  }

  #activated(value: Value): Value {
    const { network } = this;
    switch (this.#whole(0, 3)) {
      case 0:
        return { ...value, name: network.node('Elu', [value.name]) };
      case 1:
        return {
          ...value,
          name: network.node('Mul', [network.node('Sigmoid', [value.name]), value.name]),
        };
      case 2:
        return {
          ...value,
          name: network.batchNormalization(network.node('Relu', [value.name]), value.channels),
        };
      default:
        return { ...value, name: network.node('Relu', [value.name]) };
    }
  }

  /** Any layers that keep the size of the plane. */
  #keeping(value: Value, to: number, depth: number): Value {
    const kernel = [1, 3, 5][this.#whole(0, 2)]!;
    const half = (kernel - 1) / 2;
    const first = this.#activated(
      this.#convolution(value, to, { kernel: [kernel, kernel], pads: [half, half, half, half] }),
    );
    const grown = depth > 0 && this.#random() < 0.6 ? this.grow(first, depth - 1, true) : first;
    return grown.channels !== to || this.#random() < 0.3
      ? this.#convolution(grown, to, { kernel: [1, 1], pads: [0, 0, 0, 0] })
      : grown;
  }

  grow(value: Value, depth: number, keepSize = false): Value {
    const { network } = this;
    switch (this.#whole(0, keepSize ? 2 : 5)) {
      case 0:
        return this.#activated({
          ...value,
          name: network.node('Add', [this.#keeping(value, value.channels, depth).name, value.name]),
        });
      case 1: {
        const branches = [this.#keeping(value, 2, depth), this.#keeping(value, 3, depth)];
        return {
          ...value,
          name: network.node(
            'Concat',
            branches.map((branch) => branch.name),
            { axis: 1 },
          ),
          channels: branches[0]!.channels + branches[1]!.channels,
        };
      }
      case 2: {
        const squeezed = this.#activated(
          this.#convolution(
            {
              name: network.node('GlobalAveragePool', [value.name]),
              channels: value.channels,
              size: [1, 1],
            },
            2,
            { kernel: [1, 1], pads: [0, 0, 0, 0] },
          ),
        );
        return {
          ...value,
          name: network.node('Mul', [
            value.name,
            network.node('Sigmoid', [
              this.#convolution(squeezed, value.channels, { kernel: [1, 1], pads: [0, 0, 0, 0] })
                .name,
            ]),
          ]),
        };
      }
      case 3: {
        const form: ConvolutionForm = { kernel: [3, 3], strides: [2, 2], pads: [1, 0, 1, 1] };
        const main = this.#keeping(this.#activated(this.#convolution(value, 4, form)), 4, depth);
        return this.#activated({
          ...main,
          name: network.node('Add', [main.name, this.#convolution(value, 4, form).name]),
        });
      }
      case 4:
        return {
          ...value,
          name: network.node('MaxPool', [value.name], { kernel_shape: [3, 2], strides: [2, 1] }),
          size: [Math.floor((value.size[0] - 3) / 2) + 1, value.size[1] - 1],
        };
      default:
        return this.#activated(
          this.#convolution(value, this.#whole(2, 5), {
            kernel: [3, 4],
            strides: [this.#whole(1, 2), 1],
            pads: [this.#whole(0, 1), 2, 0, 1],
          }),
        );
    }
  }
}

test('networks that branch at random have masks in 0…1 that the runtime computes', async () => {
  let drawn = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const grower = new Grower(seed);
    let value: Value = {
      name: grower.network.input('image', ['N', 2, 40, 44]),
      channels: 2,
      size: [40, 44],
    };
    value = {
      ...value,
      name: grower.network.node('Relu', [
        grower.network.convolution(
          value.name,
          { from: 2, to: 3 },
          { kernel: [3, 3], pads: [1, 1, 1, 1] },
        ),
      ]),
      channels: 3,
    };
    for (let count = 0; count < 4 && value.size[0] > 6; count++) value = grower.grow(value, 2);
    grower.network.steering(value.name, value.channels * value.size[0] * value.size[1]);
    const outputs = await runNetwork(
      compile(grower.network.model(['steering']), [{ id: 'visualbackprop' }]),
      { image: randomFloats([2, 2, 40, 44], seed) },
    );
    const mask = outputs['explanation']!;
    assert.deepEqual(mask.dims, [2, 1, 40, 44]);
    assert.ok(
      mask.data.every((each) => each >= 0 && each <= 1 + 1e-6),
      `seed ${seed}`,
    );
    if (Math.max(...mask.data) > 0.999) drawn++;
  }
  assert.ok(drawn >= 50, `only ${drawn} of 60 networks have a mask at all`);
});
