package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// usual is the file that is read when none is named. It need not be there.
const usual = ".env"

// Load makes a Config of the environment, given as os.Environ returns it, and of
// a file of settings, by default .env. The environment counts more. The error is
// the list of all that is wrong, ready for an operator.
func Load(environ []string, file string) (Config, error) {
	written, err := readFile(file)
	if err != nil {
		return Config{}, err
	}
	values := maps.Clone(written)
	maps.Copy(values, env.ToMap(environ))

	var c Config
	var wrong mistakes
	for _, g := range c.groups() {
		wrong = append(wrong, parse(g, "", values)...)
	}
	wrong.more(c.settle())
	wrong = append(wrong, c.connect(values)...)
	wrong = append(wrong, c.strangers(written, cmp.Or(file, usual))...)
	wrong = append(wrong, c.slips(values, written)...)
	if len(wrong) > 0 {
		return Config{}, wrong
	}
	return c, nil
}

// readFile reads a file of settings.
func readFile(name string) (map[string]string, error) {
	text, err := os.ReadFile(cmp.Or(name, usual))
	if name == "" && errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	values, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return nil, fmt.Errorf("read settings: %s is not understood from line %d on. Write NAME=value, and a value "+
			"with spaces or signs in it as 'value'", cmp.Or(name, usual), brokenLine(string(text)))
	}
	return values, nil
}

// brokenLine is the number of the line from which on text cannot be read. The
// parser does not tell it, and its errors quote the text, which holds secrets.
func brokenLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}
