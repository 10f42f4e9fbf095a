package link

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// Limits. Some mail programs and chats cut off addresses, but only far longer ones than
// the first. The second bounds the memory that opening a link can take.
const (
	MaxFragment = 64 << 10 // bytes of a fragment, "c=" included
	MaxText     = 1 << 20  // bytes of its text
)

// Fragment returns the fragment of the address of a conversation, without "#".
func (c Conversation) Fragment() (string, error) {
	text := c.Text()
	if len(text) > MaxText {
		return "", fmt.Errorf("link: a conversation of %d bytes is longer than %d; save it as a file instead", len(text), MaxText)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("link: %w", err)
	}
	f := "c=" + base64.RawURLEncoding.EncodeToString(b.Bytes())
	if len(f) > MaxFragment {
		return "", fmt.Errorf("link: %d bytes are longer than %d; save the conversation as a file instead", len(f), MaxFragment)
	}
	return f, nil
}

// Open reads the conversation in an address, or in its fragment with or without "#".
func Open(address string) (c Conversation, err error) {
	if _, f, ok := strings.Cut(address, "#"); ok {
		address = f
	}
	if len(address) > MaxFragment {
		return c, fmt.Errorf("link: %d bytes are longer than %d", len(address), MaxFragment)
	}
	data, ok := strings.CutPrefix(address, "c=")
	if !ok {
		return c, fmt.Errorf("link: no conversation in it; wanted an address that ends in #c=...")
	}
	raw, err := base64.RawURLEncoding.DecodeString(data)
	if err != nil {
		return c, fmt.Errorf("link: not base64url: %w; it may have been cut short", err)
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), MaxText+1))
	if err != nil {
		return c, fmt.Errorf("link: after %d bytes of text: %w; it may have been cut short", len(text), err)
	}
	if len(text) > MaxText {
		return c, fmt.Errorf("link: its text is longer than %d bytes", MaxText)
	}
	return Parse(string(text))
}
