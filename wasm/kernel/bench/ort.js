// Times one query of 64 tokens (of a dense encoder, as many as options.json says) in Parley's
// own worker, with either of its kernels, and in onnxruntime-web with the same weights, one
// thread each, in interleaved runs on one page. A dense encoder is asked natively, too.
// Ours is counted twice: the encoder alone, as the worker's clock says, and the
// whole answer as the page sees it (message, tokens, encoder, search over the
// built-in collection, quotations, JSON, message). ONNX Runtime's is session.run:
// ids in, vector out.
const json = async path => (await fetch(path)).json();
const input = await json('onnx/input.json');
const { stage, rounds, tokens: length, profile, sites } = await json('options.json');

// ---- ours ----
const at = path => new URL(path, location.href).href;

// begin starts a worker on a manifest: {about, ask}. relaxed is the address of its second kernel.
async function begin(script, manifest, relaxed) {
  const worker = new Worker(script), replies = new Map();
  let last = 0, denseOn, denseOff;
  const dense = new Promise((resolve, reject) => { denseOn = resolve; denseOff = reject; });
  dense.catch(() => {});
  const about = await new Promise((resolve, reject) => {
    worker.onerror = e => reject(e.message);
    worker.onmessage = ({ data }) => {
      if (data.op === 'ready') resolve(JSON.parse(data.body));
      if (data.op === 'failed') reject(data.body);
      if (data.op === 'dense') {
        const state = JSON.parse(data.body);
        if (state.state === 'on') denseOn(state);
        else if (state.state !== 'loading') denseOff(new Error('the dense stage: ' + data.body));
      }
      if (data.id) { replies.get(data.id)(data); replies.delete(data.id); }
    };
    worker.postMessage({ op: 'start', manifest: at(manifest), worker: [at('worker.wasm'), ''], kernel: [at('kernel.wasm'), ''], ...relaxed && { relaxed: [at(relaxed), ''] } });
  });
  if (stage) {
    worker.postMessage({ op: 'dense', body: 'on' });
    about.memory = (await dense).memory;
  }
  return {
    about,
    end: () => worker.terminate(),
    ask: async question => {
      const data = await new Promise(resolve => {
        replies.set(++last, resolve);
        worker.postMessage({ id: last, op: 'ask', body: JSON.stringify({ turns: [{ question }], k: 10, stage }) });
      });
      if (data.op !== 'answer') throw new Error(data.body);
      return JSON.parse(data.body);
    },
  };
}

// dotIsOne: whether relaxed SIMD's dot product is one instruction here. program.js says it.
const dotIsOne = async () => (await import(at('dot.mjs'))).default;

// ---- theirs ----
async function sessions() {
  const names = await json('onnx/list.json');
  if (!names.length) return [];
  const ort = await import(at('ort/ort.wasm.min.mjs'));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = at('ort/');
  const row = f => new ort.Tensor('int64', BigInt64Array.from(input.ids, f), [1, input.ids.length]);
  const feeds = { input_ids: row(BigInt), attention_mask: row(() => 1n), token_type_ids: row(() => 0n) };
  const all = [];
  for (const name of names) {
    const bytes = new Uint8Array(await (await fetch('onnx/' + name)).arrayBuffer());
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
    const taken = Object.fromEntries(session.inputNames.map(n => [n, feeds[n]]));
    all.push({ name, ort: ort.env.versions?.web, run: () => session.run(taken) });
  }
  return all;
}

const summary = times => {
  times.sort((a, b) => a - b);
  return { best: times[0], median: times[times.length >> 1], runs: times.length };
};

// profiled returns what the functions of kernel.wasm took, for one question, or of the relaxed
// kernel that is named, where a visit would use it.
async function profiled(relaxed) {
  const ours = await begin('worker-timed.js', sites[0].manifest, relaxed), channel = new BroadcastChannel('timed');
  const told = () => new Promise(resolve => {
    channel.onmessage = e => resolve(e.data);
    channel.postMessage('tell');
  });
  for (let i = 0; i < 8; i++) await ours.ask(input.text);
  await told(); // it counts anew from there on
  let encode = 0;
  for (let i = 0; i < rounds; i++) encode += (await ours.ask(input.text)).cost[{ dense: 'dense_ms', read: 'reader_ms' }[stage] ?? 'encode_ms'];
  const timed = await told();
  channel.close();
  ours.end();
  return timed.map(([Name, [calls, ms]]) => ({ Name, Calls: calls / rounds, MS: ms / rounds, Share: ms / encode }));
}

try {
  const ours = [];
  for (const { name, manifest } of sites) {
    ours.push([`${name}, kernel.wasm`, await begin('worker.js', manifest)], [`${name}, kernel-relaxed.wasm`, await begin('worker-relaxed.js', manifest, 'relaxed.wasm')]);
  }
  const theirs = await sessions();
  const times = new Map();
  const note = (name, ms) => times.set(name, [...times.get(name) ?? [], ms]);
  let tokens = 0;
  for (let round = -5; round < rounds; round++) { // the first five warm up
    for (const [name, { ask }] of ours) {
      const start = performance.now();
      const answer = await ask(input.text);
      const whole = performance.now() - start;
      tokens = stage ? length : answer.tokens;
      if (round < 0) continue;
      // The dense encoder's time has the search through all vectors in it.
      note(name, answer.cost[{ dense: 'dense_ms', read: 'reader_ms' }[stage] ?? 'encode_ms']);
      note(`${name}, answer`, whole);
    }
    for (const [i, { name }] of stage ? sites.entries() : []) {
      const answer = await fetch(`native/${i}`), text = await answer.text();
      if (!answer.ok) throw new Error(`natively: ${text}`);
      if (round >= 0) note(`${name}, native`, Number(text));
    }
    for (const t of theirs) {
      const start = performance.now();
      await t.run();
      if (round >= 0) note(t.name, performance.now() - start);
    }
  }
  const { simd, memory } = ours[0][1].about;
  const dot = await dotIsOne(), timed = {};
  if (profile) timed['kernel.wasm'] = await profiled();
  if (profile && dot) timed['kernel-relaxed.wasm'] = await profiled('relaxed.wasm');
  window.result = { tokens, simd, memory, agent: navigator.userAgent, ort: theirs[0]?.ort, dot, timed,
    times: Object.fromEntries([...times].map(([name, t]) => [name, summary(t)])) };
} catch (e) {
  window.result = { error: String(e?.stack || e) };
}
document.body.textContent = JSON.stringify(window.result, null, 2);
