package encoder

// inInt8 returns an error for a Sentence's file with float weights: the page has no code
// to quantise them, and would download four times the bytes.
func inInt8(_ *config, _ []use, tensor string) (*model, []use, error) {
	return nil, nil, &TensorError{weightsFile, tensor, "is float; the page takes int8 alone: quantise the folder first (parley quantize)"}
}
