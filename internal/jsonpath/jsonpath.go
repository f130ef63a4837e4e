package jsonpath

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/ohler55/ojg/jp"
)

// Path is a query that was understood.
type Path struct {
	text       string
	expression jp.Expr
}

// errSeveral refuses what can name more than one value.
var errSeveral = errors.New("can name several values; write the path of one")

// strayRE finds a root at the end, which the parser overlooks.
var strayRE = regexp.MustCompile(`(^\$|\])[$@]$`)

// overflowRE finds an index of more digits than are read without overflow.
var overflowRE = regexp.MustCompile(`\[\s*-?\d{16,}`)

// Parse reads a query that begins at the root of the document and names one
// value. The error completes `"<query>" …`.
func Parse(text string) (Path, error) {
	switch {
	case !utf8.ValidString(text):
		return Path{}, errors.New("is not valid UTF-8")
	case !strings.HasPrefix(text, "$"):
		return Path{}, errors.New("does not begin with $, the root of the document")
	case strings.HasSuffix(text, "."):
		return Path{}, errors.New("ends with a dot: there is a name missing")
	case strayRE.MatchString(text):
		return Path{}, errors.New("has a $ or @ at its end")
	case overflowRE.MatchString(text):
		return Path{}, errors.New("has an index that no array reaches")
	}
	expression, err := jp.ParseString(text)
	if err != nil {
		return Path{}, fmt.Errorf("cannot be read as JSONPath (%s); names of other than letters, digits and _ are written ['name']", unlocated(err, text))
	}
	for i, fragment := range expression {
		switch fragment.(type) {
		case jp.Root:
			if i > 0 {
				return Path{}, errSeveral // a path inside of a path
			}
		case jp.Child, jp.Nth:
		default:
			return Path{}, errSeveral
		}
	}
	return Path{text: text, expression: expression}, nil
}

// unlocated is a parser's error without the query, which the reader has before
// their eyes.
func unlocated(err error, text string) string {
	return strings.TrimSuffix(err.Error(), " in "+text)
}

// String is the query as it was written.
func (p Path) String() string { return p.text }

// Find returns the value that the path names inside of a decoded document (as
// encoding/json decodes into an any), false when there is none.
func (p Path) Find(document any) (value any, ok bool) {
	found := p.expression.Get(document)
	if len(found) != 1 {
		return nil, false
	}
	return found[0], true
}

// shorthandRE is a name that needs no brackets.
var shorthandRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Member is the path of a member of the document's root, spelled as short as it
// can be: for messages that tell what there is.
func Member(name string) string {
	if shorthandRE.MatchString(name) {
		return "$." + name
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string always encodes
	}
	return "$[" + string(quoted) + "]"
}
