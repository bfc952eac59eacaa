import * as THREE from 'three';
import type { View } from '../messages.ts';
import { camera } from '../world/camera.ts';
import type { Displacement, World } from '../world/world.ts';
import { makeBuilt } from './built.ts';
import { chooseChunks, type Chunk } from './chunks.ts';
import { makeGround, type Ground } from './ground.ts';
import { makeGrowth } from './growth.ts';
import { Lens, drawnRect } from './lens.ts';
import { makeNoiseTexture } from './noise-texture.ts';
import { choosePass, setTime, sharedUniforms, type Shared } from './shading.ts';
import { bakeShadows } from './shadow-texture.ts';
import { makeSignDrawings } from './sign-drawings.ts';
import { makeDistance, makeSky } from './sky.ts';
import { makeTreeDrawings } from './tree-drawings.ts';
import { Vehicles } from './vehicles.ts';

/** Textures that are the same for every world. */
export interface Stock {
  noise: THREE.Texture;
  drawings: THREE.Texture;
  signs: THREE.Texture;
}

export function makeStock(): Stock {
  return { noise: makeNoiseTexture(), drawings: makeTreeDrawings(), signs: makeSignDrawings() };
}

/** One world, ready to be drawn through one view. */
export class Stage {
  readonly #renderer: THREE.WebGLRenderer;
  readonly #world: World;
  readonly #view: View;
  readonly #shared: Shared;
  readonly #scene = new THREE.Scene();
  readonly #camera = new THREE.PerspectiveCamera();
  readonly #ground: Ground;
  readonly #chunks: Chunk[];
  readonly #distance: THREE.Mesh;
  readonly #vehicles: Vehicles;
  readonly #lens: Lens;
  readonly #drawn: THREE.WebGLRenderTarget;
  readonly #picture: THREE.WebGLRenderTarget;
  readonly #averaged: THREE.WebGLRenderTarget | null;
  readonly #drawnIds: THREE.WebGLRenderTarget;
  readonly #ids: THREE.WebGLRenderTarget;
  readonly #owned: { dispose(): void }[];

