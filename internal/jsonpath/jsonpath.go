package jsonpath

import "encoding/json"

// Path is a query that was understood.
type Path struct {
	text     string
	segments []segment
}

// segment goes one level down: into an object by name or an array by index.
type segment struct {
	name    string
	index   int // from the end when negative
	isIndex bool
}

// String is the query as it was written.
func (p Path) String() string { return p.text }

// Find returns the value that the path names inside of a decoded document (as
// encoding/json decodes into an any), false when there is none.
func (p Path) Find(document any) (value any, ok bool) {
	value = document
	for _, s := range p.segments {
		if value, ok = s.in(value); !ok {
			return nil, false
		}
	}
	return value, true
}

func (s segment) in(value any) (any, bool) {
	if !s.isIndex {
		object, _ := value.(map[string]any)
		member, ok := object[s.name]
		return member, ok
	}
	array, _ := value.([]any)
	i := s.index
	if i < 0 {
		i += len(array)
	}
	if i < 0 || i >= len(array) {
		return nil, false
	}
	return array[i], true
}

// Member is the path of a member of the document's root, spelled as short as it
// can be: for messages that tell what there is.
func Member(name string) string {
	if name != "" && nameLength(name) == len(name) {
		return "$." + name
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string always encodes
	}
	return "$[" + string(quoted) + "]"
}
