import * as THREE from 'three';
import { firstStation } from '../world/alignment.ts';
import type { LineKind } from '../world/cross-section.ts';
import type { World } from '../world/world.ts';
import { chunkLength, type Chunk } from './chunks.ts';
import { makeMesh, makePair, type Shared } from './shading.ts';
import type { ShadowTexture } from './shadow-texture.ts';

/**
 * Distances between rows, m, and up to which distance from the camera each is used: small triangles
 * are dear.
 */
const levels = [
  { rowSpacing: 2.5, upTo: 75 },
  { rowSpacing: 5, upTo: 190 },
  { rowSpacing: 10, upTo: Infinity },
];
const maxLines = 10;
/** Stations between entries of the table of painted lines. */
const lineStep = 2;

/**
 * Road, verges and land as one strip along the road; its fragment shader knows (s, d) and paints
 * everything on it.
 */
export function makeGround(
  world: World,
  shared: Shared,
  noise: THREE.Texture,
  shadow: ShadowTexture,
): Ground {
  const { section, plan } = world;
  const table = lineTable(world);
  const lane = { value: new THREE.Vector2() };
  const pair = makePair(shared, {
    vertex: groundVertex,
    fragment: groundFragment,
    uniforms: {
      noise: { value: noise },
      shadow: { value: shadow.texture },
      shadowFrame: { value: new THREE.Vector4(...shadow.origin, ...shadow.span) },
      edges: { value: new THREE.Vector2(section.right, section.left) },
      opposite: {
        value: new THREE.Vector2(section.opposite?.right ?? 1e4, section.opposite?.left ?? 1e4 + 1),
      },
      kerb: { value: section.kerb ? 1 : 0 },
      pavement: { value: section.pavement },
      gravel: { value: section.gravel },
      visibility: { value: plan.roadVisibility },
      laneWidth: { value: plan.laneWidth },
      laneOrigin: { value: section.lanes[0]?.left ?? 0 },
      condition: { value: plan.markingCondition },
      egoLane: lane,
      lines: { value: table.lines },
      lineStyles: { value: table.styles },
      lineSpans: { value: table.spans },
      lineSpansFrame: { value: new THREE.Vector2(firstStation, table.length) },
      lineCount: { value: Math.min(maxLines, section.lines.length) },
    },
  });
  const chunks: Chunk[] = [];
  const columns = columnPositions(world);
  for (
    let start = firstStation;
    start + chunkLength <= world.alignment.length;
    start += chunkLength
  ) {
    let from = 0;
    for (const { rowSpacing, upTo } of levels) {
      chunks.push({
        s: start,
        from,
        upTo,
        mesh: makeMesh(stripGeometry(world, columns, start, rowSpacing), pair),
      });
      from = upTo;
    }
  }
  return { chunks, egoLane: lane.value };
}

export interface Ground {
  chunks: Chunk[];
  /** Right and left edge of the camera's car's own lane, for the id pass. */
  egoLane: THREE.Vector2;
}

function columnPositions(world: World): number[] {
  const { section } = world;
  const left = section.opposite?.left ?? section.left;
  const outwards = [...(section.kerb ? [0.06] : []), 1, 2.2, 4, 7, 12, 20, 34, 60, 100, 160, 230];
  const positions = [
    ...outwards.map((out) => section.right - out),
    section.right,
    ...section.lanes.flatMap((lane) => [lane.right, lane.left]),
    0,
    section.left,
    ...(section.opposite === null ? [] : [section.opposite.right, section.opposite.left]),
    ...outwards.map((out) => left + out),
  ];
  return [...new Set(positions)].sort((a, b) => a - b);
}

function stripGeometry(
  world: World,
  columns: number[],
  start: number,
  rowSpacing: number,
): THREE.BufferGeometry {
  const position: number[] = [];
  const road: number[] = [];
  const index: number[] = [];
  const { alignment } = world;
  const last = chunkLength / rowSpacing;
  for (let row = 0; row <= last; row++) {
    const s = start + row * rowSpacing;
    const p = alignment.at(s);
    const reach = 0.82 / Math.max(1e-4, Math.abs(p.curvature));
    columns.forEach((column, at) => {
      const inside = column * p.curvature > 0;
      const d = inside
        ? Math.sign(column) * Math.min(Math.abs(column), reach + 0.02 * Math.abs(column))
        : column;
      position.push(
        p.x - d * Math.sin(p.heading),
        p.y + d * Math.cos(p.heading),
        world.ground(s, d),
      );
      road.push(s, d);
      if (row < last && at < columns.length - 1) {
        const i = row * columns.length + at;
        index.push(i, i + columns.length + 1, i + 1, i, i + columns.length, i + columns.length + 1);
      }
    });
  }
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute('position', new THREE.Float32BufferAttribute(position, 3));
  geometry.setAttribute('road', new THREE.Float32BufferAttribute(road, 2));
  geometry.setIndex(index);
  geometry.computeVertexNormals();
  return geometry;
}

const kindCode: Record<LineKind, number> = { none: 0, solid: 85, dashed: 170, double: 255 };

