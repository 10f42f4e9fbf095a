package documents

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// maxParts bounds how deeply the parts of a message are nested.
const maxParts = 20

// A message is a header of RFC 5322, and what it is the header of.
type message struct {
	header map[string]string // by names in small letters, decoded; the first of a name counts
	kind   string            // media type
	params map[string]string
	body   []byte
}

// Kinds of text that are for programs, or another form of what is there.
var machineText = map[string]bool{"calendar": true, "vcard": true, "x-vcard": true, "directory": true, "css": true, "javascript": true, "x-amp-html": true, "rfc822-headers": true}

// An emlReader reads a message.
type emlReader struct {
	out  layout
	name string
	left []Note
}

// readEML reads a message: who wrote it when to whom, and its text. Of a text in several
// forms the plain one is read; attachments are named and left out.
func readEML(name string, data []byte) ([]Document, []Note) {
	whole := func(why string) ([]Document, []Note) { return nil, []Note{{File: name, Why: why}} }
	if len(data) == 0 {
		return whole("empty")
	}
	if what := magic(data); what != "" {
		return whole("it begins as " + what + " does, not as a message")
	}
	m := parseMessage(data, "text/plain")
	known := false
	for _, key := range []string{"from", "subject", "date", "mime-version", "content-type", "received", "message-id", "to"} {
		known = known || m.header[key] != ""
	}
	if !known {
		return whole("no message is in it (its first lines are no header)")
	}
	r := &emlReader{name: name}
	title := clean(m.header["subject"])
	r.about(m)
	about := r.out.text.Len()
	r.part(m, 0)
	if r.out.text.Len() == about {
		if title == "" || len(r.left) > 0 {
			return nil, append(r.left, Note{File: name, Why: "no text in the message"})
		}
		r.out.block(title)
	}
	if title == "" {
		title = baseTitle(name)
	}
	return []Document{r.out.document(name, title, "")}, r.left
}

// about writes what the header says of a message.
func (r *emlReader) about(m *message) {
	for _, key := range []string{"From", "To", "Cc", "Date"} {
		if s := clean(m.header[strings.ToLower(key)]); s != "" {
			r.out.line(key + ": " + s)
		}
	}
	r.out.inLines = false
}

func (r *emlReader) note(format string, a ...any) {
	const most = 50
	switch n := len(r.left); {
	case n < most:
		r.left = append(r.left, Note{File: r.name, Why: fmt.Sprintf(format, a...)})
	case n == most:
		r.left = append(r.left, Note{File: r.name, Why: "more parts of it were not read"})
	}
}

// part writes the text of a part of a message.
func (r *emlReader) part(m *message, depth int) {
	if depth > maxParts {
		r.note("a part that is nested very deeply was not read")
		return
	}
	if file, ok := m.attachment(); ok {
		r.note("the attachment %q was not read; save it and add it as a file of its own", file)
		return
	}
	switch {
	case m.kind == "multipart/alternative":
		r.alternative(m, depth)
	case m.kind == "multipart/encrypted", m.kind == "application/pkcs7-mime", m.kind == "application/x-pkcs7-mime":
		r.note("encrypted, or signed in a form that hides its text; save its text from the mail program")
	case strings.HasPrefix(m.kind, "multipart/"):
		usual := "text/plain"
		if m.kind == "multipart/digest" {
			usual = "message/rfc822"
		}
		parts := m.split()
		if len(parts) == 0 && len(bytes.TrimSpace(m.body)) > 0 {
			r.left = append(r.left, Note{File: r.name, Kept: true, Why: "the parts of the message cannot be told apart; it was read as plain text"})
			r.plain(m)
		}
		for _, body := range parts {
			r.part(parseMessage(body, usual), depth+1)
		}
	case m.kind == "message/rfc822", m.kind == "message/global":
		inner := parseMessage(m.decoded(), "text/plain")
		r.out.heading(2, inner.header["subject"], "")
		r.about(inner)
		r.part(inner, depth+1)
	case m.kind == "text/html":
		r.markup(m)
	case strings.HasPrefix(m.kind, "text/") && !machineText[strings.TrimPrefix(m.kind, "text/")]:
		r.plain(m)
	case strings.HasPrefix(m.kind, "image/"), m.kind == "application/pgp-signature", m.kind == "application/pkcs7-signature",
		m.kind == "application/x-pkcs7-signature", m.kind == "application/pgp-keys":
	default:
		r.note("a part of the type %s was not read", m.kind)
	}
}

