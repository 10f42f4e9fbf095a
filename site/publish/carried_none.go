//go:build !carried

package publish

// carried is empty in a command that was built without the tag.
var carried []byte
