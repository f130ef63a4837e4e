package jsonpath

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/theory/jsonpath"
)

// Path is a query that was understood.
type Path struct {
	text  string
	query *jsonpath.Path
}

// errSeveral refuses what can name more than one value.
var errSeveral = errors.New("can name several values; write the path of one")

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
	}
	query, err := jsonpath.Parse(text)
	if err != nil {
		return Path{}, fmt.Errorf("cannot be read as JSONPath (%s); a name that has other than letters, digits and _, "+
			"or begins with a digit, is written ['name']", strings.TrimPrefix(err.Error(), jsonpath.ErrPathParse.Error()+": "))
	}
	if query.Query().Singular() == nil {
		return Path{}, errSeveral
	}
	return Path{text: text, query: query}, nil
}

// String is the query as it was written.
func (p Path) String() string { return p.text }

// Find returns the value that the path names inside of a decoded document (as
// encoding/json decodes into an any), false when there is none.
func (p Path) Find(document any) (value any, ok bool) {
	found := p.query.Select(document)
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
