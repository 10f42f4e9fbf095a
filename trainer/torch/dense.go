package torch

// A Pooling says how an encoder's last hidden states become a text's vector.
type Pooling string

const (
	PoolCLS  Pooling = "cls"  // the first token's state
	PoolMean Pooling = "mean" // the mean over the tokens
)

// A DenseBatch has B texts for a dense encoder, and the vectors that it should learn.
type DenseBatch struct {
	IDs    [][]int32   // [B][T], each of its own length
	Types  [][]uint8   // [B][T], or nil: all 0
	Target [][]float32 // [B][H] the teacher's vectors of the rewrites, of length 1
	// Docs [B][C] are the candidates' numbers, Passages [B][C][H] their vectors, of length
	// 1, and Teacher [B][C] the teacher's scores, which are cosines. The first candidate
	// is the positive. They are needed if DenseLoss uses candidates; all lists must have
	// C.
	Docs     [][]uint32
	Passages [][][]float32
	Teacher  [][]float32
	// Also are other texts whose vectors the step learns, only by Distance; nil: none.
	// They are passages, whose lengths would make a joint batch mostly padding.
	Also *DenseBatch
}

// A DenseLoss has the weights of the terms of a dense student's loss. q is the student's
// vector, scaled to length 1; the teacher of rewrites and passages is frozen. A term with
// weight 0 is not computed. In the formulas, s are the student's cosines with a question's
// candidates, t the teacher's, and every term is a mean over the batch.
type DenseLoss struct {
	// Distance is |q - teacher's|^2 = 2 - 2 cos (Yu et al. 2021, ConvDR, equation 5: the
	// mean squared error of the two vectors).
	Distance float64
	// KLD is sum_i p_i ln(p_i/q_i) over the candidates, with p = softmax(t/Temperature)
	// and q = softmax(s/Temperature).
	KLD         float64
	Temperature float64
	// InfoNCE is -ln softmax(s/Tau)_positive over a question's own candidates and the
	// positives of the batch's other questions that are not among its own.
	InfoNCE float64
	Tau     float64
}