// alternative writes one of several forms of the same: the plain one, unless it is but a
// word about the other, or else the last that can be read.
func (r *emlReader) alternative(m *message, depth int) {
	var list []*emlReader
	best, plain := -1, false
	for _, body := range m.split() {
		c := parseMessage(body, "text/plain")
		form := &emlReader{name: r.name}
		form.part(c, depth+1)
		list = append(list, form)
		n := form.out.text.Len()
		if n == 0 {
			continue
		}
		if size := 0; best >= 0 {
			size = list[best].out.text.Len()
			if plain && (size >= 200 || n <= 5*size) {
				continue
			}
		}
		best, plain = len(list)-1, c.kind == "text/plain"
	}
	for i, form := range list {
		if i == best {
			r.out.append(&form.out)
		}
		for _, n := range form.left { // attachments are not the same in all
			r.note("%s", n.Why)
		}
	}
}

func (r *emlReader) markup(m *message) {
	src, ok := r.text(m, HTML)
	if !ok {
		return
	}
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		_, src = plain(src)
		r.out.block(src)
		return
	}
	markupInto(&r.out, root, func() {})
}

// text decodes a part's characters.
func (r *emlReader) text(m *message, kind Kind) (string, bool) {
	label := m.params["charset"]
	if e, _ := charset.Lookup(label); e == nil || strings.EqualFold(label, "us-ascii") {
		label = ""
	}
	data := m.decoded()
	if strings.EqualFold(label, "utf-8") && !utf8.Valid(data) {
		label = ""
	}
	text, notes, ok := (&decoder{name: r.name, kind: kind, asked: label}).decode(data)
	if !ok {
		r.note("a part of the type %s is no text, and was not read", m.kind)
	}
	for _, n := range notes {
		if ok && strings.Contains(n.Why, "\uFFFD") {
			n.Line = 0
			r.left = append(r.left, n)
		}
	}
	return text, ok
}

// plain writes plain text. Lines are joined to paragraphs, as the program that sent it
// has wrapped them; the signs before quoted lines go, and those of a signature by PGP.
func (r *emlReader) plain(m *message) {
	text, ok := r.text(m, Text)
	if !ok {
		return
	}
	flowed := strings.EqualFold(m.params["format"], "flowed")
	unspaced := flowed && strings.EqualFold(m.params["delsp"], "yes") // RFC 3676: the space at a line's end is none of the text
	var lines []string
	last, pgp := 0, ""
	flush := func() {
		r.out.block(strings.Join(lines, " "))
		lines = lines[:0]
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch begin := strings.TrimSpace(line); {
		case begin == "-----BEGIN PGP MESSAGE-----":
			r.note("an encrypted part was not read; save its text from the mail program")
			pgp = "-----END PGP MESSAGE-----"
			flush()
		case begin == "-----BEGIN PGP SIGNATURE-----":
			pgp = "-----END PGP SIGNATURE-----"
			flush()
		case begin == "-----BEGIN PGP SIGNED MESSAGE-----" || strings.HasPrefix(begin, "Hash: SHA") && len(lines) == 0:
			continue
		case pgp != "" && begin == pgp:
			pgp = ""
			continue
		}
		if pgp != "" {
			continue
		}
		depth := 0
		for {
			rest := strings.TrimPrefix(line, " ")
			if depth == 0 {
				rest = line
			}
			if !strings.HasPrefix(rest, ">") {
				break
			}
			line = rest[1:]
			depth++
		}
		if depth != last {
			flush()
		}
		last = depth
		if flowed {
			line = strings.TrimPrefix(line, " ")
		}
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		if n := len(lines); unspaced && n > 0 && strings.HasSuffix(lines[n-1], " ") {
			lines[n-1] = strings.TrimSuffix(lines[n-1], " ") + line
			continue
		}
		lines = append(lines, line)
	}
	flush()
}

