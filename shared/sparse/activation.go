package sparse

// An Activation counts, over a stream of vectors, how often each term is
// active. Its memory is one count a term of the vocabulary.
type Activation struct {
	active  []uint64 // active[j]: vectors that hold term j
	vectors uint64
	entries uint64
}

// NewActivation counts over a vocabulary of the given size.
func NewActivation(vocab int) *Activation {
	return &Activation{active: make([]uint64, max(vocab, 0))}
}

// Add counts one vector. It keeps nothing of v; terms outside the vocabulary
// are not counted.
func (a *Activation) Add(v Vector) {
	a.vectors++
	for _, t := range v.Terms {
		if uint64(t) < uint64(len(a.active)) {
			a.active[t]++
			a.entries++
		}
	}
}

// Hold says that n of the vectors counted hold a term besides those that Add saw.
func (a *Activation) Hold(term uint32, n int) {
	a.active[term] += uint64(n)
	a.entries += uint64(n)
}

// Merge adds what b counted, as if a had seen b's vectors too. Both must count
// over the same vocabulary.
func (a *Activation) Merge(b *Activation) {
	for j, n := range b.active {
		a.active[j] += n
	}
	a.vectors += b.vectors
	a.entries += b.entries
}

// Vectors is the number of vectors counted.
func (a *Activation) Vectors() int { return int(a.vectors) }

// L0 is the mean number of active terms a vector; 0 where none was counted.
func (a *Activation) L0() float64 {
	if a.vectors == 0 {
		return 0
	}
	return float64(a.entries) / float64(a.vectors)
}

// P is the share of vectors in which the term is active.
func (a *Activation) P(term uint32) float64 {
	if a.vectors == 0 || uint64(term) >= uint64(len(a.active)) {
		return 0
	}
	return float64(a.active[term]) / float64(a.vectors)
}

// FLOPS is the mean number of multiplications that a query costs a document,
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
