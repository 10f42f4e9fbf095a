//go:build !wasip1

package lift

import (
	"strconv"

	"parley/shared/safetensors"
)

// Encode returns l as a File.
func (l *Lift) Encode() ([]byte, error) {
	return safetensors.Write([]safetensors.Tensor{
		safetensors.FromInt8s("map", l.matrix, 2*l.Dim(), l.Dim()),
		safetensors.FromFloat32s("map.scale", l.scale, 2*l.Dim()),
		safetensors.FromFloat32s("mean", l.mean, l.Dim()),
	}, map[string]string{"weight": strconv.FormatFloat(float64(l.Weight), 'g', -1, 32), "encoder": l.Encoder, "space": l.Space})
}