/** Painted lines: where and how wide, and a table of what is painted at each station. */
function lineTable(world: World) {
  const lines: THREE.Vector4[] = [];
  const styles: number[] = [];
  const count = Math.ceil((world.alignment.length - firstStation) / lineStep);
  const data = new Uint8Array(count * maxLines);
  world.section.lines.slice(0, maxLines).forEach((line, row) => {
    lines.push(new THREE.Vector4(line.d, line.width, line.dash, line.period));
    styles.push(line.yellow ? 1 : 0);
    for (let i = 0; i < count; i++) {
      const s = firstStation + i * lineStep;
      const span = line.spans.findLast((each) => each.from <= s);
      data[row * count + i] = kindCode[span?.kind ?? 'none'];
    }
  });
  while (lines.length < maxLines) {
    lines.push(new THREE.Vector4(1e5, 0.1, 1, 2));
    styles.push(0);
  }
  const spans = new THREE.DataTexture(data, count, maxLines, THREE.RedFormat);
  spans.unpackAlignment = 1;
  spans.needsUpdate = true;
  return { lines, styles, spans, length: count * lineStep };
}

const groundVertex = /* glsl */ `
attribute vec2 road;
varying vec2 vRoad;
varying vec3 vNormal, vFromCamera;
void main() {
  vRoad = road;
  vNormal = normal;
  vFromCamera = position - cameraPosition;
  gl_Position = projectionMatrix * viewMatrix * vec4(position, 1.0);
}`;

