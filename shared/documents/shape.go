package documents

import (
	"slices"
	"strings"
)

// JSON holds its records in many shapes. What is looked for, in this order: objects that
// have a text of their own; lists of such, in whatever they are wrapped (the answer of
// a search server, a site generator's search index, schema.org's FAQPage); objects whose
// keys are the records' ids; tables as lists of lists, or as columns.

// maxColumns bounds how many names of fields are told apart.
const maxColumns = 500

// Lists of what a document consists of, rather than of documents.
const partNames = " sections section chapters chapter paragraphs parts blocks passages chunks subsections steps "

// shape takes the value of a file that has but one.
func (t *records) shape(v *jsonValue) {
	switch v.kind {
	case '[':
		if t.lists(v) {
			return
		}
		for i := range v.list {
			t.record(&v.list[i], "")
		}
	case '{':
		if t.frame(v) || t.wrapped(v) {
			return
		}
		if t.dictionary(v) {
			return
		}
		if v.get("invertedIndex") != nil || v.get("fieldVectors") != nil || v.get("docnames") != nil && v.get("terms") != nil || v.get("documentIds") != nil && v.get("storedFields") != nil {
			t.note(v.line, "a search index without its texts; take the pages that it was made of")
			return
		}
		if lists := t.alike(v); lists != nil {
			for _, list := range lists {
				for i := range list.list {
					t.add(&list.list[i], "")
				}
			}
			return
		}
		t.record(v, "")
	default:
		t.record(v, "")
	}
}

// lists takes a list of lists as a table.
func (t *records) lists(v *jsonValue) bool {
	for i := range v.list {
		if v.list[i].kind != '[' || len(v.list[i].list) < 2 {
			return false
		}
	}
	if len(v.list) < 1 {
		return false
	}
	var rows []row
	for i := range v.list {
		r := row{line: v.list[i].line}
		for j := range v.list[i].list {
			r.cells = append(r.cells, textOf(&v.list[i].list[j], 0))
		}
		rows = append(rows, r)
	}
	t.table(rows, ", ")
	return true
}

// frame takes a table that is written column by column, as pandas does: {"title":
// {"0": ...}, "text": {"0": ...}}, {"title": [...], "text": [...]}, or {"columns":
// [...], "data": [[...], ...]}.
func (t *records) frame(v *jsonValue) bool {
	if columns, data := v.get("columns"), v.get("data"); columns != nil && data != nil && columns.kind == '[' && data.kind == '[' && len(data.list) > 0 && data.list[0].kind == '[' {
		head := jsonValue{kind: '[', line: columns.line, list: columns.list}
		return t.lists(&jsonValue{kind: '[', list: append([]jsonValue{head}, data.list...)})
	}
	var roles []role
	n := -1
	for i, key := range v.keys {
		item := &v.list[i]
		if len(item.list) == 0 || item.kind != '{' && item.kind != '[' || n >= 0 && len(item.list) != n || item.kind != v.list[0].kind {
			return false
		}
		for j := range item.list {
			if c := item.list[j].kind; c == '{' || c == '[' {
				return false
			}
			if item.kind == '{' && item.keys[j] != v.list[0].keys[j] {
				return false
			}
		}
		n = len(item.list)
		roles = append(roles, roleOf(key).role)
	}
	if len(roles) < 2 || !slices.Contains(roles, bodyRole) && !slices.Contains(roles, answerRole) || n < 2 && v.list[0].kind == '[' {
		return false
	}
	for j := range n {
		record := jsonValue{kind: '{', line: v.list[0].list[j].line, keys: v.keys}
		for i := range v.list {
			record.list = append(record.list, v.list[i].list[j])
		}
		t.add(&record, "")
	}
	return true
}

// wrapped takes the records that an object holds, or the object itself where it is one;
// it reports whether there were any.
func (t *records) wrapped(v *jsonValue) bool {
	if t.recordLike(v) {
		// A text of its own: what is beside it is part of it, or a list of others.
		if len(t.holders(v)) > 0 && !t.hasText(v) && t.inner(v) == nil {
			return t.descend(v)
		}
		t.add(v, "")
		for _, h := range t.holders(v) {
			t.each(h)
		}
		return true
	}
	return t.descend(v)
}

// holders are the lists in an object that hold records, but for those of its parts.
func (t *records) holders(v *jsonValue) (list []*jsonValue) {
	for i, key := range v.keys {
		if item := &v.list[i]; !isPartName(key) && roleOf(key).role == noRole && item.kind == '[' && t.holds(item) {
			list = append(list, item)
		}
	}
	return list
}

func isPartName(key string) bool { return strings.Contains(partNames, " "+strings.ToLower(key)+" ") }

