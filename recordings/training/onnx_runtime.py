"""Runs an exported network in onnxruntime-node, so that what is measured is what ships, in the runtime that runs it."""

import subprocess
import threading
from pathlib import Path

import numpy as np

RUNNER = Path(__file__).with_name("run-onnx.mjs")


def run(model: Path, batches, shape: tuple[int, int, int]) -> np.ndarray:
    """`batches` yields float32 arrays [n, *shape]; returns the first output's values for all of them, flat float32."""
    process = subprocess.Popen(["node", RUNNER, model, *map(str, shape)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed() -> None:
        for batch in batches:
            process.stdin.write(np.ascontiguousarray(batch, np.float32).tobytes())
        process.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    output = process.stdout.read()
    feeder.join()
    if process.wait() != 0:
        raise RuntimeError(f"{RUNNER.name} failed on {model}")
    return np.frombuffer(output, np.float32)
