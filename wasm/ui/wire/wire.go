// Package wire reads and writes the page's messages as JSON. encoding/json does
// the same by reflection, which makes the page's program larger by a seventh;
// the tests hold the two against each other.
package wire

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"parley/shared/message"
)

// Answer reads a message.Answer.
func Answer(body string) (*message.Answer, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	a := &message.Answer{Reply: v.get("reply").int(), Tokens: v.get("tokens").int(), Dropped: v.get("dropped").yes}
	for _, t := range v.get("terms").list {
		a.Terms = append(a.Terms, message.Term{
			Text: t.get("text").text, Weight: float32(t.get("weight").number), Turn: t.get("turn").int(),
			Reply: t.get("reply").yes, Typed: t.get("typed").yes,
		})
	}
	for _, r := range v.get("results").list {
		res := message.Result{
			Doc: uint32(r.get("doc").int()), ID: r.get("id").text, Title: r.get("title").text, Text: r.get("text").text,
			URL: r.get("url").text, Score: float32(r.get("score").number), Quote: r.get("quote").span(),
		}
		for _, m := range r.get("marks").list {
			res.Marks = append(res.Marks, m.span())
		}
		a.Results = append(a.Results, res)
	}
	c := v.get("cost")
	a.Cost = message.Cost{
		EncodeMS: c.get("encode_ms").number, SearchMS: c.get("search_ms").number,
		Lists: c.get("lists").int(), Postings: c.get("postings").int(),
	}
	return a, nil
}

// Ready reads a message.Ready.
func Ready(body string) (*message.Ready, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	return &message.Ready{
		Encoder: v.get("encoder").text, MaxTokens: v.get("max_tokens").int(),
		Collection: v.get("collection").text, Passages: v.get("passages").int(),
		Licence: v.get("licence").text, LicenceURL: v.get("licence_url").text, Attribution: v.get("attribution").text,
		Postings: v.get("postings").int(), SIMD: v.get("simd").yes, Memory: int64(v.get("memory").int()),
	}, nil
}

// Failure reads a message.Failure.
func Failure(body string) (*message.Failure, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	return &message.Failure{Stage: v.get("stage").text, File: v.get("file").text, Message: v.get("message").text}, nil
}

// Ask writes a message.Ask.
func Ask(a message.Ask) string {
	b := []byte(`{"turns":[`)
	for i, t := range a.Turns {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(append(b, `{"question":`...), t.Question)
		if t.Reply != "" {
			b = quote(append(b, `,"reply":`...), t.Reply)
		}
		b = append(b, '}')
	}
	b = strconv.AppendInt(append(b, `],"k":`...), int64(a.K), 10)
	return string(append(b, '}'))
}

// A Pair is two texts.
type Pair [2]string

