// Package pdfium opens PDFs with PDFium, Chromium's reader of them, which comes as
// WebAssembly in the module go-pdfium and runs under wazero: there is nothing to install,
// and a PDF that exploits a fault of PDFium's is confined to the program's own memory. It
// has no files and no network.
//
// The page runs the same program (site/web/pdf.js), so it reads the same text.
package pdfium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	pdfium "github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"parley/shared/pdf"
)

const (
	// maxMemory bounds the memory of a PDF that is being read, in pages of 64 KiB: 1 GiB.
	maxMemory = 1 << 14
	// objectsSeen bounds how many objects of a page are looked at for pictures.
	objectsSeen = 1000
	// manyPaths is how many lines and curves make a drawing, in which letters may be.
	manyPaths = 200
)

// patience bounds the time that opening a file, or reading a page, takes.
var patience = time.Minute

// program compiles PDFium, once; what that takes some seconds to make is kept for the next
// run, where the system has a place for it.
var program = sync.OnceValues(func() (pdfium.Pool, error) {
	runtime := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(maxMemory).
		WithCloseOnContextDone(true)
	if dir, err := os.UserCacheDir(); err == nil {
		if cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(dir, "parley", "pdfium")); err == nil {
			runtime = runtime.WithCompilationCache(cache)
		}
	}
	return webassembly.Init(webassembly.Config{
		Context:       withMemory(context.Background()),
		MaxIdle:       1,
		MaxTotal:      16,
		FSConfig:      wazero.NewFSConfig(),
		Stdout:        io.Discard,
		Stderr:        io.Discard,
		RuntimeConfig: runtime,
	})
})

type file struct {
	instance pdfium.Pdfium
	document references.FPDF_DOCUMENT
	pages    int
	stopped  error
}

// Open opens a PDF. Each has a memory of its own, which Close releases.
func Open(in io.ReadSeeker) (pdf.File, error) {
	size, err := in.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = in.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, errors.New("it is empty")
	}
	p, err := program()
	if err != nil {
		return nil, fmt.Errorf("%w: PDFium does not start: %v", pdf.ErrStopped, err)
	}
	instance, err := p.GetInstance(time.Minute)
	if err != nil {
		return nil, fmt.Errorf("%w: PDFium does not start: %v", pdf.ErrStopped, err)
	}
	f := &file{instance: instance}
	err = f.within(func() error {
		d, err := instance.OpenDocument(&requests.OpenDocument{FileReader: in, FileReaderSize: size})
		if err != nil {
			return err
		}
		f.document = d.Document
		n, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: f.document})
		if err != nil {
			return err
		}
		f.pages = n.PageCount
		return nil
	})
	if err != nil {
		f.Close()
		if errors.Is(err, pdferrors.ErrPassword) || errors.Is(err, pdferrors.ErrSecurity) {
			return nil, pdf.ErrEncrypted
		}
		return nil, err
	}
	return f, nil
}

// within calls f, and stops PDFium where that takes too long. PDFium cannot be used after
// an error that is not one of its own: its memory is in an unknown state.
func (f *file) within(call func() error) error {
	if f.stopped != nil {
		return f.stopped
	}
	timer := time.AfterFunc(patience, func() { f.instance.Kill() })
	err := call()
	late := !timer.Stop()
	switch {
	case late:
		f.stopped = fmt.Errorf("%w: it took longer than %v", pdf.ErrStopped, patience)
	case err != nil && !known(err):
		why, _, _ := strings.Cut(err.Error(), "\n")
		f.stopped = fmt.Errorf("%w: PDFium failed (%s)", pdf.ErrStopped, why)
	default:
		return err
	}
	return f.stopped
}

// known reports whether PDFium itself returned an error.
func known(err error) bool {
	for _, e := range []error{pdferrors.ErrFile, pdferrors.ErrFormat, pdferrors.ErrPassword, pdferrors.ErrSecurity, pdferrors.ErrPage, pdferrors.ErrUnknown} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (f *file) Pages() int { return f.pages }

func (f *file) Title() (title string) {
	f.within(func() error {
		r, err := f.instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: f.document, Tag: "Title"})
		if err == nil {
			title = r.Value
		}
		return err
	})
	return title
}

func (f *file) Attachments() (n int) {
	f.within(func() error {
		r, err := f.instance.FPDFDoc_GetAttachmentCount(&requests.FPDFDoc_GetAttachmentCount{Document: f.document})
		if err == nil {
			n = r.AttachmentCount
		}
		return err
	})
	return n
}

func (f *file) Page(i int) (page pdf.Page, err error) {
	err = f.within(func() error { return f.page(i, &page) })
	return page, err
}

func (f *file) page(i int, out *pdf.Page) error {
	at, err := f.load(i)
	if err != nil {
		return err
	}
	// There is none where the page does not load for the second time.
	defer func() {
		if at.ByReference != nil {
			f.close(at)
		}
	}()
	// What was written into a form, or beside the text, is drawn upon the page.
	if n, err := f.instance.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: at}); err != nil {
		return err
	} else if n.Count > 0 {
		if _, err := f.instance.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: at}); err != nil {
			return err
		}
		f.close(at)
		if at, err = f.load(i); err != nil {
			return err
		}
	}
	height, err := f.instance.FPDF_GetPageHeightF(&requests.FPDF_GetPageHeightF{Page: at})
	if err != nil {
		return err
	}
	out.Height = height.PageHeight
	text, err := f.instance.GetPageTextStructured(&requests.GetPageTextStructured{Page: at, Mode: requests.GetPageTextStructuredModeChars, CollectFontInformation: true})
	if err != nil {
		return err
	}
	if len(text.Chars) > pdf.MaxChars {
		text.Chars = text.Chars[:pdf.MaxChars]
	}
	out.Chars = make([]pdf.Char, len(text.Chars))
	for i, c := range text.Chars {
		r := rune(0)
		for _, r = range c.Text {
		}
		at, font := c.PointPosition, c.FontInformation
		out.Chars[i] = pdf.Char{Rune: r, Left: float32(at.Left), Bottom: float32(at.Bottom), Right: float32(at.Right), Top: float32(at.Top),
			Size: float32(font.RenderedSize), Weight: int32(font.Weight), Angle: float32(c.Angle), Fixed: font.Flags&1 != 0}
	}
	if len(out.Chars) == 0 {
		return f.pictures(at, out)
	}
	return nil
}

func (f *file) load(i int) (requests.Page, error) {
	r, err := f.instance.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.document, Index: i})
	if err != nil {
		return requests.Page{}, err
	}
	return requests.Page{ByReference: &r.Page}, nil
}

func (f *file) close(at requests.Page) {
	f.instance.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: *at.ByReference})
}

// pictures counts a page's pictures. What is made of very many lines is one, too.
func (f *file) pictures(at requests.Page, out *pdf.Page) error {
	n, err := f.instance.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: at})
	if err != nil {
		return err
	}
	paths := 0
	for i := range min(n.Count, objectsSeen) {
		o, err := f.instance.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: at, Index: i})
		if err != nil {
			return err
		}
		t, err := f.instance.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o.PageObject})
		if err != nil {
			return err
		}
		switch t.Type {
		case enums.FPDF_PAGEOBJ_IMAGE, enums.FPDF_PAGEOBJ_FORM:
			out.Pictures++
		case enums.FPDF_PAGEOBJ_PATH:
			paths++
		}
	}
	if paths > manyPaths {
		out.Pictures++
	}
	return nil
}

func (f *file) Close() error { return f.instance.Close() }
