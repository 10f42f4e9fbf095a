// The switch of the second, dense stage, "Better answers". It is shown in the newest turn
// that was answered, at the place that the page's program leaves for it (#better in
// turn-item.vugu). The worker loads the stage and reports its state (shared/message,
// DenseState); parley.dense is the last report.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet } = parley.kit;
  const key = 'parley.dense';

  let wanted = parley.stored('localStorage', key) === 'on';
  let pressed = false; // in this visit: later changes are announced to screen readers
  let told = '';

  const button = el('button', { type: 'button', class: 'switch', role: 'switch', onclick: () => set(!wanted) }, el('span', { class: 'knob' }));
  const size = el('span', {});
  button.append(el('span', { class: 'label' }, 'Better answers'), size);
  const note = el('span', { class: 'note' });
  const bar = el('progress', { hidden: true, max: 1, 'aria-label': 'Loading better answers' });
  const more = quiet('', () => {});
  const box = el('div', { class: 'better' }, button, bar, note, more);

  const megabytes = n => n < 9.95e6 ? (n / 1e6).toFixed(1) : String(Math.round(n / 1e6));

  function set(on) {
    pressed = true;
    wanted = on;
    parley.store('localStorage', key, on ? 'on' : '');
    parley.post({ op: 'dense', body: on ? 'on' : 'off' });
    draw();
  }

  function draw() {
    const about = parley.about?.dense;
    if (!about) return;
    const d = wanted ? parley.dense || { state: 'loading' } : { state: 'off' };
    size.textContent = `\u00a0(${megabytes(about.bytes)}\u00a0MB)`;
    button.setAttribute('aria-checked', wanted);
    note.textContent = {
      off: 'A second encoder reads along. It is loaded once and kept.',
      loading: d.total ? `Loading ${megabytes(d.loaded || 0)} of ${megabytes(d.total)}\u00a0MB; answers stay as they are until then.` : 'Loading; answers stay as they are until then.',
      on: d.reader ? 'A second encoder reads along, and its reader reads the first results once more.'
        : d.message ? `A second encoder reads along. Its reader, which would read the first results once more, could not be loaded${d.file ? ` (${d.file})` : ''}: ${d.message}.` : 'A second encoder reads along.',
      failed: `It could not be loaded${d.file ? ` (${d.file})` : ''}: ${d.message}. Answers stay as they are.`,
      absent: `Answers stay as they are: ${d.message}.`,
    }[d.state];
    box.dataset.state = d.state;
    bar.hidden = d.state !== 'loading';
    if (d.total) { bar.max = d.total; bar.value = d.loaded || 0; } else bar.removeAttribute('value');
    const own = document.documentElement.classList.contains('own');
    const again = d.state === 'failed' || d.state === 'on' && d.message;
    more.hidden = !again && !(own && d.state === 'absent');
    more.textContent = again ? 'Try again' : 'Have it read';
    more.onclick = again ? () => set(true) : () => document.getElementById('documents').click();
    const text = { loading: 'Loading better answers; answers stay as they are until then.', on: 'Better answers are on.', off: 'Better answers are off.' }[d.state] || note.textContent;
    if (text !== told && (pressed || d.state === 'failed')) parley.announce(text);
    told = text;
  }

  // place moves the switch to the newest answer; the focus moves with it.
  let held = false;
  box.addEventListener('focusin', () => { held = true; });
  box.addEventListener('focusout', e => { if (e.relatedTarget) held = false; });
  function place() {
    const at = document.getElementById('better');
    if (!at || box.parentNode === at) return;
    at.append(box);
    if (held && document.activeElement === document.body) button.focus({ preventScroll: true });
  }
  new MutationObserver(place).observe(document.getElementById('app').parentNode, { childList: true, subtree: true });

  // ready: a worker, perhaps a new one, now searches in a collection. If the last visit
  // turned the stage on, it is loaded when the browser is idle.
  function ready() {
    draw();
    place();
    if (wanted) (window.requestIdleCallback || setTimeout)(() => { if (wanted && !parley.lesson?.on) parley.post({ op: 'dense', body: 'on' }); }, { timeout: 2000 });
  }

  parley.panels.better = { draw, ready, set };
})();
