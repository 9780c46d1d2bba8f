package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

func limited(from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxMiB<<20+1))
	if err == nil && len(text) > maxMiB<<20 {
		err = fmt.Errorf("the file has more than %d MiB: split it", maxMiB)
	}
	return text, err
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "it may not be read by this user"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
