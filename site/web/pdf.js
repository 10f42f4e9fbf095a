// This part reads PDFs. PDFium, which is Chromium's reader of them, says where each
// character of a page is; files.wasm makes text of that. The same program runs in the
// command line (site/pdfium), so both read the same. It is loaded when the first PDF is
// given.
//
// A PDF may be hostile. PDFium has its own memory, which is bounded here. A page that
// keeps it busy forever ends with the worker, when the visitor cancels.
'use strict';

const isPDF = path => /\.pdf(\.gz)?$/i.test(path);
const mostMemory = 2 ** 30, mostChars = 2 ** 20; // as in shared/pdf and site/pdfium
let pdfium = null; // a promise: PDFium's functions

function startPDFium() {
  return pdfium ??= (async () => {
    let program;
    try {
      program = await compile(setup.pdfium);
    } catch (e) {
      if (/not in this file$/.test(e.message)) throw new Error('a page in one file has no reader of PDF; the page on a server has one, and so has parley index');
      throw e.stage === 'open' ? new Error(`this browser cannot run PDFium (${e.message}); PDF needs Chrome 137, Firefox 131, Safari 18.4 or a later version`)
        : new Error(`PDFium, which reads PDFs, did not come (${e.file}: ${e.message}); give the file again`);
    }
    let e;
    const system = { ...wasi(() => new DataView(e.memory.buffer)), fd_write: () => 52 };
    const imports = { env: {}, wasi_snapshot_preview1: {} };
    for (const { module, name } of WebAssembly.Module.imports(program)) imports[module][name] = system[name] ?? (() => module === 'env' ? 0 : 52); // ENOSYS
    imports.env.emscripten_notify_memory_growth = () => { if (e.memory.buffer.byteLength > mostMemory) throw new Error('it takes more than 1 GiB of memory'); };
    e = (await WebAssembly.instantiate(program, imports)).exports;
    e._initialize();
    e.FPDF_InitLibrary();
    return e;
  })().catch(e => { pdfium = null; throw e; });
}

// readPDF passes the pages of a PDF to files.wasm, and returns its reply. told is called
// after each page.
async function readPDF(p, id, path, file, told) {
  const content = await unpacked(file);
  const e = await startPDFium();
  const about = { title: '', attachments: 0, failed: [], stopped: '', refused: '' };
  try {
    const at = e.malloc(content.length);
    if (!at) throw new Error(`there is no room for its ${content.length} bytes`);
    new Uint8Array(e.memory.buffer, at, content.length).set(content);
    const doc = e.FPDF_LoadMemDocument(at, content.length, 0);
    if (doc) {
      const room = e.malloc(64), pages = e.FPDF_GetPageCount(doc);
      for (let i = 0; i < pages; i++) {
        const page = readPage(e, doc, i, room);
        if (!page) about.failed.push(i + 1);
        ask(p, 'file', page ?? new Uint8Array(8), 'pdf-page/' + path);
        await told(i + 1, pages);
        if (cancelled.has(id)) break;
      }
      about.title = pdfTitle(e, doc);
      about.attachments = e.FPDFDoc_GetAttachmentCount(doc);
      e.free(room);
      e.FPDF_CloseDocument(doc);
    } else {
      about.refused = [4, 5].includes(e.FPDF_GetLastError()) ? 'encrypted' : 'damaged';
    }
    e.free(at);
  } catch (err) {
    if (err instanceof Trap) throw err;
    pdfium = null; // its memory is in an unknown state
    about.stopped = err.message;
  }
  stop(id);
  return ask(p, 'file', new TextEncoder().encode(JSON.stringify(about)), 'pdf/' + path);
}

// unpacked returns a file's bytes, without gzip.
async function unpacked(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const parts = [];
  let size = 0;
  for (const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    if ((size += value.length) > 2 ** 28) throw new Error('gzip: more than 256 MiB unpacked');
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function pdfTitle(e, doc) {
  const tag = e.malloc(8);
  new Uint8Array(e.memory.buffer, tag, 6).set(new TextEncoder().encode('Title\0'));
  const n = Math.min(e.FPDF_GetMetaText(doc, tag, 0, 0), 4096);
  let title = '';
  if (n > 2) {
    const at = e.malloc(n);
    if (e.FPDF_GetMetaText(doc, tag, at, n) <= n) title = new TextDecoder('utf-16le').decode(new Uint8Array(e.memory.buffer, at, n - 2));
    e.free(at);
  }
  e.free(tag);
  return title;
}

// readPage returns a page in the form of pdf.AppendPage, null for one that cannot be read.
// room is memory for results.
function readPage(e, doc, i, room) {
  let page = e.FPDF_LoadPage(doc, i);
  if (!page) return null;
  // What was written into a form, or beside the text, is drawn upon the page.
  if (e.FPDFPage_GetAnnotCount(page) > 0) {
    e.FPDFPage_Flatten(page, 0);
    e.FPDF_ClosePage(page);
    if (!(page = e.FPDF_LoadPage(doc, i))) return null;
  }
  const text = e.FPDFText_LoadPage(page);
  const n = text ? Math.min(Math.max(e.FPDFText_CountChars(text), 0), mostChars) : 0;
  const out = new DataView(new ArrayBuffer(8 + 36 * n));
  out.setFloat32(0, e.FPDF_GetPageHeightF(page), true);
  if (!n) out.setUint32(4, pictures(e, page), true);
  for (let k = 0, at = 8; k < n; k++, at += 36) {
    e.FPDFText_GetCharBox(text, k, room, room + 8, room + 16, room + 24); // left, right, bottom, top
    const flags = room + 32, matrix = room + 40;
    const view = new DataView(e.memory.buffer);
    view.setUint32(flags, 0, true);
    e.FPDFText_GetFontInfo(text, k, 0, 0, flags);
    let size = e.FPDFText_GetFontSize(text, k);
    if (e.FPDFText_GetMatrix(text, k, matrix)) size *= Math.sqrt(view.getFloat32(matrix + 8, true) ** 2 + view.getFloat32(matrix + 12, true) ** 2);
    out.setUint32(at, e.FPDFText_GetUnicode(text, k), true);
    [0, 16, 8, 24].forEach((from, j) => out.setFloat32(at + 4 + 4 * j, view.getFloat64(room + from, true), true));
    out.setFloat32(at + 20, size, true);
    out.setInt32(at + 24, e.FPDFText_GetFontWeight(text, k), true);
    out.setFloat32(at + 28, e.FPDFText_GetCharAngle(text, k), true);
    out.setUint32(at + 32, view.getUint32(flags, true) & 1, true);
  }
  if (text) e.FPDFText_ClosePage(text);
  e.FPDF_ClosePage(page);
  return new Uint8Array(out.buffer);
}

// pictures counts a page's pictures; what is made of very many lines is one, too.
function pictures(e, page) {
  let n = 0, paths = 0;
  for (let i = 0; i < Math.min(e.FPDFPage_CountObjects(page), 1000); i++) {
    const type = e.FPDFPageObj_GetType(e.FPDFPage_GetObject(page, i));
    if (type === 3 || type === 5) n++; // an image, a form
    if (type === 2) paths++;
  }
  return n + (paths > 200 ? 1 : 0);
}
