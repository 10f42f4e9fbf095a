//go:build !wasip1

// The page reads what the commands have written: none of this is in its programs.

package family

import "encoding/json"

// Encode writes the list as Parse reads it.
func (f *Family) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	if _, err := Parse(data); err != nil {
		return nil, err
	}
	return data, nil
}
