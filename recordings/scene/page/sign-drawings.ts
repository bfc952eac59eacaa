import * as THREE from 'three';

/** Faces of signs and boards in one texture of 4 × 2 tiles. */
export const signColumns = 4;
export const signRows = 2;
/** Tiles of the cue boards, by the variant of the object: points left, points right. */
export const cueTiles = [5, 6] as const;
const tile = 128;

export function makeSignDrawings(): THREE.CanvasTexture {
  const canvas = new OffscreenCanvas(tile * signColumns, tile * signRows);
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('this browser gives no 2D canvas');
  const faces = [
    speedLimit,
    warning,
    diamond,
    blueDisc,
    directions,
    (p: Pen) => cue(p, 1),
    (p: Pen) => cue(p, -1),
  ];
  faces.forEach((face, index) => {
    pen.save();
    pen.translate((index % signColumns) * tile, Math.floor(index / signColumns) * tile);
    pen.beginPath();
    pen.rect(0, 0, tile, tile);
    pen.clip();
    face(pen);
    pen.restore();
  });
  const texture = new THREE.CanvasTexture(canvas as unknown as HTMLCanvasElement);
  texture.flipY = false;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  return texture;
}

type Pen = OffscreenCanvasRenderingContext2D;

function disc(pen: Pen, radius: number, colour: string) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(64, 64, radius, 0, 2 * Math.PI);
  pen.fill();
}

function shape(pen: Pen, points: [number, number][], colour: string) {
  pen.fillStyle = colour;
  pen.beginPath();
  points.forEach(([x, y]) => pen.lineTo(x, y));
  pen.fill();
}

function speedLimit(pen: Pen) {
  disc(pen, 62, '#c21f26');
  disc(pen, 47, '#eeeeea');
  pen.fillStyle = '#161616';
  pen.font = 'bold 54px sans-serif';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText('80', 64, 67);
}

function warning(pen: Pen) {
  shape(
    pen,
    [
      [64, 4],
      [126, 114],
      [2, 114],
    ],
    '#c21f26',
  );
  shape(
    pen,
    [
      [64, 30],
      [103, 100],
      [25, 100],
    ],
    '#eeeeea',
  );
  pen.fillStyle = '#161616';
  pen.fillRect(59, 52, 10, 26);
  pen.fillRect(59, 84, 10, 9);
}

function diamond(pen: Pen) {
  shape(
    pen,
    [
      [64, 2],
      [126, 64],
      [64, 126],
      [2, 64],
    ],
    '#1a1a1a',
  );
  shape(
    pen,
    [
      [64, 8],
      [120, 64],
      [64, 120],
      [8, 64],
    ],
    '#e8b21c',
  );
  shape(
    pen,
    [
      [64, 30],
      [82, 58],
      [70, 58],
      [70, 96],
      [58, 96],
      [58, 58],
      [46, 58],
    ],
    '#1a1a1a',
  );
}

function blueDisc(pen: Pen) {
  disc(pen, 62, '#e8e8e8');
  disc(pen, 57, '#1f4f9c');
  shape(
    pen,
    [
      [64, 22],
      [92, 56],
      [74, 56],
      [74, 104],
      [54, 104],
      [54, 56],
      [36, 56],
    ],
    '#f0f0f0',
  );
}

function directions(pen: Pen) {
  pen.fillStyle = '#e8e8e8';
  pen.fillRect(0, 14, 128, 100);
  pen.fillStyle = '#1d5a38';
  pen.fillRect(4, 18, 120, 92);
  pen.fillStyle = '#e8e8e8';
  for (const [x, y, width] of [
    [30, 32, 60],
    [30, 56, 78],
    [30, 80, 44],
  ] as const)
    pen.fillRect(x, y, width, 11);
  shape(
    pen,
    [
      [16, 30],
      [24, 44],
      [8, 44],
    ],
    '#e8e8e8',
  );
  shape(
    pen,
    [
      [16, 54],
      [24, 68],
      [8, 68],
    ],
    '#e8e8e8',
  );
}

/** The cue board: white arrows on magenta. `direction` 1 points left. */
function cue(pen: Pen, direction: 1 | -1) {
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 28, 128, 72);
  pen.fillStyle = '#e0148c';
  pen.fillRect(3, 31, 122, 66);
  const x = (value: number) => (direction === 1 ? value : 128 - value);
  for (const at of [10, 48, 86]) {
    shape(
      pen,
      [
        [x(at), 64],
        [x(at + 20), 36],
        [x(at + 34), 36],
        [x(at + 14), 64],
        [x(at + 34), 92],
        [x(at + 20), 92],
      ],
      '#ffffff',
    );
  }
}