// holds reports whether most items of a list, or values of an object, are records.
func (t *records) holds(v *jsonValue) bool {
	n, all := 0, 0
	for i := range v.list[:min(len(v.list), 50)] {
		if v.list[i].kind != '{' {
			if v.kind == '{' {
				return false
			}
			continue
		}
		all++
		if t.recordLike(&v.list[i]) {
			n++
		}
	}
	return n > 0 && 2*n >= all
}

func (t *records) each(v *jsonValue) {
	for i := range v.list {
		key := ""
		if v.kind == '{' {
			key = v.keys[i]
		}
		t.record(&v.list[i], key)
	}
}

// descend looks for records in what an object or a list holds.
func (t *records) descend(v *jsonValue) bool {
	if v.kind == '{' && v.get("invertedIndex") != nil {
		found := false
		for i, key := range v.keys {
			if key != "invertedIndex" && key != "fieldVectors" && t.descend(&v.list[i]) {
				found = true
			}
		}
		return found
	}
	if (v.kind == '[' || v.kind == '{') && t.holds(v) {
		t.each(v)
		return true
	}
	found := false
	for i := range v.list {
		item := &v.list[i]
		switch item.kind {
		case '{':
			if t.recordLike(item) {
				t.record(item, "")
				found = true
				continue
			}
			found = t.descend(item) || found
		case '[':
			found = t.descend(item) || found
		}
	}
	return found
}

// alike are the longest list of objects in a value, and all others whose objects have
// the same names.
func (t *records) alike(v *jsonValue) (lists []*jsonValue) {
	var best *jsonValue
	var walk func(v *jsonValue, depth int)
	walk = func(v *jsonValue, depth int) {
		switch {
		case v.kind == '[' && len(v.list) > 0 && v.list[0].kind == '{':
			lists = append(lists, v)
			if best == nil || len(v.list) > len(best.list) {
				best = v
			}
		case v.kind == '{' && depth <= 6:
			for i := range v.list {
				walk(&v.list[i], depth+1)
			}
		}
	}
	walk(v, 0)
	return slices.DeleteFunc(lists, func(l *jsonValue) bool {
		same := 0
		for _, key := range l.list[0].keys {
			if best.list[0].get(key) != nil {
				same++
			}
		}
		if l == best || 2*same > max(len(l.list[0].keys), len(best.list[0].keys)) {
			return false
		}
		t.tell(l.line, "a list of records of another kind was not read")
		return true
	})
}

// dictionary takes an object of texts by their titles or questions.
func (t *records) dictionary(v *jsonValue) bool {
	prose := 0
	for i, key := range v.keys {
		if v.list[i].kind != 's' || roleOf(key).role == bodyRole || roleOf(key).role == titleRole {
			return false
		}
		if strings.HasSuffix(strings.TrimSpace(key), "?") || countWords(v.list[i].text) >= 4 {
			prose++
		}
	}
	if len(v.keys) == 0 || 2*prose < len(v.keys) {
		return false
	}
	for i, key := range v.keys {
		t.add(&jsonValue{kind: '{', line: v.list[i].line, keys: []string{"title", "text"}, list: []jsonValue{{kind: 's', text: key}, v.list[i]}}, "")
	}
	return true
}

// hasText reports whether an object has a text that its name tells.
func (t *records) hasText(v *jsonValue) bool {
	for i, key := range v.keys {
		if t.want.Text != "" && strings.EqualFold(key, t.want.Text) {
			return true
		}
		switch roleOf(key).role {
		case bodyRole, answerRole:
			if !isPartName(key) && textual(&v.list[i]) {
				return true
			}
		}
	}
	q, a := v.get("q"), v.get("a")
	return q != nil && a != nil && q.kind == 's' && a.kind == 's' || docusaurus(v)
}

func (t *records) titled(v *jsonValue) bool {
	for i, key := range v.keys {
		switch roleOf(key).role {
		case titleRole, nameRole, questionRole, headingRole:
			if v.list[i].kind == 's' {
				return true
			}
		}
	}
	return false
}

// recordLike reports whether an object is a record: it has a text, or a title and parts,
// or is the envelope of one.
func (t *records) recordLike(v *jsonValue) bool {
	if v.kind != '{' {
		return false
	}
	if t.hasText(v) {
		return true
	}
	if t.titled(v) {
		for i, key := range v.keys {
			if isPartName(key) && v.list[i].kind == '[' && len(v.list[i].list) > 0 {
				return true
			}
		}
	}
	return t.inner(v) != nil
}

// Names of what is around a record: Elasticsearch's _source, GraphQL's node, Strapi's
// attributes and so on.
const envelopes = " _source source fields attributes properties doc document node record payload data item post page entry object "