// Pairs writes pairs as [["a","b"],...].
func Pairs(ps []Pair) string {
	b := []byte{'['}
	for i, p := range ps {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(append(b, '['), p[0])
		b = quote(append(b, ','), p[1])
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// ReadPairs reads what Pairs wrote.
func ReadPairs(body string) ([]Pair, error) {
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	if v.kind != array {
		return nil, errors.New("JSON: not a list")
	}
	var ps []Pair
	for _, p := range v.list {
		if len(p.list) != 2 || p.list[0].kind != str || p.list[1].kind != str {
			return nil, errors.New("JSON: not a pair of texts")
		}
		ps = append(ps, Pair{p.list[0].text, p.list[1].text})
	}
	return ps, nil
}

const hex = "0123456789abcdef"

func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s { // invalid UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

type kind uint8

const (
	null kind = iota
	boolean
	num
	str
	array
	object
)

// A value is a parsed JSON value. What is missing reads as zero.
type value struct {
	kind   kind
	yes    bool
	number float64
	text   string
	list   []value
	keys   []string // of an object; list holds the values
}

func (v value) get(key string) value {
	for i := len(v.keys) - 1; i >= 0; i-- { // of equal keys the last counts
		if v.keys[i] == key {
			return v.list[i]
		}
	}
	return value{}
}

func (v value) int() int {
	if v.number > -1<<53 && v.number < 1<<53 {
		return int(v.number)
	}
	return 0
}

func (v value) span() message.Span {
	if len(v.list) != 2 {
		return message.Span{}
	}
	return message.Span{v.list[0].int(), v.list[1].int()}
}

type parser struct {
	s     string
	at    int
	depth int
}

func parse(s string) (value, error) {
	p := parser{s: s}
	v, ok := p.value()
	if ok {
		p.space()
		ok = p.at == len(p.s)
	}
	if !ok {
		return value{}, errors.New("JSON: broken at byte " + strconv.Itoa(p.at))
	}
	return v, nil
}

func (p *parser) space() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) word(w string) bool {
	if strings.HasPrefix(p.s[p.at:], w) {
		p.at += len(w)
		return true
	}
	return false
}

// next skips white space and takes c, if it is there.
func (p *parser) next(c string) bool {
	p.space()
	return p.word(c)
}

func (p *parser) value() (v value, ok bool) {
	if p.depth++; p.depth > 100 {
		return v, false
	}
	defer func() { p.depth-- }()
	p.space()
	if p.at == len(p.s) {
		return v, false
	}
	switch c := p.s[p.at]; {
	case c == '{':
		return p.items("{", "}", object)
	case c == '[':
		return p.items("[", "]", array)
	case c == '"':
		v.kind = str
		v.text, ok = p.str()
		return v, ok
	case c == '-' || c >= '0' && c <= '9':
		return p.num()
	case p.word("true"):
		return value{kind: boolean, yes: true}, true
	case p.word("false"):
		return value{kind: boolean}, true
	case p.word("null"):
		return v, true
	}
	return v, false
}

func (p *parser) items(open, end string, k kind) (v value, ok bool) {
	v.kind = k
	p.word(open)
	if p.next(end) {
		return v, true
	}
	for {
		if k == object {
			p.space()
			key, ok := p.str()
			if !ok || !p.next(":") {
				return v, false
			}
			v.keys = append(v.keys, key)
		}
		item, ok := p.value()
		if !ok {
			return v, false
		}
		v.list = append(v.list, item)
		if p.next(end) {
			return v, true
		}
		if !p.next(",") {
			return v, false
		}
	}
}

func (p *parser) num() (v value, ok bool) {
	from := p.at
	p.word("-")
	digits := func() bool {
		at := p.at
		for p.at < len(p.s) && p.s[p.at] >= '0' && p.s[p.at] <= '9' {
			p.at++
		}
		return p.at > at
	}
	if !p.word("0") && !digits() {
		return v, false
	}
	if p.word(".") && !digits() {
		return v, false
	}
	if p.word("e") || p.word("E") {
		if !p.word("+") {
			p.word("-")
		}
		if !digits() {
			return v, false
		}
	}
	n, err := strconv.ParseFloat(p.s[from:p.at], 64)
	return value{kind: num, number: n}, err == nil
}

func (p *parser) str() (string, bool) {
	if !p.word(`"`) {
		return "", false
	}
	from := p.at
	for p.at < len(p.s) && p.s[p.at] != '"' && p.s[p.at] != '\\' && p.s[p.at] >= 0x20 {
		p.at++
	}
	if p.at < len(p.s) && p.s[p.at] == '"' {
		p.at++
		return strings.ToValidUTF8(p.s[from:p.at-1], "\uFFFD"), true
	}
	b := []byte(p.s[from:p.at])
	for p.at < len(p.s) {
		c := p.s[p.at]
		switch {
		case c == '"':
			p.at++
			return strings.ToValidUTF8(string(b), "\uFFFD"), true
		case c < 0x20:
			return "", false
		case c != '\\':
			b = append(b, c)
			p.at++
			continue
		}
		p.at++
		if p.at == len(p.s) {
			return "", false
		}
		if i := strings.IndexByte(`"\/bfnrt`, p.s[p.at]); i >= 0 {
			b = append(b, "\"\\/\b\f\n\r\t"[i])
			p.at++
			continue
		}
		r, ok := p.unicode()
		if !ok {
			return "", false
		}
		if utf16.IsSurrogate(r) {
			at := p.at
			r2 := utf8.RuneError
			if p.word(`\`) {
				if r2, ok = p.unicode(); !ok {
					r2 = utf8.RuneError
				}
			}
			if r = utf16.DecodeRune(r, r2); r == utf8.RuneError {
				p.at = at // a lone surrogate; what follows is read by itself
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return "", false
}

// unicode reads uXXXX.
func (p *parser) unicode() (rune, bool) {
	if p.at+5 > len(p.s) || p.s[p.at] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.at+1:p.at+5], 16, 16)
	if err != nil {
		return 0, false
	}
	p.at += 5
	return rune(n), true
}
