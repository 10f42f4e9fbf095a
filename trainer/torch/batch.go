package torch

import (
	"maps"
	"slices"

	"parley/shared/sparse"
)

// A Batch has B queries with C candidates each, of which the first is the positive. A
// list may have fewer than C candidates.
type Batch struct {
	IDs   [][]int32 // [B][T], each of its own length
	Types [][]uint8 // [B][T], or nil: all 0

	// Words [B][N] are the queries' words. Builds [B] says whether a question builds on
	// its history: 1, 0, or -1 if that is not known. Either may be nil. They are only
	// used for encoders with the heads.
	Words  [][]Word
	Builds []float32
	// Dims is the number of dimensions, learned terms and words; 0: the vocabulary's.
	Dims int
	// TeacherWords [B][C] is what the rewrite's words add to the teacher's scores. It
	// is needed for WordKLD.
	TeacherWords [][]float32

	Docs   [][]uint32        // [B][C] the candidates' numbers, which show whether lists have candidates in common
	Frozen [][]sparse.Vector // [B][C] their vectors, if the document encoder is frozen
	Tokens [][][]int32       // [B][C][T] their tokens, if it trains

	Teacher [][]float32 // [B][C] the teacher's scores
	// LogWeight [B][C], or nil, is log(1/p) for a candidate that was drawn with
	// probability p. It is added to the student's scores (over T) and the teacher's, so
	// that the softmax over the sample estimates the one over all.
	LogWeight [][]float32
	Query     []sparse.Vector // [B] the teacher's query vectors, for Distance
}

// An InBatch says which documents of other queries are a query's negatives.
type InBatch string

const (
	InBatchNone      InBatch = "none"
	InBatchPositives InBatch = "positives" // B-1 of them
	InBatchAll       InBatch = "all"       // (B-1) x C
)

// A Loss has the weights of the terms of
//
//	loss = sum of weight x divergence or distance + sum of lambda x regulariser
//
// A term with weight 0 is not computed. In the formulas, s are the student's scores of
// a query's candidates, t the teacher's, p = softmax(t/T), q = softmax(s/T), and every
// term is a mean over the batch's queries.
type Loss struct {
	// KLD is sum_i p_i ln(p_i/q_i) (Lupart et al. 2025, DiSCo, eq. 3).
	KLD float64
	// BKL keeps KLD's summands for the positives and, for negatives, prefers an even
	// distribution: sum over positives p_i ln(p_i/q_i) + sum over negatives q_i ln q_i.
	// It follows the description of Yang et al. 2023 (ICTIR, balanced distillation);
	// the paper's equation was not at hand, so it may differ.
	BKL float64
	// GKL weights each of KLD's summands: by (1-q_i)^Gamma for positives and q_i^Gamma
	// for negatives. Gradients also flow through the weights. By the paper's published
	// summary, these are the weights of Yang et al. 2024 (SIGIR, CKL, arXiv 2406.05977)
	// if their bias by rank, which is subtracted from the negatives' exponent, is 0;
	// the equations themselves were not at hand.
	GKL   float64
	Gamma float64
	// InfoNCE is -ln softmax(s/Tau)_positive over the query's own candidates (if
	// OwnNegatives is true) and those of other queries (InBatch) that are not its own.
	InfoNCE      float64
	Tau          float64
	OwnNegatives bool
	InBatch      InBatch
	// MarginMSE is the mean over negatives i of ((s_0-s_i) - (t_0-t_i))^2 (Hofstätter
	// et al. 2020).
	MarginMSE float64
	// Distance is |student's query vector - teacher's|^2.
	Distance    float64
	Temperature float64 // T of KLD, BKL and GKL
	// WordKLD is the divergence with words on both sides: p = softmax((t + t')/T), q =
	// softmax((s + s')/T), where t' are Batch.TeacherWords and s' the scores of the
	// words. No gradient flows through s, so only the word head learns from it.
	WordKLD float64
	// Words is the cross entropy of whether a word is in the rewrite, its mean over the
	// batch's words. Topic is that of whether a question builds on what was said, its
	// mean over the questions for which that is known.
	Words, Topic float64

	Query, Doc Regulariser // Doc only if documents train
}

// A Regulariser has the lambdas of the terms that keep vectors sparse. w_bj is the
// weight of term j in vector b.
type Regulariser struct {
	FLOPS   float64 // sum_j (mean_b w_bj)^2 (Paria et al. 2020)
	L1      float64 // mean_b sum_j w_bj
	Entropy float64 // mean_b of the entropy of w_b / sum_j w_bj
	// Postings is mean_b sum_j Share_j w_bj: L1 weighted by the postings of a term.
	// Share_j is the share of the collection's passages with term j. This is the
	// measure FLOPS (package sparse) with weights instead of counts.
	Postings float64
	Share    []float32 // [V], needed if Postings is not 0
	AntiZero float64   // mean_b 1 / ((sum_j w_bj)^2 + 0.01): keeps vectors from vanishing
}

// Parts are the terms of a step's loss before their weights, by name. "loss" is the
// whole loss, "norm" the gradient's norm before clipping, "l0" the mean number of a
// query's active terms and, if documents train, "doc_l0" that of a document's.
type Parts map[string]float64

// Names returns the names of the parts in the order in which they are shown, the loss
// first.
func (p Parts) Names() []string {
	names := slices.Sorted(maps.Keys(p))
	if i := slices.Index(names, "loss"); i > 0 {
		names = append([]string{"loss"}, slices.Delete(names, i, i+1)...)
	}
	return names
}
