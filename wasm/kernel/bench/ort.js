// Times one query of 64 tokens (of a dense encoder, as many as options.json says) in Parley's own worker and in onnxruntime-web with
// the same weights, single thread both, in interleaved runs on one page.
// Ours is counted twice: the encoder alone, as the worker's clock says, and the
// whole answer as the page sees it (message, tokens, encoder, search over the
// built-in collection, quotations, JSON, message). ONNX Runtime's is session.run:
// ids in, vector out.
const json = async path => (await fetch(path)).json();
const input = await json('onnx/input.json');
const { stage, rounds, tokens: length } = await json('options.json');

// ---- ours ----
const worker = new Worker('worker.js');
const replies = new Map();
let denseOn, denseOff;
const second = new Promise((resolve, reject) => { denseOn = resolve; denseOff = reject; });
const ready = new Promise((resolve, reject) => {
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
});
const at = path => new URL(path, location.href).href;
worker.postMessage({ op: 'start', manifest: at('site.json'), worker: [at('worker.wasm'), ''], kernel: [at('kernel.wasm'), ''] });
let last = 0;
const ask = question => new Promise(resolve => {
  replies.set(++last, resolve);
  worker.postMessage({ id: last, op: 'ask', body: JSON.stringify({ turns: [{ question }], k: 10, stage }) });
});

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

try {
  const about = await ready;
  if (stage === 'dense') {
    worker.postMessage({ op: 'dense', body: 'on' });
    about.memory = (await second).memory;
  }
  const theirs = await sessions();
  const times = new Map();
  const note = (name, ms) => times.set(name, [...times.get(name) ?? [], ms]);
  let tokens = 0;
  for (let round = -5; round < rounds; round++) { // the first five warm up
    const start = performance.now();
    const reply = await ask(input.text);
    if (reply.op !== 'answer') throw new Error(reply.body);
    const answer = JSON.parse(reply.body);
    const whole = performance.now() - start;
    tokens = stage === 'dense' ? length : answer.tokens;
    if (round >= 0) {
      // The dense encoder's time has the search through all vectors in it.
      if (stage === 'dense') note('parley: dense encoder', answer.cost.dense_ms);
      else note('parley: encoder', answer.cost.encode_ms);
      note('parley: whole answer', whole);
    }
    for (const t of theirs) {
      const start = performance.now();
      await t.run();
      if (round >= 0) note(t.name, performance.now() - start);
    }
  }
  window.result = { tokens, simd: about.simd, memory: about.memory, agent: navigator.userAgent, ort: theirs[0]?.ort,
    times: Object.fromEntries([...times].map(([name, t]) => [name, summary(t)])) };
} catch (e) {
  window.result = { error: String(e?.stack || e) };
}
document.body.textContent = JSON.stringify(window.result, null, 2);