const groundFragment = /* glsl */ `
uniform sampler2D noise, shadow, lineSpans;
uniform vec4 shadowFrame;
uniform vec2 edges, opposite, egoLane, lineSpansFrame;
uniform float kerb, pavement, gravel, visibility, laneWidth, laneOrigin, condition, dryness;
uniform vec3 grass, dryGrass, earth, asphalt, cover;
uniform vec4 lines[${maxLines}];
uniform int lineCount;
uniform float lineStyles[${maxLines}];
varying vec2 vRoad;
varying vec3 vNormal, vFromCamera;

float band(float d, float low, float high, float soft) {
  return smoothstep(low - soft, low + soft, d) - smoothstep(high - soft, high + soft, d);
}

// Share of the pixel that is painted (x) and whether that paint is yellow (y).
vec2 paint(float s, float d, vec2 blur) {
  vec2 result = vec2(0.0);
  for (int i = 0; i < ${maxLines}; i++) {
    if (i >= lineCount) break;
    vec4 line = lines[i];
    float off = d - line.x;
    if (abs(off) > 0.35 + blur.y) continue;
    float kind = texture2D(lineSpans, vec2((s - lineSpansFrame.x) / lineSpansFrame.y, (float(i) + 0.5) / ${maxLines}.0)).r;
    if (kind < 0.1) continue;
    float soft = max(blur.y * 0.6, 0.004);
    float halfWidth = line.y * 0.5;
    float across;
    if (kind > 0.8) across = band(abs(off), 0.06, 0.06 + line.y * 0.85, soft);
    else across = band(off, -halfWidth, halfWidth, soft);
    if (kind > 0.5 && kind < 0.8) {
      float along = mod(s, line.w);
      float softS = max(blur.x * 0.6, 0.02);
      float on = band(along, softS, line.z, softS);
      across *= mix(on, line.z / line.w, clamp((softS - 1.0) / line.w * 2.0, 0.0, 1.0));
    }
    result = max(result, vec2(across, across * lineStyles[i]));
  }
  return result;
}

void main() {
  float s = vRoad.x, d = vRoad.y;
  bool own = d > edges.x && d < edges.y;
#ifdef IDS
  float surface = own ? (d > egoLane.x && d < egoLane.y ? 2.0 : 1.0) : 0.0;
  gl_FragColor = idColour(0.0, surface);
#else
  bool other = d > opposite.x && d < opposite.y;
  float distance = length(vFromCamera);
  float out_ = max(d - max(edges.y, opposite.y < 1e3 ? opposite.y : -1e3), edges.x - d);
  vec4 fine = texture2D(noise, vRoad * vec2(0.8, 1.1));
  vec4 broad = texture2D(noise, vRoad * vec2(0.019, 0.06));
  vec3 normal = normalize(vNormal);
  vec3 reflectance;
  float paved = 0.0;
  if (own || other) {
    paved = 1.0;
    reflectance = asphalt * (1.0 + 0.4 * (fine.r - 0.5) + 0.3 * (broad.g - 0.5) + 0.13 * (broad.b - 0.5));
    // Wheels polish two tracks in each lane; oil darkens its middle.
    float inLane = abs(fract((laneOrigin - d) / laneWidth) - 0.5) * laneWidth;
    float track = (inLane - 0.8) * 2.6;
    float oil = inLane * 2.6;
    reflectance *= 1.0 + 0.07 / (1.0 + track * track * track * track) - 0.1 / (1.0 + oil * oil * oil * oil);
    // Repairs, and cracks where they can be seen.
    vec2 plot = floor(vRoad * vec2(0.11, 0.3));
    float repaired = step(0.86 + 0.1 * condition, fract(sin(plot.x * 12.9898 + plot.y * 78.233) * 437.585));
    reflectance *= 1.0 - 0.2 * repaired;
    if (distance < 45.0 && condition < 0.75) {
      float crack = abs(texture2D(noise, vRoad * vec2(0.04, 0.09) + 0.3).g - 0.5 + 0.12 * (fine.g - 0.5));
      reflectance *= 1.0 - (0.34 - 0.45 * condition) * (1.0 - smoothstep(0.0, 0.016, crack)) * (1.0 - distance / 45.0);
    }
    vec2 blur = vec2(fwidth(s), fwidth(d));
    vec2 painted = paint(s, d, blur);
    float worn = smoothstep(0.25 + 0.5 * condition, 0.75 + 0.5 * condition, fine.g * 0.6 + broad.a * 0.55);
    float amount = painted.x * (1.0 - 0.85 * worn) * (0.72 + 0.28 * condition);
    reflectance = mix(reflectance, painted.y > 0.5 * painted.x && painted.x > 0.0 ? vec3(0.62, 0.43, 0.06) : vec3(0.74), amount);
    if (kerb > 0.5) reflectance *= 0.75 + 0.25 * smoothstep(0.0, 0.4, -out_);
  } else if (kerb > 0.5 && out_ < pavement + 0.2) {
    float slab = smoothstep(0.0, 0.04, abs(fract(s * 1.25) - 0.5)) * smoothstep(0.0, 0.04, abs(fract(d * 1.25) - 0.5));
    reflectance = mix(vec3(0.34, 0.33, 0.31), vec3(0.27, 0.26, 0.245), step(0.16, out_)) * (0.8 + 0.3 * fine.r + 0.3 * (broad.g - 0.5));
    reflectance *= 0.85 + 0.15 * slab;
  } else {
    vec4 middle = texture2D(noise, vRoad * vec2(0.13, 0.17));
    float dry = clamp(dryness * 1.25 + 0.9 * (broad.g - 0.5) + 0.5 * (middle.a - 0.5) - 0.12 + 0.2 * exp(-max(out_, 0.0)), 0.0, 1.0);
    reflectance = mix(grass, dryGrass, dry) * (0.3 + 0.75 * fine.g + 0.5 * middle.g + 0.3 * (fine.a - 0.5)) * (0.7 + 0.55 * fine.r);
    float edge = gravel * (0.7 + 0.9 * (middle.g - 0.3));
    float stones = 1.0 - smoothstep(edge * 0.6, edge + 0.25, abs(out_));
    if (out_ < 0.0) stones = 0.75;
    reflectance = mix(reflectance, earth * (0.65 + 0.6 * fine.r), stones);
    // Taller growth in patches darkens the land unevenly.
    reflectance *= 1.0 - 0.38 * smoothstep(0.48, 0.72, texture2D(noise, vRoad * vec2(0.05, 0.09)).a) * smoothstep(1.0, 4.0, out_);
    // Fields beyond the verge.
    float field = smoothstep(30.0, 46.0, out_);
    vec3 crop = mix(grass * 1.15, dryGrass, step(0.5, texture2D(noise, floor(vRoad * vec2(0.009, 0.013)) * 0.31).a) * (0.3 + 0.7 * dryness));
    reflectance = mix(reflectance, crop * (0.75 + 0.5 * broad.g), field);
  }
  if (visibility < 0.99) {
    // Snow, dust or mud lies over everything; tyres and wind leave a little of what is under it.
    float lies = (1.0 - visibility) * (paved > 0.5 ? 1.0 : 1.0 - 0.75 * smoothstep(5.0, 30.0, out_ + 3.0 * broad.g));
    lies *= 0.9 + 0.2 * (broad.g - 0.5) + 0.14 * (fine.g - 0.5);
    reflectance = mix(reflectance, cover * (0.78 + 0.3 * broad.g + 0.2 * fine.r), clamp(lies, 0.0, 1.0));
  }
  float sunlit = 1.0;
  vec2 inShadowFrame = (vRoad - shadowFrame.xy) / shadowFrame.zw;
  if (abs(inShadowFrame.y - 0.5) < 0.5) sunlit = texture2D(shadow, inShadowFrame).r;
  vec3 radiance = diffuse(reflectance * mix(1.0, 0.55, wetness * paved), normal, sunlit);
  if (paved > 0.5) {
    // Asphalt shines at grazing angles, water more so.
    vec3 view = vFromCamera / distance;
    float grazing = 1.0 - max(-view.z, 0.0);
    grazing *= grazing * grazing;
    grazing *= grazing * visibility;
    if (wetness > 0.0) {
      vec3 mirrored = reflect(view, normalize(vec3((fine.rg - 0.5) * 0.03, 1.0)));
      grazing *= 0.07 + 0.5 * wetness * (0.35 + 0.65 * smoothstep(0.35, 0.7, broad.g));
      radiance = mix(radiance, skyColour(mirrored) * 0.85, grazing);
    } else {
      radiance = mix(radiance, horizon * 0.85, grazing * 0.07);
    }
  }
  gl_FragColor = vec4(finish(radiance, vFromCamera), 1.0);
#endif
}`;
