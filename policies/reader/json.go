package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonReading reads JSON values one behind the other, as jq and jsonnet print them.
func jsonReading(text []byte) ([]document, error) {
	text = bytes.TrimPrefix(text, mark)
	decoder := json.NewDecoder(bytes.NewReader(text))
	found := []document{}
	for {
		start := int(decoder.InputOffset())
		var value json.RawMessage
		if err := decoder.Decode(&value); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if _, err := checked(value, nil); err != nil {
			return found, err
		}
		if twice := twiceIn(value); twice != nil {
			twice.at += start
			return found, twice
		}
		for start < len(text) && strings.IndexByte(" \t\r\n", text[start]) >= 0 {
			start++
		}
		found = append(found, document{Line: 1 + bytes.Count(text[:start], []byte("\n")), Value: value})
	}
}

// duplicate is a key that stands twice in one map: which value counts depends on who reads.
type duplicate struct {
	at  int
	key string
}

func (d *duplicate) Error() string { return fmt.Sprintf("the key %s is written twice", d.key) }

func twiceIn(text []byte) *duplicate {
	decoder := json.NewDecoder(bytes.NewReader(text))
	type level struct {
		keys    map[string]bool
		awaited bool // a key, not a value
	}
	var levels []level
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		top := len(levels) - 1
		if key, isText := token.(string); isText && top >= 0 && levels[top].keys != nil && levels[top].awaited {
			if levels[top].keys[key] {
				return &duplicate{int(decoder.InputOffset()), key}
			}
			levels[top].keys[key], levels[top].awaited = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{keys: map[string]bool{}, awaited: true})
			continue
		case json.Delim('['):
			levels = append(levels, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:top]
		}
		if top = len(levels) - 1; top >= 0 {
			levels[top].awaited = true
		}
	}
}

// jsonChunks are the texts of JSON values one behind the other; none where there are not several.
func jsonChunks(text []byte) []chunk {
	text = bytes.TrimPrefix(text, mark)
	decoder := json.NewDecoder(bytes.NewReader(text))
	var found []chunk
	for {
		start := int(decoder.InputOffset())
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			if errors.Is(err, io.EOF) && len(found) > 1 {
				return found
			}
			return nil
		}
		start += bytes.IndexByte(text[start:], value[0])
		found = append(found, chunk{1 + bytes.Count(text[:start], []byte("\n")), value})
	}
}
