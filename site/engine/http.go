package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A rest is an engine's interface over HTTP.
type rest struct {
	base   string
	client *http.Client
	auth   credentials
	wait   time.Duration // for an answer
	// header sets the engine's own form of a key.
	header func(h http.Header, c credentials)
}

// most is what is read of an answer.
const most = 256 << 20

// call sends a request and reads the answer into out, unless out is nil. Errors are
// *RefusedError or busyError, and hold no credentials.
func (r *rest) call(ctx context.Context, method, path, kind string, body []byte, out any) error {
	limited, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", cmp.Or(kind, "application/json"))
	}
	if r.auth.user != "" || r.auth.password != "" {
		req.SetBasicAuth(r.auth.user, r.auth.password)
	}
	if r.auth.key != "" {
		r.header(req.Header, r.auth)
	}
	res, err := r.client.Do(req)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return busyError{error: fmt.Errorf("it does not answer within %v", r.wait)}
	}
	if err != nil {
		var wrong *url.Error
		if errors.As(err, &wrong) {
			err = wrong.Err // without the address
		}
		return busyError{error: fmt.Errorf("it does not answer: %s", r.auth.hide(err.Error()))}
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return busyError{error: fmt.Errorf("its answer breaks off: %s", r.auth.hide(err.Error()))}
	}
	if res.StatusCode >= 300 {
		return r.refused(res, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return &RefusedError{res.StatusCode, fmt.Sprintf("its answer to %s %s is no JSON of its interface: %.80q", method, path, r.auth.hide(string(data)))}
	}
	return nil
}

func (r *rest) refused(res *http.Response, body []byte) error {
	reason := strings.TrimSpace(r.auth.hide(reasonIn(body)))
	refused := &RefusedError{res.StatusCode, fmt.Sprintf("%s: %.500s", res.Status, reason)}
	switch code := res.StatusCode; {
	case full(reason):
		refused.Reason = fullDisk + refused.Reason
		return refused
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		refused.Reason = fmt.Sprintf("it refuses the credentials (%s); they are read from %s and %s, or %s", res.Status, EnvUser, EnvPassword, EnvKey)
		return refused
	case code < 400:
		refused.Reason = "it sends elsewhere (" + res.Status + "), where credentials are not taken; name the address itself"
		return refused
	case code == http.StatusTooManyRequests || code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return busyError{refused, time.Duration(max(seconds, 0)) * time.Second}
	}
	return refused
}

// full reports whether an engine of Lucene's says that its disk is full; fullDisk is what to
// do then.
func full(reason string) bool {
	return strings.Contains(reason, "flood-stage") || strings.Contains(reason, "read-only-allow-delete")
}

const fullDisk = "its disk is full (beyond the flood stage), so it takes nothing; make room there, remove the block read_only_allow_delete, and run the same command again: "

// reasonIn returns an engine's reason for an error, in the forms that they have.
func reasonIn(body []byte) string {
	var said struct {
		Error   json.RawMessage `json:"error"` // Lucene's: {"type", "reason"}
		Status  json.RawMessage // Qdrant's: {"error"}
		Message string          `json:"message"` // Milvus's
	}
	if json.Unmarshal(body, &said) != nil {
		return string(body)
	}
	var detail struct{ Type, Reason, Error string }
	for _, raw := range []json.RawMessage{said.Error, said.Status} {
		if json.Unmarshal(raw, &detail) == nil && (detail.Reason != "" || detail.Error != "") {
			return strings.TrimPrefix(detail.Type+": ", ": ") + detail.Reason + detail.Error
		}
	}
	return cmp.Or(said.Message, string(body))
}

// missing reports whether an engine said that something is not there.
func missing(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound
}

// hello is how long an engine may take to say what it is.
var hello = 15 * time.Second

// dialHTTP finds out which engine is at an address.
func dialHTTP(ctx context.Context, u *url.URL, name string) (server, error) {
	auth := environment()
	if user := u.User.Username(); user != "" {
		auth.user = user
	}
	u.User = nil
	r := &rest{base: strings.TrimSuffix(u.String(), "/"), auth: auth, wait: hello, client: &http.Client{
		// Credentials go to the given address alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	r.header = func(h http.Header, c credentials) { // none is known yet, and each ignores the other's
		h.Set("Authorization", "ApiKey "+c.key)
		h.Set("api-key", c.key)
	}
	var root struct {
		Title   string `json:"title"`
		Version json.RawMessage
	}
	err := usual.atMost(4).retry(ctx, func() error { return r.call(ctx, "GET", "/", "", nil, &root) })
	r.wait = time.Minute
	var version struct{ Distribution, Number string }
	var text string
	switch {
	case err == nil && json.Unmarshal(root.Version, &version) == nil && version.Number != "":
		return newLucene(r, name, version.Distribution, version.Number)
	case err == nil && strings.Contains(root.Title, "qdrant") && json.Unmarshal(root.Version, &text) == nil:
		return newQdrant(r, name, text)
	}
	// Milvus has no page of its own; what it has is under /v2.
	var refused *RefusedError
	if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusNotFound) {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	m, known := newMilvus(ctx, r, name)
	if known != nil {
		return nil, fmt.Errorf("%s: neither OpenSearch, Elasticsearch and Qdrant nor Milvus answers there: %w", u.Redacted(), known)
	}
	return m, nil
}

// atLeast reports whether a version such as "2.19.6" is at least the wanted one.
func atLeast(version string, wanted ...int) bool {
	parts := strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	for i, w := range wanted {
		if i == len(parts) {
			return false
		}
		if n, _ := strconv.Atoi(parts[i]); n != w {
			return n > w
		}
	}
	return true
}

func tooOld(engine, version, wanted string) error {
	return fmt.Errorf("%s %s: wanted %s or later, which has what sparse vectors need", engine, version, wanted)
}

// marshal is json.Marshal of what cannot fail.
func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
