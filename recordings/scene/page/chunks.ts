import type * as THREE from 'three';

/** A piece of the world along the road, so that only what is near the camera is drawn. */
export interface Chunk {
  /** Station of its start. */
  s: number;
  mesh: THREE.Mesh;
  /** Distances from the camera between which this form of the piece is drawn; any, where absent. */
  from?: number;
  upTo?: number;
}

export const chunkLength = 60;
const behind = 40;
const inFront = 460;

/** Sorts things by the chunk in which they stand. */
export function chunksOf<T extends { s: number }>(
  items: readonly T[],
): { s: number; items: T[] }[] {
  const chunks = new Map<number, T[]>();
  for (const item of items) {
    const at = Math.floor(item.s / chunkLength);
    const chunk = chunks.get(at);
    if (chunk === undefined) chunks.set(at, [item]);
    else chunk.push(item);
  }
  return [...chunks].map(([at, members]) => ({ s: at * chunkLength, items: members }));
}

/**
 * Draws what is near station `s` only, the nearest first: what it hides then costs little. `scale`
 * is drawn pixels over frame pixels.
 */
export function chooseChunks(chunks: readonly Chunk[], s: number, scale: number): void {
  for (const { s: start, mesh, from, upTo } of chunks) {
    const distance = Math.max(0, start - s);
    const near = start + chunkLength > s - behind && start < s + inFront;
    mesh.userData['near'] =
      near && distance >= scale * (from ?? 0) && distance < scale * (upTo ?? Infinity);
    mesh.renderOrder = Math.abs(start - s) / 1000;
  }
}
