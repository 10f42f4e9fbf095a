// This part of parley.js gives the programs in Node what they have in a browser: workers,
// and files of a folder on the disk.
'use strict';
const Node = (() => {
  const here = typeof process === 'object' && !!process.versions?.node && typeof Worker === 'undefined';

  // Bundlers for browsers must not look for Node's modules.
  const module = async name => process.getBuiltinModule?.(name) ?? import(/* @vite-ignore */ /* webpackIgnore: true */ name);

  // fetchLocal returns a fetch that opens files, too. It runs in workers, so it uses
  // nothing around it.
  const fetchLocal = (fs, fetch) => async (address, options = {}) => {
    if (!String(address).startsWith('file:')) return fetch(address, options);
    let bytes;
    try {
      bytes = await fs.promises.readFile(new URL(address));
    } catch (e) {
      if (options.integrity) throw new TypeError('there is no such file');
      return new Response(null, { status: 404, statusText: e.code === 'ENOENT' ? 'there is no such file' : e.message });
    }
    if (options.integrity) {
      const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      if (`sha256-${btoa(String.fromCharCode(...sum))}` !== options.integrity) throw new TypeError('the file is not what was published');
    }
    const type = /\.wasm$/.test(address) ? 'application/wasm' : /\.json$/.test(address) ? 'application/json' : 'application/octet-stream';
    return new Response(bytes, { headers: { 'Content-Type': type } });
  };

  // before makes a worker of worker_threads look like one of a browser.
  const before = `{
    const { parentPort } = require('node:worker_threads');
    globalThis.self = globalThis;
    globalThis.postMessage = (m, transfer) => parentPort.postMessage(m, transfer);
    globalThis.onmessage = null;
    globalThis.fetch = (${fetchLocal})(require('node:fs'), fetch);
    parentPort.on('message', data => globalThis.onmessage({ data }));
  }\n`;

  async function adapt(platform) {
    const [threads, fs] = await Promise.all([module('node:worker_threads'), module('node:fs')]);
    platform.fetch = fetchLocal(fs, fetch);
    platform.worker = script => {
      // Node's own options, such as --input-type=module, are not for this script.
      const w = new threads.Worker(before + script, { eval: true, execArgv: [], name: 'parley' });
      const worker = { postMessage: (m, transfer) => w.postMessage(m, transfer), terminate: () => w.terminate() };
      w.on('message', data => worker.onmessage?.({ data }));
      w.on('error', e => worker.onerror?.(e));
      return worker;
    };
  }

  // address returns the URL of a base, which may be a path.
  async function address(base) {
    if (/^[a-z][a-z0-9+.-]+:/i.test(base)) return base;
    const { pathToFileURL } = await module('node:url');
    return pathToFileURL(base).href;
  }

  return { here, adapt, address };
})();
