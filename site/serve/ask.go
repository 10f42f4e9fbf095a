package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"parley/shared/remote"
)

// AskPath is where a page sends vectors, relative to its own folder.
const AskPath = "/ask"

// asking is the number of questions that are with the engine at a time; others wait.
const asking = 16

// Asking returns a handler that answers a page's vectors (shared/remote) by ask, and gives
// all other requests to h. Only the page itself can ask: another origin's page could send
// nothing of this media type without a permission that is never given. A visitor is told no
// more of an error than that the engine failed; log is told it.
func Asking(h http.Handler, ask func(ctx context.Context, question string) ([]byte, error), log func(error)) http.Handler {
	turn := make(chan struct{}, asking)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != AskPath || r.Method != http.MethodPost {
			h.ServeHTTP(w, r)
			return
		}
		for k, v := range headers {
			w.Header().Set(k, v)
		}
		w.Header().Set("Cache-Control", "no-store")
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if site := r.Header.Get("Sec-Fetch-Site"); kind != "application/json" || site != "" && site != "same-origin" {
			http.Error(w, "only this site's page asks here, in JSON", http.StatusForbidden)
			return
		}
		// 4,096 terms take at most 20 bytes each.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 20*remote.MostTerms+1000))
		if err != nil {
			http.Error(w, "the question is too long", http.StatusRequestEntityTooLarge)
			return
		}
		select {
		case turn <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		defer func() { <-turn }()
		answer, err := ask(r.Context(), string(body))
		var bad *BadQuestion
		switch {
		case errors.As(err, &bad):
			http.Error(w, bad.Error(), http.StatusBadRequest)
		case err != nil:
			if r.Context().Err() == nil {
				log(err)
			}
			http.Error(w, "the search engine behind this page cannot answer now; ask again later", http.StatusBadGateway)
		default:
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
			w.Write(answer)
		}
	})
}

// A BadQuestion is the error for a question that is not in the page's form.
type BadQuestion struct{ Err error }

func (b *BadQuestion) Error() string { return b.Err.Error() }
