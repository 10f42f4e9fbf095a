// This part starts a worker's program: WebAssembly compiled from Go, with kernel.wasm or
// kernel-relaxed.wasm beside it where the browser has WebAssembly SIMD.
'use strict';

// A Trap is a call that did not return: memory or the stack ran out, or Go panicked. The
// state of the program's memory is then unknown, so it cannot be called again and must be
// started again. Browsers throw different errors for it (RuntimeError, RangeError, in
// Firefox InternalError).
class Trap extends Error {}

// compile compiles [url, integrity]. Bytes that were not published never run: the browser
// refuses a file with another SHA-256, but does not say that this was the reason. So
// compile requests it once more, without the browser's caches, to find out.
async function compile([url, integrity]) {
  const file = url.split('/').pop();
  const broken = e => { throw new Failure('download', file, `the connection broke off (${e.message})`); };
  let res, bytes;
  try {
    res = await fetch(url, { integrity });
  } catch {
    res = await request(url, file, { cache: 'reload' });
    bytes = await res.arrayBuffer().catch(broken);
    if (`sha256-${btoa(String.fromCharCode(...await sha256(bytes)))}` !== integrity)
      throw new Failure('verify', file, `${bytes.byteLength} bytes came whose SHA-256 is not that of the published file`);
  }
  if (!res.ok) throw new Failure('download', file, `the server answered ${res.status} ${res.statusText}`);
  try {
    if (!bytes && /^application\/wasm/.test(res.headers.get('content-type'))) return await WebAssembly.compileStreaming(res);
    return await WebAssembly.compile(bytes ?? await res.arrayBuffer().catch(broken));
  } catch (e) {
    throw e instanceof Failure ? e : new Failure('open', file, e.message);
  }
}

// simd: whether the browser accepts a module whose one function is a v128 constant and
// drop.
const simd = WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0,
  10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11));

// relaxed: whether relaxed SIMD's dot product of bytes is one instruction of the processor:
// SDOT, which Arm's have since 2018, or x86's VPDPBUSD. What it makes of a factor above 127,
// which the standard leaves open, tells: for Arm it is negative, VPDPBUSD takes it as it is,
// and x86 without it rounds sums to 16 bits; there, kernel.wasm is faster. The module's one
// function returns the sum of four products of two bytes.
const relaxed = (() => {
  const module = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0,
    10, 22, 1, 20, 0, 32, 0, 253, 15, 32, 1, 253, 15, 65, 0, 253, 17, 253, 147, 2, 253, 27, 0, 11);
  if (!WebAssembly.validate(module)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
  return [-4 * 127, 4 * 127 * 255].includes(f(127, 255));
})();

// exact: whether kernel-relaxed.wasm computes what it must here. V8 11.3, in which the
// instruction was not yet switched on, had it wrong in one of its two compilers.
async function exact(module) {
  const memory = new WebAssembly.Memory({ initial: 2 }), N = 16, K = 16, m = 5;
  const { quantize, linear_int8 } = (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  const bytes = new Int8Array(memory.buffer), floats = new Float32Array(memory.buffer);
  const q = 0, scale = 1024, wscale = 2048, w = 4096, out = 8192, x = 16384; // and at 12288 the bias, zero
  floats.fill(1, wscale / 4, wscale / 4 + N);
  const token = (i, k) => k ? (i * 131 + k * 97) % 255 - 127 : 127, weight = (n, k) => (n * 89 + k * 151) % 256 - 128;
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < m; i++) floats[x / 4 + i * K + k] = token(i, k); // the largest is 127, so they stay as they are
    for (let n = 0; n < N; n++) bytes[w + (n >> 3) * 8 * K + (k >> 2) * 32 + n % 8 * 4 + k % 4] = weight(n, k);
  }
  quantize(x, q, scale, m, K);
  linear_int8(q, scale, w, wscale, 12288, out, m, N, K);
  for (let i = 0; i < m; i++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += token(i, k) * weight(n, k);
      if (floats[out / 4 + i * N + n] !== sum) return false;
    }
  }
  return true;
}

