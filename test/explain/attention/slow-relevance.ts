/** A matrix of the slow version, row by row, and the relevance that comes to it. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  readonly relevance: Float64Array;
}

export function matrix(rows: number, columns: number, data: ArrayLike<number>): Matrix {
  return {
    rows,
    columns,
    data: Float64Array.from(data),
    relevance: new Float64Array(rows * columns),
  };
}

/**
 * Computes step by step, and then hands relevance back by the rules of AttnLRP (Achtibat et al.
 * 2024) and of Arras et al. (2017), one number at a time.
 */
export class SlowRelevance {
  readonly #back: (() => void)[] = [];
  readonly #epsilon: number;
  /** What constants were given: biases, fixed tokens, the constant term of each softmax. */
  absorbed = 0;

  constructor(epsilon = 1e-6) {
    this.#epsilon = epsilon;
  }

  #stabilised(z: number): number {
    return z + (z >= 0 ? this.#epsilon : -this.#epsilon);
  }

  #make(rows: number, columns: number, value: (row: number, column: number) => number): Matrix {
    return matrix(
      rows,
      columns,
      Array.from({ length: rows * columns }, (_, at) =>
        value(Math.floor(at / columns), at % columns),
      ),
    );
  }

  /** Starts at one number with its own value. */
  handBack(from: Matrix, at: number): void {
    from.relevance[at] = from.data[at]!;
    for (const back of [...this.#back].reverse()) back();
  }

  /** x·W + b, by ε. `weights` [inputs, outputs]. */
  linear(x: Matrix, weights: Matrix, bias: ArrayLike<number> | null): Matrix {
    const result = this.#make(x.rows, weights.columns, (row, column) => {
      let sum = bias?.[column] ?? 0;
      for (let i = 0; i < x.columns; i++)
        sum += x.data[row * x.columns + i]! * weights.data[i * weights.columns + column]!;
      return sum;
    });
    this.#back.push(() => {
      result.relevance.forEach((relevance, at) => {
        const [row, column] = [Math.floor(at / result.columns), at % result.columns];
        const share = relevance / this.#stabilised(result.data[at]!);
        for (let i = 0; i < x.columns; i++)
          x.relevance[row * x.columns + i]! +=
            x.data[row * x.columns + i]! * weights.data[i * weights.columns + column]! * share;
        this.absorbed += (bias?.[column] ?? 0) * share;
      });
    });
    return result;
  }

  /** Both of the picture: each gets half, by ε. */
  product(a: Matrix, b: Matrix): Matrix {
    const result = this.#make(a.rows, b.columns, (row, column) => {
      let sum = 0;
      for (let i = 0; i < a.columns; i++)
        sum += a.data[row * a.columns + i]! * b.data[i * b.columns + column]!;
      return sum;
    });
    this.#back.push(() => {
      result.relevance.forEach((relevance, at) => {
        const [row, column] = [Math.floor(at / result.columns), at % result.columns];
        const share = relevance / this.#stabilised(result.data[at]!) / 2;
        for (let i = 0; i < a.columns; i++) {
          const part = a.data[row * a.columns + i]! * b.data[i * b.columns + column]! * share;
          a.relevance[row * a.columns + i]! += part;
          b.relevance[i * b.columns + column]! += part;
        }
      });
    });
    return result;
  }

  add(a: Matrix, b: Matrix): Matrix {
    const result = this.#make(a.rows, a.columns, (row, column) => {
      const at = row * a.columns + column;
      return a.data[at]! + b.data[at]!;
    });
    this.#back.push(() => {
      result.relevance.forEach((relevance, at) => {
        const share = relevance / this.#stabilised(result.data[at]!);
        a.relevance[at]! += a.data[at]! * share;
        b.relevance[at]! += b.data[at]! * share;
      });
    });
    return result;
  }

  addConstant(a: Matrix, constant: ArrayLike<number>): Matrix {
    const other = matrix(a.rows, a.columns, constant);
    const result = this.add(a, other);
    this.#back.unshift(() => this.#absorb(other));
    return result;
  }

  #absorb({ relevance }: Matrix): void {
    for (const part of relevance) this.absorbed += part;
  }

  /** Rows that are constant in front of the others. */
  below(constant: Matrix, x: Matrix): Matrix {
    const result = matrix(constant.rows + x.rows, x.columns, [...constant.data, ...x.data]);
    this.#back.push(() => {
      result.relevance.forEach((part, at) => {
        const moved = at - constant.data.length;
        if (moved < 0) this.absorbed += part;
        else x.relevance[moved]! += part;
      });
    });
    return result;
  }

  /** Any numbers of another matrix, in another order or shape. */
  moved(
    x: Matrix,
    rows: number,
    columns: number,
    from: (row: number, column: number) => number,
  ): Matrix {
    const result = this.#make(rows, columns, (row, column) => x.data[from(row, column)]!);
    this.#back.push(() => {
      result.relevance.forEach((part, at) => {
        x.relevance[from(Math.floor(at / columns), at % columns)]! += part;
      });
    });
    return result;
  }

  /** Columns of several matrices side by side. */
  beside(parts: readonly Matrix[]): Matrix {
    const [{ rows, columns }] = parts as [Matrix];
    const place = (column: number) => [Math.floor(column / columns), column % columns] as const;
    const result = this.#make(rows, columns * parts.length, (row, column) => {
      const [part, at] = place(column);
      return parts[part]!.data[row * columns + at]!;
    });
    this.#back.push(() => {
      result.relevance.forEach((relevance, index) => {
        const [part, at] = place(index % result.columns);
        parts[part]!.relevance[Math.floor(index / result.columns) * columns + at]! += relevance;
      });
    });
    return result;
  }

  /** One number out of one: all relevance passes. */
  bent(x: Matrix, f: (value: number) => number): Matrix {
    const result = this.#make(x.rows, x.columns, (row, column) =>
      f(x.data[row * x.columns + column]!),
    );
    this.#back.push(() => {
      result.relevance.forEach((part, at) => {
        x.relevance[at]! += part;
      });
    });
    return result;
  }

  /** What a gate lets through takes all. */
  gated(gate: Matrix, x: Matrix): Matrix {
    const result = this.#make(x.rows, x.columns, (row, column) => {
      const at = row * x.columns + column;
      return gate.data[at]! * x.data[at]!;
    });
    this.#back.push(() => {
      result.relevance.forEach((part, at) => {
        x.relevance[at]! += part;
      });
    });
    return result;
  }

  /** Along rows, as a straight line at the scores. */
  softmax(x: Matrix): Matrix {
    const { rows, columns } = x;
    const exponentials = x.data.map(Math.exp);
    const result = this.#make(rows, columns, (row, column) => {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += exponentials[row * columns + i]!;
      return exponentials[row * columns + column]! / sum;
    });
    this.#back.push(() => {
      for (let row = 0; row < rows; row++) {
        for (let j = 0; j < columns; j++) {
          const [at, share] = [row * columns + j, result.data[row * columns + j]!];
          let line = 0;
          for (let i = 0; i < columns; i++) {
            // ∂s_j/∂x_i · x_i, of s_j.
            const slope = share * ((i === j ? 1 : 0) - result.data[row * columns + i]!);
            const part = x.data[row * columns + i]! * slope;
            line += part;
            x.relevance[row * columns + i]! += (part * result.relevance[at]!) / share;
          }
          this.absorbed += ((share - line) * result.relevance[at]!) / share;
        }
      }
    });
    return result;
  }

  /** Along rows; what it is divided by is held fixed. */
  layerNorm(x: Matrix, scale: ArrayLike<number>, shift: ArrayLike<number>): Matrix {
    const { rows, columns } = x;
    const mean = (row: number) =>
      x.data.slice(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value, 0) /
      columns;
    const deviation = (row: number) =>
      Math.sqrt(
        x.data
          .slice(row * columns, (row + 1) * columns)
          .reduce((sum, value) => sum + (value - mean(row)) ** 2, 0) /
          columns +
          1e-5,
      );
    const result = this.#make(
      rows,
      columns,
      (row, column) =>
        ((x.data[row * columns + column]! - mean(row)) / deviation(row)) * scale[column]! +
        shift[column]!,
    );
    this.#back.push(() => {
      result.relevance.forEach((relevance, at) => {
        const [row, column] = [Math.floor(at / columns), at % columns];
        const share = relevance / this.#stabilised(result.data[at]!);
        const factor = scale[column]! / deviation(row);
        for (let i = 0; i < columns; i++)
          x.relevance[row * columns + i]! +=
            x.data[row * columns + i]! * ((i === column ? 1 : 0) - 1 / columns) * factor * share;
        this.absorbed += shift[column]! * share;
      });
    });
    return result;
  }
}
