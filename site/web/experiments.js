// The experiments' figures, drawn from what `trainer experiment --report` writes:
// {figures: [{name, title, caption, panels: [{title, x, log_x, log_y, low, high, names,
// series: [{name, kind, points: [{x, y, sd, gap}], labels}]}]}]} (trainer/plot, Figure). A kind is a curve, marks,
// a level (a line across) or steps (a histogram's outline).
'use strict';
(() => {
  try {
    const key = 'parley.theme'; // the same key as in boot.js
    const theme = localStorage.getItem(`${key} ${new URL('.', location.href).pathname}`) ?? localStorage.getItem(key);
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch { /* as the system */ }

  const W = 420, H = 270, left = 52, right = 14, top = 10, bottom = 40;
  const element = (name, attributes = {}, ...children) => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };
  const drawn = (name, attributes) => {
    const e = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    return e;
  };
  const number = v => Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : Math.abs(v) >= 1 ? v.toFixed(2) : v.toFixed(3);

  // ticks returns four or five round numbers from a to b.
  function ticks(a, b) {
    const raw = (b - a) / 4 || 1, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= raw);
    const list = [];
    for (let v = Math.ceil(a / step) * step; v <= b + step / 1e6; v += step) list.push(v);
    return list;
  }

  // decades returns 1, 2 and 5 times the powers of ten from a to b: the ticks of a log
  // scale.
  function decades(a, b) {
    const list = [];
    for (let e = Math.floor(Math.log10(a)); e <= Math.log10(b); e++)
      for (const m of [1, 2, 5]) if (m * 10 ** e >= a && m * 10 ** e <= b) list.push(m * 10 ** e);
    return list;
  }
  const plain = v => String(Number(v.toPrecision(6)));

  function draw(panel, figure, keys) {
    const on = panel.series.filter(s => !keys.off.has(s.name));
    const points = on.flatMap(s => s.points.map((p, i) => ({ ...p, s, label: s.labels?.[i] || s.name })));
    const svg = drawn('svg', { viewBox: `0 0 ${W} ${H}`, tabindex: 0, role: 'group', 'aria-roledescription': 'chart', 'aria-label': `${panel.title}, against ${panel.x}. Arrow keys go from point to point.` });
    const out = element('output', {});
    const box = element('figure', { class: 'panel-figure' }, element('h3', {}, panel.title), svg, out);
    if (!points.length) { out.textContent = 'Every series is taken away.'; return box; }

    const placed = points.filter(p => p.s.kind !== 'level');
    const log = panel.log_x && placed.every(p => p.x > 0);
    const of = x => log ? Math.log(x) : x;
    const xs = (placed.length ? placed : points).map(p => of(p.x));
    let [x0, x1] = [Math.min(...xs), Math.max(...xs)];
    const pad = (x1 - x0) * .04 || .5;
    [x0, x1] = [x0 - pad, x1 + pad];
    let [y0, y1] = [Math.min(...points.map(p => p.y - (p.sd || 0))), Math.max(...points.map(p => p.y + (p.sd || 0)))];
    if (panel.low < panel.high) [y0, y1] = [panel.low, panel.high];
    if (points.some(p => p.s.kind === 'steps')) y0 = Math.min(0, y0);
    const logY = panel.log_y && y0 > 0;
    const high = y => logY ? Math.log(Math.max(y, y0)) : y;
    if (logY) [y0, y1] = [y0 / 1.05, y1 * 1.05];
    else {
      const rise = (y1 - y0) * .06 || .05;
      [y0, y1] = [y0 - (y0 === 0 ? 0 : rise), y1 + rise];
    }
    const X = x => left + (of(x) - x0) / (x1 - x0) * (W - left - right);
    const held = y => Math.min(Math.max(y, y0), y1); // a point outside is drawn at the edge, as an arrow
    const Y = y => H - bottom - (high(held(y)) - high(y0)) / (high(y1) - high(y0)) * (H - top - bottom);

    const text = (x, y, anchor, words) => {
      const t = drawn('text', { x, y, 'text-anchor': anchor });
      t.textContent = words;
      svg.append(t);
    };
    for (const v of logY ? decades(y0, y1) : ticks(y0, y1)) {
      svg.append(drawn('path', { class: 'axis', d: `M${left} ${Y(v)}H${W - right}` }));
      text(left - 6, Y(v) + 4, 'end', logY ? plain(v) : number(v));
    }
    const across = panel.names ? panel.names.map((n, i) => [i, n])
      : log ? decades(Math.exp(x0), Math.exp(x1)).map(v => [v, plain(v)])
      : ticks(x0, x1).map(v => [v, number(v).replace(/\.?0+$/, '')]);
    for (const [v, words] of across) text(X(v), H - bottom + 16, 'middle', words);
    text((left + W - right) / 2, H - 6, 'middle', panel.x);

    for (const s of on) {
      const c = 's' + keys.names.indexOf(s.name) % 8;
      const at = s.points.map(p => [X(p.x), Y(p.y)]);
      if (s.kind === 'level') svg.append(drawn('path', { class: `curve level ${c}`, d: `M${left} ${at[0][1]}H${W - right}` }));
      if (s.kind === 'curve') svg.append(drawn('path', { class: `curve ${c}`, d: at.map((p, i) => (i && !s.points[i].gap ? 'L' : 'M') + p.join(' ')).join('') }));
      if (s.kind === 'steps') svg.append(drawn('path', { class: `curve ${c}`, d: at.map(([x, y], i) => (i ? `H${x}V${y}` : `M${x} ${Y(0)}V${y}`)).join('') }));
      if (s.kind === 'curve' || s.kind === 'mark') s.points.forEach((p, i) => {
        const [x, y] = at[i], beyond = Math.sign(held(p.y) - p.y);
        if (beyond) {
          svg.append(drawn('path', { class: `dot ${c}`, d: `M${x} ${y + 5 * beyond}l-5 ${-10 * beyond}h10z` }));
          return;
        }
        if (p.sd) svg.append(drawn('path', { class: `sd ${c}`, d: `M${x} ${Y(p.y - p.sd)}V${Y(p.y + p.sd)}` }));
        svg.append(s.kind === 'mark' ? drawn('rect', { class: `dot ${c}`, x: x - 4, y: y - 4, width: 8, height: 8 }) : drawn('circle', { class: `dot ${c}`, cx: x, cy: y, r: 3.6 }));
      });
    }

    // One point at a time: the nearest to the pointer, or the next one by key.
    const order = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
    const here = drawn('circle', { class: 'here off', r: 8 });
    svg.append(here);
    let now = -1;
    function show(i) {
      now = i;
      const p = order[i];
      here.setAttribute('class', 'here');
      here.setAttribute('cx', p.s.kind === 'level' ? left : X(p.x));
      here.setAttribute('cy', Y(p.y));
      const where = p.s.kind === 'level' ? '' : `${panel.x} ${panel.names ? panel.names[p.x] : number(p.x)}: `;
      out.textContent = `${p.label === p.s.name ? p.s.name : `${p.s.name}, ${p.label}`}. ${where}${number(p.y)}${p.sd ? ` ± ${number(p.sd)}` : ''}`;
    }
    svg.addEventListener('keydown', e => {
      const move = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
      if (move) show((now + move + order.length) % order.length);
      else if (e.key === 'Home') show(0);
      else if (e.key === 'End') show(order.length - 1);
      else return;
      e.preventDefault();
    });
    svg.addEventListener('pointermove', e => {
      const r = svg.getBoundingClientRect(), x = (e.clientX - r.x) * W / r.width, y = (e.clientY - r.y) * H / r.height;
      let best = 0, least = Infinity;
      order.forEach((p, i) => {
        const d = p.s.kind === 'level' ? (Y(p.y) - y) ** 2 + 900 : (X(p.x) - x) ** 2 + (Y(p.y) - y) ** 2;
        if (d < least) [best, least] = [i, d];
      });
      show(best);
    });
    return box;
  }

  function table(figure) {
    const rows = figure.panels.flatMap(p => p.series.flatMap(s => s.points.map((q, i) =>
      [p.title, s.name, s.labels?.[i] || '', s.kind === 'level' ? '' : `${p.x} ${p.names ? p.names[q.x] : number(q.x)}`, number(q.y), q.sd ? number(q.sd) : ''])));
    return element('details', {}, element('summary', {}, 'The numbers'),
      element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Numbers of ${figure.title}` }, element('table', {},
        element('thead', {}, element('tr', {}, ...['chart', 'series', 'point', 'at', 'value', '±'].map(h => element('th', { scope: 'col' }, h)))),
        element('tbody', {}, ...rows.map(r => element('tr', {}, ...r.map(c => element('td', {}, c))))))));
  }

  function show(figure) {
    const keys = { names: [...new Set(figure.panels.flatMap(p => p.series.map(s => s.name)))], off: new Set() };
    const panels = element('div', { class: 'panels' });
    const redraw = () => panels.replaceChildren(...figure.panels.map(p => draw(p, figure, keys)));
    const marks = new Set(figure.panels.flatMap(p => p.series).filter(s => s.kind === 'mark').map(s => s.name));
    const legend = element('div', { class: 'keys', role: 'group', 'aria-label': 'Series on view' }, ...keys.names.map((name, i) => {
      const b = element('button', { type: 'button', class: `s${i % 8}${marks.has(name) ? ' mark' : ''}`, 'aria-pressed': 'true' }, name);
      b.onclick = () => {
        if (!keys.off.delete(name)) keys.off.add(name);
        b.setAttribute('aria-pressed', String(!keys.off.has(name)));
        redraw();
      };
      return b;
    }));
    redraw();
    return element('section', { class: 'figure', id: figure.name }, element('h2', {}, figure.title), ...(figure.caption ? [element('p', {}, figure.caption)] : []), legend, panels, table(figure));
  }

  async function start() {
    const charts = document.getElementById('charts');
    try {
      const response = await fetch('{{experiments.json}}', { integrity: '{{experiments.json integrity}}' });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const { figures } = await response.json();
      charts.replaceChildren(...figures.map(show));
      document.getElementById('figures').append(...figures.map(f => element('a', { href: '#' + f.name }, f.title)));
      if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
    } catch (e) {
      charts.replaceChildren(element('p', { class: 'failure', role: 'alert' }, `The figures could not be loaded: ${e.message}.`));
    }
  }
  start();
})();
