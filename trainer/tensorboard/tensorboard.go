// Package tensorboard writes scalars as TensorBoard's event files. `tensorboard
// --logdir runs` draws them.
//
// A file is a sequence of records (TensorFlow's TFRecord). All numbers are
// little-endian:
//
//	length  uint64, of data
//	        uint32, masked CRC-32C of the eight bytes of length
//	data    length bytes, one Event
//	        uint32, masked CRC-32C of data
//
// A CRC is masked because the CRC of bytes that contain CRCs would be problematic:
//
//	masked = (crc >> 15 | crc << 17) + 0xa282ead8
//
// An Event is a protocol buffer (tensorboard/compat/proto/event.proto and
// summary.proto). The fields that are used, by number, in rising order:
//
//	Event    1 wall_time double, seconds since 1970
//	         2 step int64, left out if 0
//	         3 file_version string: "brain.Event:2", only in the first event
//	         5 summary Summary, in all others
//	Summary  1 value Value, repeated
//	Value    1 tag string
//	         2 simple_value float
//
// A field begins with its key, number<<3 | wire type: 0 is a varint, 1 is 8 bytes,
// 2 is a varint length and that many bytes, 5 is 4 bytes.
package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"slices"
)

// A Writer appends events to a file. It is not safe for concurrent use.
type Writer struct {
	f *os.File
	b []byte
}

// Create creates a file, or replaces the one at path. TensorBoard looks for files
// whose names contain "tfevents". wall is the time of the first event, in seconds
// since 1970.
func Create(path string, wall float64) (*Writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := &Writer{f: f}
	version := appendBytes(appendFloat64(nil, 1, wall), 3, []byte("brain.Event:2"))
	if err := w.record(version); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Write adds the values of a step, by tag, as one event. A TensorBoard that is
// running shows them at once. Values become float32. wall is the time in seconds
// since 1970.
func (w *Writer) Write(wall float64, step int64, values map[string]float64) error {
	var summary []byte
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		value := appendBytes(nil, 1, []byte(tag))
		value = binary.AppendUvarint(value, 2<<3|5)
		value = binary.LittleEndian.AppendUint32(value, math.Float32bits(float32(values[tag])))
		summary = appendBytes(summary, 1, value)
	}
	event := appendFloat64(nil, 1, wall)
	if step != 0 {
		event = binary.AppendUvarint(event, 2<<3|0)
		event = binary.AppendUvarint(event, uint64(step))
	}
	return w.record(appendBytes(event, 5, summary))
}

// Close closes the file.
func (w *Writer) Close() error { return w.f.Close() }

// record writes a record in one call, so that a program that is killed loses at most
// its last record.
func (w *Writer) record(data []byte) error {
	w.b = binary.LittleEndian.AppendUint64(w.b[:0], uint64(len(data)))
	w.b = binary.LittleEndian.AppendUint32(w.b, masked(w.b))
	w.b = append(w.b, data...)
	w.b = binary.LittleEndian.AppendUint32(w.b, masked(data))
	_, err := w.f.Write(w.b)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

func appendFloat64(b []byte, number uint64, v float64) []byte {
	b = binary.AppendUvarint(b, number<<3|1)
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

func appendBytes(b []byte, number uint64, v []byte) []byte {
	b = binary.AppendUvarint(b, number<<3|2)
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}
