package passages

import "strings"

// URL returns the address of a passage by the template Link; "" without a template.
func (a About) URL(p Passage) string {
	if a.Link == "" {
		return ""
	}
	var b strings.Builder
	for rest := a.Link; ; {
		i := strings.IndexByte(rest, '{')
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:i])
		rest = rest[i:]
		if after, ok := strings.CutPrefix(rest, "{title}"); ok {
			escape(&b, p.Title)
			rest = after
		} else if after, ok := strings.CutPrefix(rest, "{id}"); ok {
			escape(&b, p.ID)
			rest = after
		} else {
			b.WriteByte('{')
			rest = rest[1:]
		}
	}
}

// escape writes s as MediaWiki writes a title into a path (wfUrlencode): spaces as
// underscores, and every character that is not plain percent-encoded.
func escape(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.;:@$!*(),/~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
}