// attachment gives the name of a part that is a file of its own.
func (m *message) attachment() (name string, ok bool) {
	disposition, params, _ := mime.ParseMediaType(m.header["content-disposition"])
	if name = params["filename"]; name == "" {
		name = m.params["name"]
	}
	name = clean(strings.ToValidUTF8(decodeWords(name), "\uFFFD"))
	switch {
	case m.kind == "message/rfc822", strings.HasSuffix(m.kind, "-signature"), strings.HasSuffix(m.kind, "pkcs7-mime"):
		return "", false // a message that was sent on; what is part of another
	case disposition == "attachment":
	case name == "", strings.HasPrefix(m.kind, "text/"), strings.HasPrefix(m.kind, "multipart/"), strings.HasPrefix(m.kind, "image/"):
		return "", false
	}
	if name == "" {
		name = m.kind
	}
	return name, true
}

// parseMessage cuts the header off. What is no header is all body.
func parseMessage(data []byte, usual string) *message {
	m := &message{header: map[string]string{}, kind: usual}
	var key string
	var value []byte
	set := func() {
		if _, ok := m.header[key]; !ok && key != "" {
			m.header[key] = strings.TrimSpace(string(value))
		}
		key, value = "", nil
	}
	rest := data
	for begin := true; len(rest) > 0; begin = false {
		line, next, _ := cutLine(rest)
		if begin && bytes.HasPrefix(line, []byte("From ")) { // of a mailbox
			rest = next
			continue
		}
		if len(line) == 0 {
			rest = next
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(value) < 1<<16 {
				value = append(append(value, ' '), bytes.TrimSpace(line)...)
			}
			rest = next
			continue
		}
		name, after, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) {
			break
		}
		set()
		key, value = strings.ToLower(string(bytes.TrimSpace(name))), bytes.Clone(after)
		rest = next
	}
	set()
	m.body = rest
	for _, key := range []string{"from", "to", "cc", "date", "subject"} {
		m.header[key] = decodeWords(m.header[key])
	}
	if kind, params, err := mime.ParseMediaType(m.header["content-type"]); (err == nil || kind != "") && strings.Contains(kind, "/") {
		m.kind, m.params = kind, params
	} else if s := strings.ToLower(m.header["content-type"]); s != "" {
		for _, kind := range []string{"text/html", "text/plain"} {
			if strings.HasPrefix(s, kind) {
				m.kind = kind
			}
		}
	}
	return m
}

func isToken(name []byte) bool {
	name = bytes.TrimRight(name, " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

// cutLine cuts the first line off, without its end.
func cutLine(data []byte) (line, rest []byte, ended bool) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return bytes.TrimSuffix(data, []byte("\r")), nil, false
	}
	return bytes.TrimSuffix(data[:i], []byte("\r")), data[i+1:], true
}

// decodeWords reads the encoded words of a header, and bytes that are not UTF-8.
func decodeWords(s string) string {
	if !utf8.ValidString(s) {
		if out, err := lookup(guessCharset([]byte(s))).NewDecoder().String(s); err == nil {
			s = out
		}
	}
	d := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	if out, err := d.DecodeHeader(s); err == nil {
		s = out
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// split gives the parts of a multipart body.
func (m *message) split() (parts [][]byte) {
	boundary := m.params["boundary"]
	if boundary == "" {
		return nil
	}
	mark := []byte("--" + boundary)
	begin, at := -1, 0
	body := m.decoded()
	for at < len(body) {
		line, rest, _ := cutLine(body[at:])
		next := len(body) - len(rest)
		if bytes.HasPrefix(line, mark) {
			after := bytes.TrimRight(line[len(mark):], " \t")
			last := bytes.Equal(after, []byte("--"))
			if last || len(after) == 0 {
				if begin >= 0 {
					end := max(at, begin)
					parts = append(parts, bytes.TrimSuffix(bytes.TrimSuffix(body[begin:end], []byte("\n")), []byte("\r")))
				}
				if begin = next; last {
					return parts
				}
			}
		}
		at = next
	}
	if begin >= 0 && begin < len(body) { // it breaks off
		parts = append(parts, body[begin:])
	}
	return parts
}

// decoded is a part's body without its transfer encoding. Where that is damaged, it is
// what comes before.
func (m *message) decoded() []byte {
	switch strings.ToLower(strings.TrimSpace(m.header["content-transfer-encoding"])) {
	case "base64":
		kept := bytes.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/' {
				return r
			}
			return -1
		}, m.body)
		out := make([]byte, base64.RawStdEncoding.DecodedLen(len(kept)))
		n, _ := base64.RawStdEncoding.Decode(out, kept)
		return out[:n]
	case "quoted-printable":
		out, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(m.body)))
		return out
	}
	return m.body
}