// inner is the record in an envelope, nil where there is none.
func (t *records) inner(v *jsonValue) *jsonValue {
	for i, key := range v.keys {
		if item := &v.list[i]; item.kind == '{' && strings.Contains(envelopes, " "+strings.ToLower(key)+" ") && t.hasText(item) {
			return item
		}
	}
	return nil
}

// docusaurus reports whether an object is of the index that docusaurus-search-local
// makes, whose names are single letters.
func docusaurus(v *jsonValue) bool {
	return v.get("i") != nil && v.get("t") != nil && v.get("u") != nil
}

// textual reports whether a value has text in it, which numbers alone are not.
func textual(v *jsonValue) bool {
	switch v.kind {
	case 's':
		return true
	case '[', '{':
		return strings.TrimSpace(textOf(v, 0)) != ""
	}
	return false
}

// isBlockType reports whether the type that an editor gives to a piece of text is one of a
// paragraph, rather than of a part of one.
func isBlockType(v *jsonValue) bool {
	if v == nil {
		return false
	}
	low := strings.ToLower(v.text)
	for _, block := range [...]string{"paragraph", "head", "title", "list", "item", "quote", "block", "section", "caption"} {
		if strings.Contains(low, block) {
			return true
		}
	}
	return low == "p" || low == "li" || len(low) == 2 && low[0] == 'h'
}

// wikiMarks stand before headings and items in Wikipedia's pages as KILT has them.
var wikiMarks = strings.NewReplacer("Section::::", "", "BULLET::::- ", "", "BULLET::::-", "")

// textOf is the text in a value: a list's items are paragraphs; of an object, what its
// names say is text, or all of it where it holds nothing but texts.
func textOf(v *jsonValue, depth int) string {
	if depth > 30 {
		return ""
	}
	switch v.kind {
	case 's', 'n':
		return v.text
	case '[':
		var list []string
		inline := true
		for i := range v.list {
			item := &v.list[i]
			if s := textOf(item, depth+1); s != "" {
				if strings.Contains(s, "::::") {
					s = wikiMarks.Replace(s)
				}
				list = append(list, s)
				// Editors keep a paragraph as its pieces.
				inline = inline && item.kind == '{' && item.get("text") != nil && item.get("text").kind == 's' && !isBlockType(item.get("type"))
			}
		}
		if inline {
			return strings.Join(list, "")
		}
		return strings.Join(list, "\n\n")
	case '{':
		var list []string
		for _, name := range []string{"rendered", "plain", "plain_text", "text", "value", "@value", "html", "content", "children", "body", "answer", "paragraphs", "spans"} {
			if item := v.get(name); item != nil {
				if s := textOf(item, depth+1); s != "" {
					list = append(list, s)
					break
				}
			}
		}
		if len(list) == 0 && depth == 0 && v.get("@type") == nil {
			for i := range v.list {
				if v.list[i].kind != 's' {
					return ""
				}
				list = append(list, v.list[i].text)
			}
		}
		return strings.Join(list, "\n\n")
	}
	return ""
}

// record takes a value as one, or the records that it holds, or notes that it is none.
func (t *records) record(v *jsonValue, key string) {
	switch v.kind {
	case '{':
		if t.action(v) {
			return
		}
		held := t.holders(v)
		if !t.recordLike(v) && (!t.titled(v) || len(held) > 0) && t.descend(v) {
			return
		}
		t.add(v, key)
		for _, list := range held {
			t.each(list)
		}
		return
	case 's':
		if key != "" || strings.TrimSpace(v.text) != "" {
			t.add(&jsonValue{kind: '{', line: v.line, keys: []string{"text"}, list: []jsonValue{*v}}, key)
			return
		}
	case '[':
		if t.descend(v) {
			return
		}
	}
	t.note(v.line, "not a JSON object")
}

// action reads a line of Elasticsearch's bulk format that names the record after it.
func (t *records) action(v *jsonValue) bool {
	if len(v.keys) != 1 || v.list[0].kind != '{' || v.keys[0] != "index" && v.keys[0] != "create" {
		return false
	}
	about := &v.list[0]
	for _, key := range about.keys {
		if !strings.HasPrefix(key, "_") && key != "routing" {
			return false
		}
	}
	if id := about.get("_id"); id != nil {
		t.pending = id.text
	}
	return true
}

// add makes a row of an object.
func (t *records) add(v *jsonValue, key string) {
	if v.kind != '{' {
		t.record(v, key)
		return
	}
	r := row{line: v.line, key: key, cols: []int{}}
	if r.key == "" {
		r.key = t.pending
	}
	t.pending = ""
	t.fill(&r, v, 0)
	t.rows = append(t.rows, r)
}

