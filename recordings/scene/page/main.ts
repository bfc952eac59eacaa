import * as THREE from 'three';
import type { Request } from '../messages.ts';
import { World } from '../world/world.ts';
import { Stage, makeStock } from './stage.ts';

/** The page that draws: it answers requests from Node one after another. */
const renderer = new THREE.WebGLRenderer({ canvas: new OffscreenCanvas(16, 16), antialias: false });
renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
renderer.sortObjects = true;
renderer.setClearColor(0x000000, 0);
renderer.autoClear = false;
const stock = makeStock();
let stage: Stage | null = null;
let old: Stage | null = null;

const socket = new WebSocket(`ws://${location.host}/`);
socket.binaryType = 'arraybuffer';
socket.onmessage = (event) => {
  try {
    const request = JSON.parse(String(event.data)) as Request;
    if (request.type === 'world') {
      // The old stage goes after the new one was drawn, so that compiled shaders live on.
      old?.dispose();
      old = stage;
      stage = new Stage(renderer, stock, new World(request.options), request.view);
    } else if (stage !== null) {
      socket.send(
        stage.draw(
          request.t,
          request.displaced,
          request.noiseSeed,
          request.ids,
        ) as Uint8Array<ArrayBuffer>,
      );
    }
  } catch (error) {
    socket.send(`the page failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
};
