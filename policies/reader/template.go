package main

import (
	"bytes"
	"regexp"
)

var (
	whole  = regexp.MustCompile(`(?m)^[ \t]*(?:\{\{[^\n]*?\}\}[ \t]*)+$`)
	inline = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
)

// templateLine is the line (0-based) of the first braces that a program fills in, where the text is readable once they
// are; -1 otherwise. Braces in comments and quoted texts are not the reason why a text cannot be read.
func templateLine(text []byte) int {
	at := bytes.Index(text, []byte("{{"))
	if at < 0 {
		return -1
	}
	filled := inline.ReplaceAll(whole.ReplaceAll(text, nil), []byte("x"))
	if bytes.Equal(filled, text) {
		return -1
	}
	if _, err := valueOf(chunk{1, filled}); err != nil {
		return -1
	}
	return bytes.Count(text[:at], []byte("\n"))
}
