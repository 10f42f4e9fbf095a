// This part of the worker asks the host of a page whose collection a search engine holds
// (shared/remote). It sends the sparse vector alone, to the page's own origin, which asks the
// engine. It takes the place of parts-worker.js.
'use strict';

// fetchParts sends the question that is lacking and gives the answer to the engine.
async function fetchParts({ question }) {
  const to = engine, limit = new AbortController(), due = setTimeout(() => limit.abort(), 45000);
  let answer;
  try {
    const res = await fetch(new URL('ask', setup.manifest), {
      method: 'POST', body: question, headers: { 'Content-Type': 'application/json' }, cache: 'no-store', credentials: 'same-origin', signal: limit.signal });
    if (res.status === 404 || res.status === 405 || res.status === 501)
      throw new Failure('ask', '', 'this page asks a search engine through its host, and this host has none behind it: `parley serve --engine URL` does');
    if (!res.ok) throw new Failure('ask', '', (await res.text()).trim() || `the host answered with ${res.status}`);
    answer = new Uint8Array(await res.arrayBuffer());
  } catch (e) {
    if (e instanceof Failure) throw e;
    throw new Failure('ask', '', limit.signal.aborted ? 'the search engine did not answer within 45 seconds'
      : 'the search engine cannot be reached: each question of this page needs the network');
  } finally {
    clearTimeout(due);
  }
  if (to === engine && to.program) to.ask('file', answer, `parts/found/${question}`);
}
