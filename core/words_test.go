package core

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/usherbot/usher/core/markup"
)

// sentences are the fields of English by name.
func sentences() map[string]markup.Text {
	out, v := map[string]markup.Text{}, reflect.ValueOf(English)
	for i := range v.NumField() {
		out[v.Type().Field(i).Name] = markup.Text(v.Field(i).String())
	}
	return out
}

var verb = regexp.MustCompile(`%[a-z]`)

func TestEnglish(t *testing.T) {
	for name, text := range sentences() {
		var args []any
		for _, v := range verb.FindAllString(string(text), -1) {
			if v == "%d" {
				args = append(args, 7)
			} else {
				args = append(args, "something")
			}
		}
		seen := markup.Visible(markup.F(text, args...))
		if strings.TrimSpace(seen) == "" || strings.Contains(seen, "%!") {
			t.Errorf("%s: got %q, want a sentence", name, seen)
		}
		if strings.ContainsAny(seen, "*`_") {
			t.Errorf("%s: got %q, want no mark without its partner", name, seen)
		}
		if strings.Count(seen, "something") != strings.Count(string(text), "%s") {
			t.Errorf("%s: got %q, want all that it is about", name, seen)
		}
	}
}

// What nobody says is no word of ours.
func TestWordsAreUsed(t *testing.T) {
	said := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && isWords(s.X) {
				said[s.Sel.Name] = true
			}
			return true
		})
	}
	for name := range sentences() {
		if !said[name] {
			t.Errorf("Words.%s is used nowhere", name)
		}
	}
}

// isWords reports whether x is called as Words are called: w, or somebody's
// words.
func isWords(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "w"
	case *ast.SelectorExpr:
		return x.Sel.Name == "words"
	}
	return false
}

func TestOtherWords(t *testing.T) {
	w := English
	w.Ping = "Peng!"
	b := New(Options{Words: &w})
	if b.words.Ping != "Peng!" || English.Ping != "Pong!" {
		t.Errorf("got %q, and %q in English, want Peng! and Pong!", b.words.Ping, English.Ping)
	}
}
