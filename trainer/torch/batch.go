package torch

import (
	"maps"
	"slices"

	"parley/shared/sparse"
)

// A Batch is B queries with C candidates each; the first candidate is the positive.
// Lists of fewer than C candidates are allowed: what is missing takes no part.
type Batch struct {
	IDs   [][]int32 // [B][T], each of its own length
	Types [][]uint8 // [B][T], or nil: all 0

	// Words [B][N] are the queries' words, and Builds [B] says whether a question builds
	// on what stands behind it: 1, 0, or -1 where that is not known. Either may be nil;
	// they take effect in encoders that have the heads.
	Words  [][]Word
	Builds []float32
	// Dims is the number of dimensions, learned terms and words; 0: the vocabulary's.
	Dims int
	// TeacherWords [B][C] is what the rewrite's words add to the teacher's scores, where
	// WordKLD is used.
	TeacherWords [][]float32

	Docs   [][]uint32        // [B][C] the candidates' numbers, by which a query knows its own in other queries' lists
	Frozen [][]sparse.Vector // [B][C] their vectors, where the document encoder is frozen
	Tokens [][][]int32       // [B][C][T] their tokens, where it trains

	Teacher [][]float32 // [B][C] the teacher's scores
	// LogWeight [B][C], or nil, is log(1/p) of a candidate drawn with probability
	// p: added to the student's and the teacher's scores (over T) alike, it makes
	// the softmax over the sample an estimate of the one over all.
	LogWeight [][]float32
	Query     []sparse.Vector // [B] the teacher's query vectors, where Distance is used
}

// InBatch says which documents of other queries are a query's negatives.
type InBatch string

const (
	InBatchNone      InBatch = "none"
	InBatchPositives InBatch = "positives" // B-1 of them
	InBatchAll       InBatch = "all"       // (B-1) x C
)

// A Loss weighs the terms of
//
//	loss = sum of weight x divergence or distance + sum of lambda x regulariser
//
// A term of weight 0 is not computed. In the formulas s are the student's scores of
// a query's candidates, t the teacher's, p = softmax(t/T), q = softmax(s/T), and
// every term is a mean over the batch's queries.
type Loss struct {
	// KLD is sum_i p_i ln(p_i/q_i) (Lupart et al. 2025, DiSCo, eq. 3).
	KLD float64
	// BKL keeps that of the positives and, for negatives, prefers an even
	// distribution: sum over positives p_i ln(p_i/q_i) + sum over negatives
	// q_i ln q_i. After Yang et al. 2023 (ICTIR, balanced distillation) as it is
	// described; the paper's own equation was not at hand, so it may differ.
	BKL float64
	// GKL weighs each of its summands: (1-q_i)^Gamma for positives, q_i^Gamma for
	// negatives; gradients flow through the weights, too. By the paper's published
	// summary these are the weights of Yang et al. 2024 (SIGIR, CKL, arXiv
	// 2406.05977) where their bias by rank, taken from the negatives' exponent, is 0;
	// the equations themselves were not at hand.
	GKL   float64
	Gamma float64
	// InfoNCE is -ln softmax(s/Tau)_positive over the query's own candidates
	// (where OwnNegatives) and those of others (InBatch) that are not its own.
	InfoNCE      float64
	Tau          float64
	OwnNegatives bool
	InBatch      InBatch
	// MarginMSE is the mean over negatives i of ((s_0-s_i) - (t_0-t_i))^2
	// (Hofstätter et al. 2020).
	MarginMSE float64
	// Distance is |student's query vector - teacher's|^2.
	Distance    float64
	Temperature float64 // T of KLD, BKL and GKL
	// WordKLD is the divergence with words on both sides: p = softmax((t + t')/T),
	// q = softmax((s + s')/T), where t' are Batch.TeacherWords and s' the words' scores;
	// s is taken as it is, so that only the word head learns from it.
	WordKLD float64
	// Words is the cross entropy of the words' standing in the rewrite, its mean over
	// the batch's words; Topic that of the questions' building on what was said, its
	// mean over those where it is known.
	Words, Topic float64

	Query, Doc Regulariser // Doc only where documents train
}

// A Regulariser holds the lambdas of what keeps vectors sparse. w_bj is the weight
// of term j in vector b.
type Regulariser struct {
	FLOPS   float64 // sum_j (mean_b w_bj)^2 (Paria et al. 2020)
	L1      float64 // mean_b sum_j w_bj
	Entropy float64 // mean_b of the entropy of w_b / sum_j w_bj
	// Postings is mean_b sum_j Share_j w_bj, L1 by the postings that a term touches:
	// Share_j is the part of the collection's passages that hold term j. It is the
	// measure FLOPS (package sparse) with weights in place of counts.
	Postings float64
	Share    []float32 // [V], where Postings is not 0
	AntiZero float64   // mean_b 1 / ((sum_j w_bj)^2 + 0.01): keeps vectors from vanishing
}

// Parts are the terms of a step's loss before their weights, by name, "loss" the
// whole, "norm" the gradient's norm before clipping, "l0" the mean number of a
// query's active terms, "doc_l0" of a document's where documents train.
type Parts map[string]float64

// Names lists the parts in the order to show them: the loss first.
func (p Parts) Names() []string {
	names := slices.Sorted(maps.Keys(p))
	if i := slices.Index(names, "loss"); i > 0 {
		names = append([]string{"loss"}, slices.Delete(names, i, i+1)...)
	}
	return names
}
