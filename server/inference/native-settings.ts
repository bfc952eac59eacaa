// What native code reads from the environment when it loads. It must be set on the main thread, and
// before: a worker's environment is a copy that native code does not see.

// ONNX Runtime's package collects usage figures for its maker unless this is set. Drives and
// networks are nobody else's business.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
// CUDA's libraries round what they multiply to ten bits (TF32) where nothing else is said: maps
// then differ by up to 1.5 % of their largest value.
process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
