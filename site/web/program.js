// This part starts a worker's program: WebAssembly compiled from Go, with kernel.wasm
// beside it where the browser has WebAssembly SIMD.
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

// start instantiates the two modules. Go imports the kernel's functions and the kernel
// imports Go's memory. This cycle is resolved by functions that look up the kernel when
// they are called.
async function start() {
  const [worker, kernel] = await Promise.all([compile(setup.worker), simd ? compile(setup.kernel) : null]);
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
    const [word, body] = call('simd', null, 1);
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