// chosen returns the kernel for this browser, and what the program calls it: 0 is none.
async function chosen() {
  if (!simd) return [0, null];
  if (relaxed && setup.relaxed) {
    const module = await compile(setup.relaxed);
    if (await exact(module).catch(() => false)) return [2, module];
  }
  return [1, await compile(setup.kernel)];
}

// start instantiates the two modules. Go imports the kernel's functions and the kernel
// imports Go's memory. This cycle is resolved by functions that look up the kernel when
// they are called.
async function start() {
  const [worker, [kind, kernel]] = await Promise.all([compile(setup.worker), chosen()]);
  let go, ops;
  const imports = { kernel: {}, wasi_snapshot_preview1: wasi(() => new DataView(go.memory.buffer)) };
  for (const { module, name } of WebAssembly.Module.imports(worker)) {
    if (module === 'kernel') imports.kernel[name] = (...args) => ops[name](...args);
    else imports[module][name] ??= () => 52; // ENOSYS
  }
  go = (await WebAssembly.instantiate(worker, imports)).exports;
  go._initialize();
  // call passes contents, followed by a file's name, or a number, and returns the word and
  // the JSON of the reply.
  let dead = false;
  const call = (...args) => {
    if (dead) throw new Trap('the program has failed before');
    try {
      return exchange(...args);
    } catch (e) {
      if (e instanceof Failure) throw e;
      dead = true;
      throw new Trap(e.message);
    }
  };
  const exchange = (name, contents, more) => {
    const title = new TextEncoder().encode(contents ? more : '');
    if (contents) {
      const at = go.reserve(contents.length + title.length) >>> 0;
      if (!at) throw new Failure('open', more, `no room for ${contents.length} bytes`);
      const inbox = new Uint8Array(go.memory.buffer, at);
      inbox.set(contents);
      inbox.set(title, contents.length);
    }
    const reply = BigInt.asUintN(64, go[name](contents ? title.length : more));
    const text = new TextDecoder().decode(new Uint8Array(go.memory.buffer, Number(reply >> 32n), Number(reply & 0xffffffffn)));
    const line = text.indexOf('\n');
    return [text.slice(0, line), text.slice(line + 1)];
  };
  if (kernel) {
    ops = (await WebAssembly.instantiate(kernel, { env: { memory: go.memory } })).exports;
    const [word, body] = call('simd', null, kind);
    if (word === 'error') throw Object.assign(new Failure(), JSON.parse(body));
  }
  return { call, memory: go.memory };
}

// wasi returns what Go's runtime needs from the system: clocks, random numbers, and a
// console for its last messages. There are no arguments, environment or files.
function wasi(view) {
  let line = '';
  const zero = (a, b) => { view().setUint32(a, 0, true); view().setUint32(b, 0, true); return 0; };
  return {
    args_sizes_get: zero,
    environ_sizes_get: zero,
    args_get: () => 0,
    environ_get: () => 0,
    fd_prestat_get: () => 8, // EBADF: there are no directories
    clock_time_get(id, precision, at) {
      const ms = performance.now() + (id === 0 ? performance.timeOrigin : 0);
      view().setBigUint64(at, BigInt(Math.round(ms * 1e6)), true);
      return 0;
    },
    random_get(at, n) {
      for (let done = 0; done < n; done += 65536)
        crypto.getRandomValues(new Uint8Array(view().buffer, at + done, Math.min(65536, n - done)));
      return 0;
    },
    fd_write(fd, vectors, n, written) {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const at = view().getUint32(vectors + 8 * i, true), length = view().getUint32(vectors + 8 * i + 4, true);
        line += new TextDecoder().decode(new Uint8Array(view().buffer, at, length));
        sum += length;
      }
      const lines = line.split('\n');
      line = lines.pop();
      if (lines.length) console.error(lines.join('\n'));
      view().setUint32(written, sum, true);
      return 0;
    },
    poll_oneoff(subscriptions, events, n, count) { // a sleep, which ends immediately
      view().setUint32(count, 0, true);
      return 0;
    },
    sched_yield: () => 0,
    proc_exit(code) { throw new Error(`exit code ${code}`); },
  };
}
