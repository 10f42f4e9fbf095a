package sparse

// An Activation counts how often each term is active in a stream of vectors. It
// keeps one count per term of the vocabulary.
type Activation struct {
	active  []uint64 // active[j]: the number of vectors that contain term j
	vectors uint64
	entries uint64
}

// NewActivation returns an empty count over a vocabulary of vocab terms.
func NewActivation(vocab int) *Activation {
	return &Activation{active: make([]uint64, max(vocab, 0))}
}

// Add counts one vector. It keeps no memory of v, and ignores terms outside the
// vocabulary.
func (a *Activation) Add(v Vector) {
	a.vectors++
	for _, t := range v.Terms {
		if uint64(t) < uint64(len(a.active)) {
			a.active[t]++
			a.entries++
		}
	}
}

// Hold adds n to the count of term, for vectors that contain it beside what Add
// saw. It does not change the number of vectors.
func (a *Activation) Hold(term uint32, n int) {
	a.active[term] += uint64(n)
	a.entries += uint64(n)
}

// Merge adds b's counts, as if a had seen b's vectors, too. Both must have
// vocabularies of the same size.
func (a *Activation) Merge(b *Activation) {
	for j, n := range b.active {
		a.active[j] += n
	}
	a.vectors += b.vectors
	a.entries += b.entries
}

// Vectors returns the number of vectors that were counted.
func (a *Activation) Vectors() int { return int(a.vectors) }

// L0 returns the mean number of active terms per vector; 0 if no vector was
// counted.
func (a *Activation) L0() float64 {
	if a.vectors == 0 {
		return 0
	}
	return float64(a.entries) / float64(a.vectors)
}

// P returns the share of vectors, 0 to 1, in which term is active.
func (a *Activation) P(term uint32) float64 {
	if a.vectors == 0 || uint64(term) >= uint64(len(a.active)) {
		return 0
	}
	return float64(a.active[term]) / float64(a.vectors)
}

// FLOPS returns the mean number of multiplications per pair of a query and a
// document,
//
//	FLOPS = sum_j p_q(j) p_d(j),
//
// where p(j) is the share of queries, or of documents, in which term j is
// active (Formal et al., SPLADE, SIGIR 2021, section 4, after Paria et al.,
// ICLR 2020, equation 2).
func FLOPS(queries, docs *Activation) float64 {
	var sum float64
	for j := range min(len(queries.active), len(docs.active)) {
		sum += float64(queries.P(uint32(j)) * docs.P(uint32(j)))
	}
	return sum
}
