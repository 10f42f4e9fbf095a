// Charts, for the dial and for the experiments' page. uPlot (uplot.js, before this script)
// keeps scales, axes and the pointer; this script draws series, tells their values at the
// point, and saves charts and tables as PNG, SVG, CSV and JSON.
//
// A panel is a plot.Panel of the trainer (trainer/plot): {title, x, log_x, log_y, low, high,
// names, series: [{name, kind, points: [{x, y, sd, gap}], labels}]}. A kind is a curve, a
// line without points, marks, a level (a line across) or steps (a histogram's outline).
'use strict';
(() => {
  // el returns an element. Keys that begin with "on" are listeners, "class", "role", "for"
  // and keys with a dash are attributes, others are properties.
  function el(tag, props, ...children) {
    const e = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
      else if (key === 'class' || key === 'role' || key === 'for' || key === 'scope' || key.includes('-')) { if (value != null) e.setAttribute(key, value); }
      else e[key] = value;
    }
    e.append(...children.flat().filter(c => c != null && c !== false));
    return e;
  }
  const NS = 'http://www.w3.org/2000/svg';
  function drawn(name, attributes, ...children) {
    const e = document.createElementNS(NS, name);
    for (const [k, v] of Object.entries(attributes)) if (v != null) e.setAttribute(k, v);
    e.append(...children);
    return e;
  }

  const number = v => v === 0 ? '0' : Math.abs(v) >= 1000 ? Math.round(v).toLocaleString('en') : Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : Math.abs(v) >= 1 ? v.toFixed(2) : v.toFixed(3);
  const plain = v => Number(v.toPrecision(6)).toLocaleString('en', { maximumSignificantDigits: 6, useGrouping: Math.abs(v) >= 10000 });

  // ---- What series look like. ----

  // Series differ in colour, shape and dashes, so that colour alone never tells them apart.
  // Colours are Okabe and Ito's, darkened for light paper (charts.css). The levels of a
  // family have a code of their own: grades of ink, never a colour, each with its shape.
  const colours = 6;
  const dashes = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
  const look = i => ({ colour: `var(--c${i % colours})`, shape: i % 8, dash: dashes[Math.floor(i / colours) % dashes.length] });
  const levelLook = i => ({ colour: `var(--l${Math.min(i, 7)})`, shape: i % 8, dash: [[], [7, 3], [3, 2], [9, 3, 2, 3], [1.5, 2.5], [12, 3], [5, 5], [2, 5]][i % 8] });

  // outline returns a shape's corners about 0, 0, or null for a circle.
  function outline(shape, r) {
    const at = (n, turn, k = 1) => Array.from({ length: n }, (_, i) => { const a = (i / n + turn) * 2 * Math.PI; return [Math.sin(a) * r * k, -Math.cos(a) * r * k]; });
    switch (shape) {
    case 1: return at(4, 1 / 8, 1.2);
    case 2: return at(3, 0, 1.3);
    case 3: return at(4, 0, 1.3);
    case 4: { const a = r * 1.2, b = r * .45; return [[-b, -a], [b, -a], [b, -b], [a, -b], [a, b], [b, b], [b, a], [-b, a], [-b, b], [-a, b], [-a, -b], [-b, -b]]; }
    case 5: return at(3, 1 / 2, 1.3);
    case 6: return at(5, 0, 1.2);
    case 7: return at(10, 0).map(([x, y], i) => i % 2 ? [x * .55, y * .55] : [x * 1.35, y * 1.35]);
    }
    return null;
  }

  // key returns the picture of a look, for legends and tables.
  function key(l, line = true) {
    const s = drawn('svg', { class: line ? 'key' : 'key short', viewBox: line ? '0 0 24 12' : '6 0 12 12', width: line ? 24 : 12, height: 12, 'aria-hidden': 'true' });
    if (line) s.append(drawn('path', { d: 'M0 6H24', stroke: l.colour, 'stroke-width': 1.6, 'stroke-dasharray': l.dash.join(' ') || null, fill: 'none' }));
    s.append(svgPen().mark(l, 12, 6, 4));
    return s;
  }

  // ---- Pens: the same drawing on a canvas and as SVG. ----

  function canvasPen(ctx, colour) {
    return {
      line(points, c, width, dash = []) {
        ctx.strokeStyle = colour(c); ctx.lineWidth = width; ctx.setLineDash(dash); ctx.lineJoin = 'round';
        ctx.beginPath();
        for (const [x, y, move] of points) if (move) ctx.moveTo(x, y); else ctx.lineTo(x, y);
        ctx.stroke();
      },
      mark(l, x, y, r, ring) {
        const corners = outline(l.shape, r);
        ctx.beginPath();
        if (corners) corners.forEach(([a, b], i) => i ? ctx.lineTo(x + a, y + b) : ctx.moveTo(x + a, y + b)); else ctx.arc(x, y, r, 0, 7);
        ctx.closePath();
        if (ring) { ctx.strokeStyle = colour(l.colour); ctx.lineWidth = 1.6; ctx.setLineDash([]); ctx.stroke(); } else { ctx.fillStyle = colour(l.colour); ctx.fill(); }
      },
      box(x, y, w, h, c, opacity = 1) { ctx.globalAlpha = opacity; ctx.fillStyle = colour(c); ctx.fillRect(x, y, w, h); ctx.globalAlpha = 1; },
      text(s, x, y, c, size, anchor = 'start', bold = false) {
        ctx.font = `${bold ? 600 : 400} ${size}px system-ui, sans-serif`; ctx.textAlign = { start: 'left', middle: 'center', end: 'right' }[anchor]; ctx.textBaseline = 'alphabetic'; ctx.fillStyle = colour(c);
        ctx.fillText(s, x, y);
      },
    };
  }
  function svgPen(to = drawn('g', {}), colour = c => c) {
    const r1 = v => Math.round(v * 10) / 10;
    const add = e => { to.append(e); return e; };
    return {
      line(points, c, width, dash = []) {
        add(drawn('path', { d: points.map(([x, y, move]) => `${move ? 'M' : 'L'}${r1(x)} ${r1(y)}`).join(''), stroke: colour(c), 'stroke-width': width, 'stroke-dasharray': dash.join(' ') || null, 'stroke-linejoin': 'round', fill: 'none' }));
      },
      mark(l, x, y, r, ring) {
        const corners = outline(l.shape, r), paint = ring ? { fill: 'none', stroke: colour(l.colour), 'stroke-width': 1.6 } : { fill: colour(l.colour) };
        return add(corners ? drawn('path', { d: corners.map(([a, b], i) => `${i ? 'L' : 'M'}${r1(x + a)} ${r1(y + b)}`).join('') + 'Z', ...paint }) : drawn('circle', { cx: r1(x), cy: r1(y), r, ...paint }));
      },
      box(x, y, w, h, c, opacity = 1) { add(drawn('rect', { x: r1(x), y: r1(y), width: r1(w), height: r1(h), fill: colour(c), 'fill-opacity': opacity === 1 ? null : opacity.toFixed(2) })); },
      text(s, x, y, c, size, anchor = 'start', bold = false) {
        add(drawn('text', { x: r1(x), y: r1(y), fill: colour(c), 'font-size': size, 'text-anchor': anchor === 'start' ? null : anchor, 'font-weight': bold ? 600 : null }, s));
      },
    };
  }

  // resolver returns a function from a colour as CSS has it to one that a canvas or a file
  // can use, as elements inside box have it.
  function resolver(box) {
    const probe = el('span', { class: 'vh', 'aria-hidden': 'true' }), known = {};
    box.append(probe);
    const f = c => {
      if (!(c in known)) { probe.style.color = c; known[c] = getComputedStyle(probe).color; }
      return known[c];
    };
    f.done = () => probe.remove();
    return f;
  }

  // ---- A chart. ----

  function decades(a, b) {
    let list = [];
    for (let e = Math.floor(Math.log10(a)); e <= Math.log10(b); e++)
      for (const m of [1, 2, 5]) if (m * 10 ** e >= a * .999 && m * 10 ** e <= b * 1.001) list.push(m * 10 ** e);
    if (list.length > 8) list = list.filter(v => /^1/.test(String(v / 10 ** Math.floor(Math.log10(v) + 1e-9))));
    return list;
  }

  // measure returns the ends of both axes.
  function measure(panel, series) {
    const points = series.flatMap(s => s.points.map(p => ({ ...p, kind: s.kind })));
    const placed = points.filter(p => p.kind !== 'level');
    const xs = (placed.length ? placed : points).map(p => p.x);
    let [x0, x1] = [Math.min(...xs), Math.max(...xs)];
    const logX = panel.log_x && x0 > 0;
    if (panel.names) [x0, x1] = [-.4, panel.names.length - .6];
    else if (logX) [x0, x1] = [x0 / 1.12, x1 * 1.12];
    else { const pad = (x1 - x0) * .04 || .5; [x0, x1] = [x0 - pad, x1 + pad]; }
    let [y0, y1] = [Math.min(...points.map(p => p.y - (p.sd || 0))), Math.max(...points.map(p => p.y + (p.sd || 0)))];
    if (panel.low < panel.high) [y0, y1] = [panel.low, panel.high];
    if (panel.zero || points.some(p => p.kind === 'steps')) y0 = Math.min(0, y0);
    const logY = panel.log_y && y0 > 0;
    if (logY) [y0, y1] = [y0 / 1.08, y1 * 1.08];
    else { const rise = (y1 - y0) * .06 || Math.abs(y1) * .1 || .5; [y0, y1] = [y0 === 0 ? 0 : y0 - rise, y1 + rise]; }
    return { x0, x1, y0, y1, logX, logY };
  }

  // trace draws the series with a pen; X and Y place a value.
  function trace(pen, series, looks, X, Y, ends, left, right, scale) {
    const held = y => Math.min(Math.max(y, ends.y0), ends.y1);
    for (const s of series) {
      const l = looks(s.name), dash = l.dash.map(d => d * scale), wide = (s.strong ? 3 : 1.7) * scale;
      const at = s.points.map(p => [X(p.x), Y(held(p.y))]);
      if (s.kind === 'level') { if (at.length) pen.line([[left, at[0][1], true], [right, at[0][1]]], l.colour, wide, [5 * scale, 4 * scale]); continue; }
      if (s.kind === 'curve' || s.kind === 'line') pen.line(at.map(([x, y], i) => [x, y, !i || s.points[i].gap]), l.colour, wide, dash);
      if (s.kind === 'steps') pen.line(at.flatMap(([x, y], i) => i ? [[x, at[i - 1][1]], [x, y]] : [[x, Y(0), true], [x, y]]), l.colour, wide, dash);
      if (s.kind === 'steps' || s.kind === 'line') continue;
      s.points.forEach((p, i) => {
        const [x, y] = at[i], beyond = Math.sign(held(p.y) - p.y);
        if (beyond) { pen.mark({ ...l, shape: beyond < 0 ? 2 : 5 }, x, y + 4 * beyond * scale, 4.5 * scale); return; }
        if (p.sd) pen.line([[x, Y(held(p.y - p.sd)), true], [x, Y(held(p.y + p.sd))]], l.colour, 1.2 * scale);
        pen.mark(l, x, y, (s.strong ? 5 : 4) * scale);
      });
    }
  }

  const made = new WeakMap(); // the charts, by their elements
  const onPage = () => [...document.querySelectorAll('.chart')].map(e => made.get(e));
  const repaint = () => onPage().forEach(c => c.repaint());
  for (const q of ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)']) matchMedia(q).addEventListener('change', repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
  addEventListener('beforeprint', () => onPage().forEach(c => c.twin()));

  // chart returns {box, set(panel, off)}: an element, and what gives it another panel, or
  // takes the series of the names in off away. looks gives a series' look by its name.
  function chart(panel, looks) {
    const place = el('div', { class: 'plot' });
    const tip = el('div', { class: 'tip', hidden: true });
    const said = el('output', { class: 'vh' });
    const paper = el('div', { class: 'paper', tabIndex: 0, role: 'group', 'aria-roledescription': 'chart' }, place, tip);
    const printed = el('div', { class: 'printed', 'aria-hidden': 'true' });
    const title = el('p', { class: 'chart-title' });
    const box = el('figure', { class: 'chart', 'aria-label': panel.title }, el('div', { class: 'chart-head' }, title, save(() => panel.title, () => ({ scene: picture, ...data() }))), paper, printed, said);
    let u = null, ends = null, shown = [], order = [], now = -1;
    const colour = { f: null };
    const paint = c => (colour.f ??= resolver(box))(c);
    const labelOf = (s, i) => s.labels?.[i] && s.labels[i] !== s.name ? `${s.name}, ${s.labels[i]}` : s.name;
    const told = p => `${p.label}. ${p.kind === 'level' ? '' : `${panel.x} ${panel.names ? panel.names[p.x] : plain(p.x)}: `}${panel.show ? panel.show(p.y) : number(p.y)}${p.sd ? ` ± ${number(p.sd)}` : ''}`;

    function options(width) {
      const axis = { stroke: () => paint('var(--muted)'), grid: { stroke: () => paint('var(--line)'), width: 1 }, ticks: { stroke: () => paint('var(--line)'), width: 1, size: 4 }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
      const xs = panel.names ? panel.names.map((_, i) => i) : ends.logX ? decades(ends.x0, ends.x1) : null;
      const ys = ends.logY ? decades(ends.y0, ends.y1) : null;
      const whole = panel.whole && !ends.logX;
      const tight = panel.names && 7 * Math.max(...panel.names.map(n => n.length)) > (width - 70) / panel.names.length; // then names stand aslant
      return {
        width, height: Math.round(Math.min(Math.max(width * .62, 190), 300)), padding: [8, 12, 0, 0], legend: { show: false },
        cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
        scales: { x: { time: false, distr: ends.logX ? 3 : 1, range: () => [ends.x0, ends.x1] }, y: { distr: ends.logY ? 3 : 1, range: () => [ends.y0, ends.y1] } },
        axes: [
          { ...axis, grid: { show: false }, size: tight ? 70 : 26, rotate: tight ? -40 : 0, space: 44, ...(xs ? { splits: () => xs, filter: (_, v) => v } : whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] } : {}), values: (_, v) => v.map(t => t == null ? '' : panel.names ? panel.names[t] ?? '' : plain(t)) },
          { ...axis, size: 56, space: 34, ...(ys ? { splits: () => ys, filter: (_, v) => v } : {}), values: (_, v) => v.map(t => t == null ? '' : panel.show ? panel.show(t) : plain(t)) },
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: {
          draw: [c => {
            const r = devicePixelRatio || 1, b = c.bbox, ctx = c.ctx;
            ctx.save();
            trace(canvasPen(ctx, paint), shown, looks, x => c.valToPos(x, 'x', true), y => c.valToPos(y, 'y', true), ends, b.left, b.left + b.width, r);
            if (now >= 0 && order[now]) { const p = order[now]; canvasPen(ctx, paint).mark({ colour: 'var(--ink)', shape: 0 }, p.kind === 'level' ? b.left : c.valToPos(p.x, 'x', true), c.valToPos(Math.min(Math.max(p.y, ends.y0), ends.y1), 'y', true), 8 * r, true); }
            ctx.restore();
          }],
          setCursor: [c => {
            const { left, top } = c.cursor;
            if (left < 0 || document.activeElement === paper && !c.cursor.event) { if (left < 0 && document.activeElement !== paper) pick(-1); return; }
            let best = -1, least = 60 ** 2;
            order.forEach((p, i) => {
              const y = c.valToPos(Math.min(Math.max(p.y, ends.y0), ends.y1), 'y'), d = p.kind === 'level' ? (y - top) ** 2 + 900 : (c.valToPos(p.x, 'x') - left) ** 2 + (y - top) ** 2;
              if (d < least) [best, least] = [i, d];
            });
            pick(best);
          }],
        },
      };
    }

    // pick shows one point's value beside it; nothing on the page moves for that.
    function pick(i, aloud) {
      if (i === now && !aloud) return;
      now = i;
      const p = order[i];
      tip.hidden = !p;
      if (p) {
        tip.textContent = told(p);
        const x = p.kind === 'level' ? 0 : u.valToPos(p.x, 'x'), y = u.valToPos(Math.min(Math.max(p.y, ends.y0), ends.y1), 'y');
        const over = u.over.getBoundingClientRect(), outer = paper.getBoundingClientRect();
        const atX = over.left - outer.left + x, w = Math.min(tip.offsetWidth, outer.width);
        tip.style.left = `${Math.min(Math.max(0, atX - w / 2), outer.width - w)}px`;
        const atY = over.top - outer.top + y, below = atY < tip.offsetHeight + 16;
        tip.style.top = `${below ? atY + 14 : atY - tip.offsetHeight - 14}px`;
        if (aloud) said.textContent = told(p);
      }
      u.redraw(false, false);
    }
    paper.addEventListener('keydown', e => {
      const move = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
      if (!order.length) return;
      if (move) pick(now < 0 ? (move > 0 ? 0 : order.length - 1) : (now + move + order.length) % order.length, true);
      else if (e.key === 'Home') pick(0, true);
      else if (e.key === 'End') pick(order.length - 1, true);
      else if (e.key === 'Escape' && now >= 0) pick(-1);
      else return;
      e.preventDefault();
    });
    paper.addEventListener('focusout', () => { if (u) pick(-1); });

    function build() {
      const width = Math.floor(paper.clientWidth);
      if (!width) return;
      u?.destroy();
      u = null;
      place.replaceChildren();
      tip.hidden = true;
      now = -1;
      if (!shown.some(s => s.points.length)) { place.append(el('p', { class: 'empty' }, panel.empty || 'Every series is taken away.')); return; }
      u = new uPlot(options(width), [[ends.x0, ends.x1], [null, null]], place);
      for (const c of place.querySelectorAll('canvas')) c.setAttribute('aria-hidden', 'true');
    }
    let width = 0;
    new ResizeObserver(() => { if (Math.abs(paper.clientWidth - width) > 1) { width = paper.clientWidth; build(); } }).observe(paper);

    // picture draws the chart with a pen and returns its size. A small one, for paper, has
    // larger letters for its width.
    function picture(pen, small = false) {
      const [W, H] = small ? [380, 270] : [560, 340], left = 62, top = 40, right = 16, bottom = 50;
      const columns = small ? 1 : 2, legend = Math.ceil(shown.length / columns) * 18;
      const X = x => { const f = v => ends.logX ? Math.log(v) : v; return left + (f(x) - f(ends.x0)) / (f(ends.x1) - f(ends.x0)) * (W - left - right); };
      const Y = y => { const f = v => ends.logY ? Math.log(v) : v; return H - bottom - (f(y) - f(ends.y0)) / (f(ends.y1) - f(ends.y0)) * (H - top - bottom); };
      pen.box(0, 0, W, H + legend, 'var(--paper)');
      pen.text(panel.title, 12, 22, 'var(--ink)', 15, 'start', true);
      if (u) {
        u.axes[1]._splits.forEach((v, i) => { if (v == null || v < ends.y0 || v > ends.y1) return; pen.line([[left, Y(v), true], [W - right, Y(v)]], 'var(--line)', 1); pen.text(u.axes[1]._values[i], left - 8, Y(v) + 4, 'var(--muted)', 12, 'end'); });
        const crowded = panel.names && 6.5 * Math.max(...panel.names.map(n => n.length)) > (W - left - right) / panel.names.length; // then names stand on two lines
        u.axes[0]._splits.forEach((v, i) => { if (v == null || v < ends.x0 || v > ends.x1) return; pen.text(u.axes[0]._values[i], X(v), H - bottom + (crowded && i % 2 ? 27 : 15), 'var(--muted)', 12, 'middle'); });
      }
      pen.line([[left, H - bottom, true], [W - right, H - bottom]], 'var(--line)', 1);
      pen.text(panel.x, (left + W - right) / 2, H - bottom + 38, 'var(--muted)', 12, 'middle');
      trace(pen, shown, looks, X, Y, ends, left, W - right, 1);
      shown.forEach((s, i) => {
        const l = looks(s.name), x = 14 + i % columns * W / 2, y = H + Math.floor(i / columns) * 18 + 4;
        if (s.kind !== 'mark') pen.line([[x, y - 4, true], [x + 24, y - 4]], l.colour, 1.7, s.kind === 'level' ? [5, 4] : l.dash);
        if (s.kind === 'curve' || s.kind === 'mark') pen.mark(l, x + 12, y - 4, 4);
        pen.text(s.name, x + 32, y, 'var(--ink)', 12);
      });
      return [W, H + legend + 6];
    }
    function data() {
      return { head: ['series', 'point', panel.x, panel.title, 'standard deviation'],
        rows: shown.flatMap(s => s.points.map((p, i) => [s.name, s.labels?.[i] || '', s.kind === 'level' ? '' : panel.names ? panel.names[p.x] : p.x, p.y, p.sd || ''])) };
    }

    const self = {
      box,
      set(next, off = new Set()) {
        panel = next;
        title.textContent = panel.title;
        paper.setAttribute('aria-label', `${panel.title}, against ${panel.x}. Arrow keys go from point to point.`);
        shown = panel.series.filter(s => !off.has(s.name));
        order = shown.flatMap(s => (s.kind === 'level' ? s.points.slice(0, 1) : s.points).map((p, i) => ({ ...p, kind: s.kind, name: s.name, label: labelOf(s, i) }))).sort((a, b) => a.x - b.x || a.y - b.y);
        if (shown.some(s => s.points.length)) ends = measure(panel, shown.filter(s => s.points.length));
        xTitle.textContent = panel.x;
        build();
      },
      repaint() { colour.f?.done(); colour.f = null; u?.redraw(false, true); },
      twin() {
        if (!u) return;
        const svg = drawn('svg', {}), [w, h] = picture(svgPen(svg), true);
        svg.setAttribute('viewBox', `0 0 ${w} ${h}`);
        printed.replaceChildren(svg);
      },
    };
    const xTitle = el('figcaption', { class: 'x-title' });
    paper.after(xTitle);
    made.set(box, self);
    self.set(panel);
    return self;
  }

  // ---- Saving. ----

  function download(name, content, type) {
    const href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    el('a', { href, download: name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, ' ').trim() }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
  }
  const cell = v => /[",\n]/.test(String(v)) ? `"${String(v).replace(/"/g, '""')}"` : String(v);
  const csv = ({ head, rows }) => [head, ...rows].map(r => r.map(cell).join(',')).join('\n') + '\n';
  const json = (title, { head, rows }) => JSON.stringify({ title, columns: head, rows }, null, 1) + '\n';

  // asSVG and asPNG draw a scene, a function of a pen that returns width and height.
  function asSVG(scene, title) {
    const colour = resolver(document.body), svg = drawn('svg', { xmlns: NS, 'font-family': 'system-ui, sans-serif', role: 'img', 'aria-label': title }, drawn('title', {}, title));
    const [w, h] = scene(svgPen(svg, colour));
    colour.done();
    svg.setAttribute('viewBox', `0 0 ${w} ${h}`); svg.setAttribute('width', w); svg.setAttribute('height', h);
    return new XMLSerializer().serializeToString(svg) + '\n';
  }
  function asPNG(scene) {
    const colour = resolver(document.body), canvas = el('canvas', {}), nothing = new Proxy({}, { get: () => () => {} });
    const [w, h] = scene(nothing), times = Math.min(2, Math.sqrt(3e7 / (w * h)));
    canvas.width = w * times; canvas.height = h * times;
    const ctx = canvas.getContext('2d');
    ctx.scale(times, times);
    scene(canvasPen(ctx, colour));
    colour.done();
    return new Promise(done => canvas.toBlob(done));
  }

  // tableScene draws a table; shade gives a cell's weight, 0 to 1, and its colour.
  function tableScene(title, { head, rows, shade }) {
    return pen => {
      const wide = head.map((h, c) => Math.min(260, 16 + 7 * Math.max(String(h).length, ...rows.map(r => String(r[c] ?? '').length))));
      const W = Math.max(wide.reduce((a, b) => a + b, 24), 24 + 8 * title.length), H = 60 + 20 * rows.length;
      pen.box(0, 0, W, H, 'var(--paper)');
      pen.text(title, 12, 22, 'var(--ink)', 14, 'start', true);
      const line = (cells, y, bold, r) => cells.reduce((x, c, i) => {
        const s = r >= 0 && shade?.(r, i);
        if (s) pen.box(x - 5, y - 14, wide[i] - 4, 18, s.colour, s.weight);
        pen.text(String(c ?? '').slice(0, 36), x, y, 'var(--ink)', 12, 'start', bold);
        return x + wide[i];
      }, 12);
      line(head, 44, true, -1);
      rows.forEach((r, i) => line(r, 66 + 20 * i - 2, false, i));
      return [W, H];
    };
  }

  // save returns a menu that saves what get returns: {head, rows} and a scene, or else a
  // table drawn from them.
  function save(name, get, kinds = ['PNG', 'SVG', 'CSV', 'JSON']) {
    const files = {
      PNG: async (n, g) => download(n + '.png', await asPNG(g.scene)), SVG: (n, g) => download(n + '.svg', asSVG(g.scene, n), 'image/svg+xml'),
      CSV: (n, g) => download(n + '.csv', csv(g), 'text/csv'), JSON: (n, g) => download(n + '.json', json(n, g), 'application/json'),
    };
    const menu = el('details', { class: 'save' }, el('summary', {}, 'Save'), el('div', { role: 'group' }, kinds.map(kind => [kind, files[kind]]).map(([kind, write]) => el('button', { type: 'button', onclick() {
      const n = name(), g = get();
      g.scene ??= tableScene(n, g);
      write(n, g);
      menu.open = false;
      menu.querySelector('summary').focus();
    } }, kind))));
    menu.addEventListener('toggle', () => menu.querySelector('div').setAttribute('aria-label', `Save ${name()} as`));
    menu.addEventListener('keydown', e => { if (e.key === 'Escape' && menu.open) { menu.open = false; menu.querySelector('summary').focus(); e.stopPropagation(); } });
    return menu;
  }
  document.addEventListener('click', e => { for (const d of document.querySelectorAll('details.save[open]')) if (!d.contains(e.target)) d.open = false; });

  // legend returns buttons that take series away and bring them back.
  function legend(names, looks, marks, changed) {
    const off = new Set();
    return el('div', { class: 'keys', role: 'group', 'aria-label': 'Series on view' }, names.map(n => {
      const b = el('button', { type: 'button', 'aria-pressed': 'true', onclick() {
        if (!off.delete(n)) off.add(n);
        b.setAttribute('aria-pressed', String(!off.has(n)));
        changed(off);
      } }, key(looks(n), !marks.has(n)), n);
      return b;
    }));
  }

  // ---- A grid: a term a row, its weights as shades. ----

  // grid returns {box, here}. heads are the columns' headings, above rows of figures under
  // them; a row is {text, added, chip, spoken, hue, key, turn, cells}, a cell null or
  // {weight, shade, cut}. Up and down go from row to row; here marks a column.
  function grid({ label, corner, heads, above = [], rows }) {
    const head = el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, corner), heads.map(h => h instanceof Element ? h : el('th', { scope: 'col' }, el('span', {}, h)))),
      above.map(([name, cells]) => el('tr', { class: 'rank-row' }, el('th', { scope: 'row' }, name), cells.map(c => el('td', {}, c)))));
    const body = el('tbody', {}, rows.map((r, i) => {
      const chip = el('span', { class: 'chip', 'aria-hidden': 'true' }, r.chip);
      chip.style.setProperty('--hue', r.hue);
      return el('tr', {}, el('th', { scope: 'row' }, el('button', { type: 'button', class: `row-term${r.added ? ' added' : ''}`, tabIndex: i ? -1 : 0, 'data-term': r.key, 'data-turn': r.turn }, chip, el('span', { dir: 'auto' }, r.text), el('span', { class: 'vh' }, `, ${r.spoken}`))),
        r.cells.map(c => {
          if (!c) return el('td', { class: 'dark' }, el('span', { class: 'vh' }, 'dark'));
          const td = el('td', { class: c.cut ? 'cut' : 'lit' }, el('span', {}, c.weight.toFixed(2)));
          td.style.setProperty('--shade', `${Math.round(15 + 75 * c.shade)}%`);
          td.style.setProperty('--hue', r.hue);
          return td;
        }));
    }));
    const table = el('table', { class: heads.length > 8 ? 'grid many' : 'grid' }, head, body);
    const box = el('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': label }, table);
    const buttons = () => [...body.querySelectorAll('.row-term')];
    function stopAt(b) { for (const x of buttons()) x.tabIndex = x === b ? 0 : -1; }
    table.addEventListener('focusin', e => { if (e.target.matches('.row-term')) stopAt(e.target); });
    table.addEventListener('keydown', e => {
      const all = buttons(), i = all.indexOf(document.activeElement);
      const to = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: all.length - 1, PageDown: i + 10, PageUp: i - 10 }[e.key];
      if (i < 0 || to === undefined) return;
      e.preventDefault();
      const next = all[Math.min(Math.max(to, 0), all.length - 1)], r = next.closest('tr'), headed = head.offsetHeight;
      next.focus({ preventScroll: true });
      if (r.offsetTop < box.scrollTop + headed) box.scrollTop = r.offsetTop - headed;
      else if (r.offsetTop + r.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = r.offsetTop + r.offsetHeight - box.clientHeight;
    });
    return { box, here(n) { for (const r of table.rows) [...r.cells].forEach((c, i) => c.classList.toggle('here', i === n + 1)); } };
  }

  const { parley } = window; // absent on the experiments' page, which names the style itself
  if (parley) document.head.append(el('link', { rel: 'stylesheet', integrity: '{{charts.css integrity}}', href: parley.at('{{charts.css}}') }));
  window.parleyCharts = { grid, el, number, look, levelLook, key, chart, legend, save };
})();