// set gives a row a value, where it has none of that name.
func (t *records) set(r *row, name, text string) {
	c, ok := t.number[name]
	if !ok {
		if len(t.columns) == maxColumns {
			return
		}
		c = len(t.columns)
		t.number[name] = c
		t.columns = append(t.columns, name)
	}
	if slices.Contains(r.cols, c) {
		return
	}
	r.cols = append(r.cols, c)
	r.cells = append(r.cells, text)
}

func (t *records) fill(r *row, v *jsonValue, depth int) {
	if depth > 4 {
		return
	}
	if docusaurus(v) {
		text := v.get("t").text
		if v.get("p") == nil && v.get("s") == nil {
			t.set(r, "title", text)
			return
		}
		if s := v.get("s"); s != nil {
			t.set(r, "title", s.text)
		}
		t.set(r, "text", text)
		t.set(r, "url", v.get("u").text)
		return
	}
	inner := t.inner(v)
	for i, key := range v.keys {
		item := &v.list[i]
		known := roleOf(key).role
		switch item.kind {
		case 's', 'n':
			t.set(r, key, item.text)
		case '[':
			if isPartName(key) && t.partsOf(r, item, 1) {
				continue
			}
			if known != noRole || strings.EqualFold(key, t.want.Text) || strings.EqualFold(key, t.want.Title) {
				t.set(r, key, textOf(item, 0))
			} else if t.untold(key, item) {
				t.tell(item.line, "the field %q was not read", key)
			}
		case '{':
			switch {
			case item == inner:
			case key == "hierarchy": // Algolia's DocSearch
				var levels []string
				for j := range item.list {
					if s := clean(item.list[j].text); s != "" {
						levels = append(levels, s)
					}
				}
				t.set(r, "title", strings.Join(levels, " > "))
			case known != noRole && known != idRole && known != linkRole || strings.EqualFold(key, t.want.Text):
				t.set(r, key, textOf(item, 0))
			case key != "metadata" && key != "meta" && t.untold(key, item):
				t.tell(item.line, "the field %q was not read", key)
			}
		}
	}
	if inner != nil {
		t.fill(r, inner, depth+1)
	}
	// What metadata say counts where the record itself does not.
	for _, name := range []string{"metadata", "meta"} {
		if about := v.get(name); about != nil && about.kind == '{' && about != inner {
			for i, key := range about.keys {
				switch item := &about.list[i]; roleOf(key).role {
				case nameRole:
					if item.kind == 's' && strings.EqualFold(key, "name") {
						t.set(r, key, item.text)
					}
				case titleRole, linkRole, idRole:
					if item.kind == 's' || item.kind == 'n' {
						t.set(r, key, item.text)
					}
				}
			}
		}
	}
}

// untold reports whether a field that nothing tells the use of holds sentences, the first
// time.
func (t *records) untold(key string, v *jsonValue) bool {
	if t.told[key] || len(t.told) > 20 || v.kind == '[' && t.holds(v) || !sentenceIn(v, 0) {
		return false
	}
	t.told[key] = true
	return true
}

// sentenceIn reports whether there is a text of eight words in a value.
func sentenceIn(v *jsonValue, depth int) bool {
	if v.kind == 's' && countWords(v.text) >= 8 {
		return true
	}
	for i := range v.list {
		if depth < 10 && sentenceIn(&v.list[i], depth+1) {
			return true
		}
	}
	return false
}

// partsOf takes a list of sections: objects with a heading and a text, or texts.
func (t *records) partsOf(r *row, v *jsonValue, level int) bool {
	found := false
	for i := range v.list {
		item := &v.list[i]
		switch item.kind {
		case 's':
			r.parts = append(r.parts, section{level: level, text: item.text})
			found = true
		case '{':
			p := section{level: min(level, 6)}
			var deeper *jsonValue
			for j, key := range item.keys {
				sub := &item.list[j]
				if isPartName(key) && sub.kind == '[' {
					deeper = sub
					continue
				}
				switch roleOf(key).role {
				case titleRole, nameRole, headingRole, questionRole:
					if p.head == "" && sub.kind == 's' {
						p.head = sub.text
					}
				case bodyRole, answerRole:
					if s := textOf(sub, 0); s != "" {
						if p.text != "" {
							p.text += "\n\n"
						}
						p.text += s
					}
				}
			}
			if p.head != "" || p.text != "" {
				r.parts = append(r.parts, p)
				found = found || p.text != ""
			}
			if deeper != nil && level < 30 {
				found = t.partsOf(r, deeper, level+1) || found
			}
		}
	}
	return found
}
