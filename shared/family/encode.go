//go:build !wasip1

// Only the commands encode a list: none of this code is in the page's programs.

package family

import "encoding/json"

// Encode returns the list as JSON for Parse.
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
