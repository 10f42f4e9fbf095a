package index

// Lists returns the number of lists: those of learned terms, then those of words.
func (x *Lexicon) Lists() int { return x.count() }

// Term returns the term of list l.
func (x *Lexicon) Term(l int) uint32 { return x.term(l) }

// Top returns the largest impact in list l.
func (x *Lexicon) Top(l int) byte { return x.top[l] }

// Number returns the number of a term's list, and whether there is one.
func (x *Lexicon) Number(term uint32) (l int, ok bool) { return x.list(term) }
