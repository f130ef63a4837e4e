package provider

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// speller draws a configuration in two spellings that mean the same.
type speller struct {
	t               *rapid.T
	said, respelled object
	hollow          []string // groups in which nothing is said but defaults
	means           bool     // something else is
	rewritten       bool     // the spellings differ in what Terraform has to take for a change, see rewrite
	at              string   // of the group that is drawn, for the labels of draws
}

func newSpeller(t *rapid.T, label string) *speller {
	return &speller{t: t, said: object{}, respelled: object{}, at: label}
}

// chance draws whether something happens that does once in n times.
func (s *speller) chance(n int, label string) bool {
	return rapid.IntRange(0, n-1).Draw(s.t, s.at+label+"?") == n-1 // shrinks to false
}

// put says an attribute in two of its spellings; nil leaves it out, so that the
// others are its default.
func (s *speller) put(name string, spellings ...any) {
	s.means = s.means || !slices.Contains(spellings, any(nil))
	for _, to := range []object{s.said, s.respelled} {
		if value := rapid.SampledFrom(spellings).Draw(s.t, s.at+name); value != nil {
			to[name] = value
		}
	}
}

// rewrite says an attribute in spellings that mean the same, and of which a plan
// still changes one into the other: it could not keep the promise to keep it.
func (s *speller) rewrite(name string, spellings ...any) {
	s.put(name, spellings...)
	s.rewritten = true
}

// oneOf puts one of several values, each with its spellings.
func (s *speller) oneOf(name string, values ...[]any) {
	s.put(name, rapid.SampledFrom(values).Draw(s.t, s.at+name+" of")...)
}

// maybe leaves the attribute out as often as it puts one of values.
func (s *speller) maybe(name string, values ...[]any) {
	if s.chance(2, name) {
		s.oneOf(name, values...)
	}
}

// group draws a nested object, in both spellings.
func (s *speller) group(name string, draw func(*speller)) {
	inner := newSpeller(s.t, s.at+name+".")
	draw(inner)
	s.said[name], s.respelled[name] = inner.said, inner.respelled
	s.rewritten = s.rewritten || inner.rewritten
	if !inner.means {
		s.hollow = append(s.hollow, name)
	}
}

// list draws a nested list of up to most objects; the other spelling has another
// order where that means nothing.
func (s *speller) list(name string, most int, ordered bool, draw func(*speller, int)) {
	said, respelled := []any{}, []any{}
	for i := range rapid.IntRange(0, most).Draw(s.t, s.at+name+" length") {
		inner := newSpeller(s.t, fmt.Sprintf("%s%s[%d].", s.at, name, i))
		draw(inner, i)
		said, respelled = append(said, inner.said), append(respelled, inner.respelled)
		s.rewritten = s.rewritten || inner.rewritten
	}
	if !ordered && len(said) > 1 && s.chance(2, name+" reversed") {
		slices.Reverse(respelled)
		s.rewritten = true
	}
	s.said[name], s.respelled[name] = said, respelled
}

// texts are values that have to come through as they are.
var texts = rapid.OneOf(
	rapid.SampledFrom([]string{"", "info", "a=b", " spaced ", "$HOME ${HOME} %s", "two\nlines", `"quoted" \ 'too'`, "tab\there", "é界🙂", "null", "[]"}),
	rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 -_=,;:/\\\"'$%{}[]#&é界\n\t")), 0, 12, -1),
)

// textMap draws a map of texts by some of keys; it may be empty.
func (s *speller) textMap(name string, keys ...string) {
	out := object{}
	for _, key := range keys {
		if s.chance(2, name+" "+key) {
			out[key] = texts.Draw(s.t, s.at+name+" "+key)
		}
	}
	s.put(name, out)
}

// textSet draws some of values, in another order in the other spelling.
func (s *speller) textSet(name string, values ...string) {
	var out []any
	for _, value := range values {
		if s.chance(2, name+" "+value) {
			out = append(out, value)
		}
	}
	reversed := slices.Clone(out)
	slices.Reverse(reversed)
	s.said[name], s.respelled[name] = append([]any{}, out...), append([]any{}, reversed...)
}

// blurred is a configuration in which some values are not known before the apply.
func blurred(t *rapid.T, config object, known ...string) object {
	if rapid.Bool().Draw(t, "all known") {
		return config
	}
	out := object{}
	for _, name := range sortedKeys(config) {
		out[name] = config[name]
		if !slices.Contains(known, name) {
			out[name] = blurredValue(t, name, config[name])
		}
	}
	return out
}

func blurredValue(t *rapid.T, at string, value any) any {
	if rapid.IntRange(0, 7).Draw(t, at+" unknown") == 7 {
		return notYetKnown{}
	}
	switch value := value.(type) {
	case object:
		out := object{}
		for _, name := range sortedKeys(value) {
			out[name] = blurredValue(t, at+"."+name, value[name])
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i := range value {
			out[i] = blurredValue(t, fmt.Sprintf("%s[%d]", at, i), value[i])
		}
		return out
	}
	return value
}

// remembered are both spellings of a configuration as an import can know it:
// whether nothing was said or an empty text, list or map, no engine remembers;
// of a group of defaults it may, as found says.
func (s *speller) remembered(found func(name string) bool) []object {
	var out []object
	for _, config := range []object{s.said, s.respelled} {
		known := object{}
		for name, value := range config {
			if slices.Contains(s.hollow, name) {
				if found(name) {
					known[name] = value
				}
			} else if said, is := s.said[name]; !is || !isEmpty(said) { // the record is of what was said
				known[name] = value
			}
		}
		out = append(out, known)
	}
	return out
}

// nothing is what a step of a workflow is remembered with: no empty groups.
func nothing(string) bool { return false }

func isEmpty(value any) bool {
	switch v := value.(type) {
	case string:
		return v == ""
	case object:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
