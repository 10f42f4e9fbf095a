// Runs use.js in Node: node node.js PACKAGE BASE [ENCODED JSON of loads that are to be refused].
import { refused, use } from './use.js';

const parley = await import(process.argv[2]);
let out;
if (process.argv[4]) {
  out = [];
  for (const { without, ...options } of JSON.parse(process.argv[4])) {
    const kept = globalThis[without];
    if (without) globalThis[without] = undefined;
    out.push(await refused(parley, options));
    if (without) globalThis[without] = kept;
  }
} else {
  out = await use(parley, process.argv[3]);
  const p = await parley.Parley.load({ base: process.argv[3] });
  out.storage = await p.saved().catch(e => [e.stage, e.message]);
  p.close();
}
console.log(JSON.stringify(out));