  constructor(renderer: THREE.WebGLRenderer, stock: Stock, world: World, view: View) {
    this.#renderer = renderer;
    this.#world = world;
    this.#view = view;
    this.#shared = sharedUniforms(world);
    const shadow = bakeShadows(world, renderer.capabilities.maxTextureSize);
    this.#ground = makeGround(world, this.#shared, stock.noise, shadow);
    this.#distance = makeDistance(world, this.#shared);
    this.#vehicles = new Vehicles(world, this.#shared);
    this.#chunks = [
      ...this.#ground.chunks,
      ...makeBuilt(world, this.#shared, stock.noise, stock.signs),
      ...makeGrowth(world, this.#shared, stock.drawings),
    ];
    this.#scene.add(
      ...this.#chunks.map(({ mesh }) => mesh),
      this.#vehicles.group,
      this.#distance,
      makeSky(this.#shared, stock.noise),
    );
    this.#lens = new Lens(world, view);
    const [, , width, height] = drawnRect(view);
    const scale = (view.width * view.oversampling) / view.rect[2];
    const idScale = (view.ids.oversampling * view.ids.width) / view.rect[2];
    const target = (w: number, h: number, settings: THREE.RenderTargetOptions = {}) =>
      new THREE.WebGLRenderTarget(Math.round(w), Math.round(h), {
        depthBuffer: false,
        generateMipmaps: false,
        ...settings,
      });
    this.#drawn = target(width * scale, height * scale, {
      depthBuffer: true,
      samples: view.oversampling === 1 ? 4 : 0,
    });
    this.#picture = target(view.width * view.oversampling, view.height * view.oversampling);
    this.#averaged = view.oversampling === 1 ? null : target(view.width, view.height);
    const nearest = { minFilter: THREE.NearestFilter, magFilter: THREE.NearestFilter };
    this.#drawnIds = target(width * idScale, height * idScale, { depthBuffer: true, ...nearest });
    this.#ids = target(view.ids.width, view.ids.height, nearest);
    this.#owned = [
      this.#drawn,
      this.#picture,
      this.#drawnIds,
      this.#ids,
      this.#lens,
      shadow.texture,
    ];
    if (this.#averaged !== null) this.#owned.push(this.#averaged);
  }

  /** RGB bytes, then id bytes where they are asked for; rows from the top. */
  draw(t: number, displaced: Displacement, noiseSeed: number, withIds: boolean): Uint8Array {
    const renderer = this.#renderer;
    const car = this.#world.car(t);
    setTime(this.#shared, this.#world, t);
    this.#placeCamera(t, displaced);
    this.#vehicles.setTime(t, car);
    const lane = this.#world.section.lanes[car.lane];
    if (lane !== undefined) this.#ground.egoLane.set(lane.right, lane.left);
    chooseChunks(
      this.#chunks,
      car.s,
      (this.#view.width * this.#view.oversampling) / this.#view.rect[2],
    );
    this.#distance.matrixWorld.makeTranslation(0, 0, this.#world.alignment.at(car.s).z);
    this.#distance.matrixWorldAutoUpdate = false;

    choosePass(this.#scene, 'look');
    renderer.setRenderTarget(this.#drawn);
    renderer.clear();
    renderer.render(this.#scene, this.#camera);
    this.#lens.picture(renderer, this.#drawn.texture, this.#picture, noiseSeed);
    if (this.#averaged !== null)
      this.#lens.average(renderer, this.#picture.texture, this.#averaged);

    const picture = this.#readPicture();
    if (!withIds) return picture;
    choosePass(this.#scene, 'ids');
    renderer.setRenderTarget(this.#drawnIds);
    renderer.clear();
    renderer.render(this.#scene, this.#camera);
    this.#lens.ids(renderer, this.#drawnIds.texture, this.#ids);
    const numbers = this.#readIds();
    const bytes = new Uint8Array(picture.length + numbers.length);
    bytes.set(picture);
    bytes.set(numbers, picture.length);
    return bytes;
  }

  #readPicture(): Uint8Array {
    const { width, height } = this.#view;
    const rgba = new Uint8Array(width * height * 4);
    this.#renderer.readRenderTargetPixels(
      this.#averaged ?? this.#picture,
      0,
      0,
      width,
      height,
      rgba,
    );
    const bytes = new Uint8Array(width * height * 3);
    for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
      bytes[to] = rgba[from] as number;
      bytes[to + 1] = rgba[from + 1] as number;
      bytes[to + 2] = rgba[from + 2] as number;
    }
    return bytes;
  }

  #readIds(): Uint8Array {
    const { width, height } = this.#view.ids;
    const numbers = new Uint8Array(width * height * 4);
    this.#renderer.readRenderTargetPixels(this.#ids, 0, 0, width, height, numbers);
    return numbers;
  }

  #placeCamera(t: number, displaced: Displacement) {
    const pose = this.#world.pose(t, displaced);
    const [frameWidth, frameHeight] = camera.frame;
    const [x, y, width, height] = drawnRect(this.#view);
    const near = 0.4;
    const perPixel = (near * Math.tan((camera.hfov * Math.PI) / 360)) / (frameWidth / 2);
    const lens = this.#camera;
    const left = (x - frameWidth / 2) * perPixel;
    const top = (frameHeight / 2 - y) * perPixel;
    lens.projectionMatrix.makePerspective(
      left,
      left + width * perPixel,
      top,
      top - height * perPixel,
      near,
      6000,
    );
    lens.projectionMatrixInverse.copy(lens.projectionMatrix).invert();
    // Columns: right, up, back. Yaw about z, then pitch upwards, then roll to the right.
    const cy = Math.cos(pose.yaw);
    const sy = Math.sin(pose.yaw);
    const cp = Math.cos(pose.pitch);
    const sp = Math.sin(pose.pitch);
    const forward = new THREE.Vector3(cy * cp, sy * cp, sp);
    const right = new THREE.Vector3(sy, -cy, 0);
    const up = new THREE.Vector3().crossVectors(right, forward);
    const c = Math.cos(pose.roll);
    const s = Math.sin(pose.roll);
    const rolledRight = right.clone().multiplyScalar(c).addScaledVector(up, -s);
    const rolledUp = up.clone().multiplyScalar(c).addScaledVector(right, s);
    lens.matrixAutoUpdate = false;
    lens.matrix
      .makeBasis(rolledRight, rolledUp, forward.clone().negate())
      .setPosition(pose.x, pose.y, pose.z);
    lens.matrixWorld.copy(lens.matrix);
    lens.matrixWorldInverse.copy(lens.matrix).invert();
  }

  dispose(): void {
    this.#scene.traverse((object) => {
      if (!(object instanceof THREE.Mesh)) return;
      (object.geometry as THREE.BufferGeometry).dispose();
      const pair = object.userData['pair'] as { look: THREE.Material; ids: THREE.Material | null };
      pair.look.dispose();
      pair.ids?.dispose();
    });
    for (const each of this.#owned) each.dispose();
  }
}
