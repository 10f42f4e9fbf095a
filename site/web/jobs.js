// This part runs the jobs of the worker for files (files-worker.js), for the page's panels
// and for parley.js.
'use strict';
const Jobs = (() => {
  // A Desk makes the worker of script (Programs.makeWorker) when it is first needed, and
  // posts "start" with what setup has. missed is called where one of its files did not
  // arrive.
  class Desk {
    #worker = null; // a promise
    #next = 0;
    #heard = 0; // the number of the worker's messages
    #jobs = new Map();
    constructor({ script, setup, before, missed = () => {} }) { Object.assign(this, { script, setup, before, missed }); }

    #files() {
      if (this.#worker) return this.#worker;
      const mine = this.#worker = Programs.makeWorker(this.script, this.before).then(w => {
        w.onmessage = ({ data }) => this.#hear(mine, data);
        w.onerror = e => this.#end(mine, e.message || 'the program that reads files could not be started');
        w.postMessage({ op: 'start', ...this.setup });
        return w;
      });
      mine.catch(e => this.#end(mine, e.stage === 'support' ? e.message : Programs.explain(e)));
      return mine;
    }

    #hear(mine, data) {
      this.#heard++;
      const job = this.#jobs.get(data.id);
      if (!job) return;
      if (data.op !== 'done' && data.op !== 'error') { job.told(data); return; }
      this.#jobs.delete(data.id);
      if (data.op === 'done') { job.done(data); return; }
      job.fail(Object.assign(new Error(data.message.replace(/\.$/, '')), { stage: data.stage }));
      // The state of its program's memory is unknown, so another worker is started.
      if (data.trap) this.#end(mine, `${data.message}, and starts anew`);
      else if (data.stage) this.missed();
    }

    #end(mine, why) {
      mine.then(w => w.terminate(), () => {});
      if (this.#worker !== mine) return;
      this.#worker = null;
      const lost = [...this.#jobs.values()];
      this.#jobs.clear();
      for (const job of lost) job.fail(new Error(why));
    }

    // run runs a job. It calls told for each message before the job is done. cancel ends
    // the job immediately, even while the worker is reading a long document: if the worker
    // has no other job, it is ended too, and another one is started for the next job.
    run(op, body, told = () => {}) {
      const id = ++this.#next;
      const promise = new Promise((done, fail) => {
        this.#jobs.set(id, { done, fail, told });
        this.#files().then(w => w.postMessage({ op, id, ...body }), () => {}); // a failure reaches the job through end
      });
      promise.cancel = () => {
        if (!this.#worker) return;
        this.#worker.then(w => w.postMessage({ op: 'cancel', id }), () => {});
        const mine = this.#worker, before = this.#heard;
        setTimeout(() => { if (mine === this.#worker && this.#heard === before && this.#jobs.size === 1 && this.#jobs.has(id)) this.#end(mine, 'cancelled'); }, 150);
      };
      return promise;
    }

    close(why) { if (this.#worker) this.#end(this.#worker, why); }
  }
  return { Desk };
})();
