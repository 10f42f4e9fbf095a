package encoder

// inInt8 returns an error for a dense encoder's file with float weights: the page has no
// code to quantise them, and would download four times the bytes.
func inInt8(file string, _ *config, _ []use, tensor string) ([]byte, error) {
	return nil, &TensorError{file, tensor, "is float; the page takes int8 alone: quantise the folder first (parley quantize)"}
}
